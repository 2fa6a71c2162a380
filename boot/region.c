/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's region: allocates it, and lays out what the hypervisor finds in it. */
#include "addr.h"
#include "bits.h"
#include "check.h"
#include "config_parse.h"
#include "console.h"
#include "cpu_ops.h"
#include "font.h"
#include "guest_cpuid_build.h"
#include "loader.h"
#include "space.h"
#include "space_abi.h"
#include "start_regs.h"
#include "str.h"
#include "virt_facts.h"

#define MAP_SPARE      64u /* entries by which the firmware's map may grow until the end */
#define TRAMPOLINE_MAX UINT64_C(0xfffff)                 /* start-up IPIs reach the first 1 MiB */
#define PRIVATE_SIZE   (SPACE_PRIVATE_PAGES * PAGE_SIZE) /* of each CPU */

#define MSR_IA32_APIC_BASE 0x1bu
#define APIC_BASE_ADDRESS  PAGETABLE_ADDRESS
#define BYTES_PER_PIXEL    4u
#define MSR_BITMAP_COUNT   2u
#define CPUID_EXT_FEATURES 0x80000001u

/* ap_start.asm: position independent within one page below 1 MiB. */
extern const uint8_t ap_start[];
extern const uint8_t ap_start_end[];
_Static_assert(offsetof(struct boot_cpu_start, stack) == 0 &&
		       offsetof(struct boot_cpu_start, entry) == 8 &&
		       offsetof(struct boot_cpu_start, argument) == 16,
	       "known to ap_start.asm");

/* Offsets of the parts from the start of the region. */
struct layout {
	uint64_t info;
	uint64_t cpus;
	uint64_t cpuid;
	uint64_t images;
	uint64_t font;
	uint64_t memory;
	uint64_t msr_bitmaps;
	uint64_t private_pages;
	uint64_t tables;
	uint64_t end;
	uint32_t memory_capacity;
};

static struct layout make_layout(const struct loader *loader)
{
	struct layout layout = {.info = align_up(loader->elf.image_size, PAGE_SIZE)};

	/* Each descriptor can split a neighbour; region, modules and trampoline add more. */
	layout.memory_capacity =
		(uint32_t)(loader->descriptors_bytes / loader->descriptor_stride) + 2 * MAP_SPARE;
	layout.cpus = align_up(layout.info + sizeof(struct boot_info), 16);
	layout.cpuid = align_up(layout.cpus + loader->cpu_count * sizeof(struct boot_cpu), 64);
	layout.images = layout.cpuid + loader->cpu_count * sizeof(struct guest_cpuid);
	layout.font =
		layout.images + loader->file.config.partition_count * sizeof(struct boot_image);
	layout.memory = align_up(layout.font + sizeof(font_glyphs), 16);
	layout.msr_bitmaps = align_up(
		layout.memory + layout.memory_capacity * sizeof(struct boot_memory), PAGE_SIZE);
	layout.private_pages = layout.msr_bitmaps + MSR_BITMAP_COUNT * BOOT_MSR_BITMAP_SIZE;
	layout.tables = layout.private_pages + loader->cpu_count * PRIVATE_SIZE;
	layout.end = layout.tables + (SPACE_TABLES_MAX + (layout.info >> FRAME_SHIFT)) * PAGE_SIZE;
	return layout;
}

/* As memmap_top() will see it: what becomes free, and what firmware keeps of RAM. */
static uint64_t ram_end(const struct loader *loader)
{
	uint64_t top = 0;

	for (UINTN at = 0; at < loader->descriptors_bytes; at += loader->descriptor_stride) {
		const struct memmap_descriptor *descriptor =
			(const void *)((const char *)loader->descriptors + at);
		uint64_t end = descriptor->physical_start + descriptor->page_count * PAGE_SIZE;

		if (descriptor->type >= EfiLoaderCode && descriptor->type <= EfiACPIMemoryNVS &&
		    descriptor->type != EfiUnusableMemory && end > top) {
			top = end;
		}
	}
	return top;
}

/*
 * Bytes of second-level tables if partitions are mapped by 4 KiB pages. That is the hypervisor's
 * decision (arch_stage2_is_multihit()); here the pool is only made large enough for it.
 */
static uint64_t small_page_tables(const struct loader *loader)
{
	uint64_t frames = 0;

	if (loader->file.config.huge_pages == CONFIG_HUGE_PAGES_ALWAYS ||
	    loader->virt.is_multihit == 0) {
		return 0;
	}
	for (uint32_t i = 0; i < loader->file.config.partition_count; i++) {
		const struct config_partition *partition = &loader->file.config.partitions[i];

		frames += partition->memory >> FRAME_SHIFT;
		frames += (partition->devices & CONFIG_DEVICE_CHANNEL0) != 0;
	}
	return frames * HV_POOL_PER_SMALL_FRAME;
}

static uint64_t pool_size(const struct loader *loader, uint64_t top)
{
	return HV_POOL_BASE + loader->cpu_count * HV_POOL_PER_CPU +
	       loader->file.config.partition_count * HV_POOL_PER_PARTITION +
	       (align_up(top, FRAME_SIZE) >> FRAME_SHIFT) * HV_POOL_PER_FRAME +
	       small_page_tables(loader) + management_tables(loader);
}

/* Virtual address of what lies at an offset in the region. */
static void *in_region(uint64_t offset)
{
	return (void *)(HV_VIRT_BASE + offset);
}

static void copy_lists(const struct loader *loader, const struct layout *layout)
{
	memcpy((void *)(loader->region + layout->cpus), loader->cpus,
	       loader->cpu_count * sizeof(loader->cpus[0]));
	memcpy((void *)(loader->region + layout->font), font_glyphs, sizeof(font_glyphs));
	memcpy((void *)(loader->region + layout->images), loader->images,
	       loader->file.config.partition_count * sizeof(loader->images[0]));
}

static struct cpuid_regs read_cpuid(const void *context, uint32_t leaf, uint32_t subleaf)
{
	(void)context;
	return cpuid_read(leaf, subleaf);
}

static void build_cpuid(const struct loader *loader, const struct layout *layout)
{
	struct guest_cpuid *tables = (struct guest_cpuid *)(loader->region + layout->cpuid);

	for (uint32_t i = 0; i < loader->cpu_count; i++) {
		guest_cpuid_build(&tables[i], read_cpuid, NULL, i + 1);
		guest_cpuid_hide(&tables[i], &loader->virt_plan.features);
		guest_cpuid_time(&tables[i], loader->time.tsc_hz, loader->apic_timer_hz);
	}
}

static void fill_info(struct loader *loader, const struct layout *layout)
{
	struct boot_info *info = (struct boot_info *)(loader->region + layout->info);

	*info = (struct boot_info){
		.magic = BOOT_MAGIC,
		.version = BOOT_VERSION,
		.size = sizeof(*info),
		.region_base = loader->region,
		.region_size = loader->region_size,
		.trampoline = loader->trampoline,
		.rsdp = loader->rsdp,
		.efi_system_table = (uint64_t)loader->system,
		.memory = in_region(layout->memory),
		.cpus = in_region(layout->cpus),
		.guest_cpuid = in_region(layout->cpuid),
		.virt = loader->virt,
		.sipi = start_sipi(cpuid_read(CPUID_FEATURES, 0).eax),
		.images = in_region(layout->images),
		.modules_size = loader->modules_size,
		.cpu_count = loader->cpu_count,
		.framebuffer = loader->framebuffer,
		.time = loader->time,
		.tsc_firmware = loader->tsc_firmware,
	};
	info->virt.msr_bitmaps = in_region(layout->msr_bitmaps);
	info->virt.facts = virt_facts(&loader->virt, &loader->virt_plan,
				      loader->file.config.huge_pages == CONFIG_HUGE_PAGES_ALWAYS);
	msr_pass_fill((uint8_t *)(loader->region + layout->msr_bitmaps),
		      loader->virt_plan.msr_format, loader->virt_plan.msrs);
	memcpy(info->entropy, loader->entropy, sizeof(info->entropy));
	info->config = loader->file.config;
	loader->info = info;
	loader->map = (struct memmap){
		.entries = (struct boot_memory *)(loader->region + layout->memory),
		.capacity = layout->memory_capacity,
	};
}

/* SMEP, SMAP and UMIP where the CPU has them. */
static uint64_t hypervisor_cr4(void)
{
	struct cpuid_regs features = cpuid_read(CPUID_FEATURES, 0);
	struct cpuid_regs extended = {0};
	uint64_t cr4 = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (cpuid_has(CPUID_EXTENDED_FEATURES)) {
		extended = cpuid_read(CPUID_EXTENDED_FEATURES, 0);
	}
	cr4 |= (features.ecx & CPUID_1_ECX_XSAVE) != 0 ? CR4_OSXSAVE : 0;
	cr4 |= (features.edx & CPUID_1_EDX_MCE) != 0 ? CR4_MCE : 0;
	cr4 |= (extended.ebx & CPUID_7_EBX_SMEP) != 0 ? CR4_SMEP : 0;
	cr4 |= (extended.ebx & CPUID_7_EBX_SMAP) != 0 ? CR4_SMAP : 0;
	cr4 |= (extended.ecx & CPUID_7_ECX_UMIP) != 0 ? CR4_UMIP : 0;
	return cr4;
}

/* The xAPIC page is only needed where the hypervisor will not find x2APIC. */
static uint64_t xapic_page(void)
{
	return (cpuid_read(1, 0).ecx & CPUID_1_ECX_X2APIC) != 0
		       ? 0
		       : msr_read(MSR_IA32_APIC_BASE) & APIC_BASE_ADDRESS;
}

/* Modules must be there, the devices may be missing. */
static enum hv_status map_devices(struct loader *loader, const struct layout *layout,
				  struct space *space)
{
	struct boot_info *info = loader->info;
	struct boot_image *images = (struct boot_image *)(loader->region + layout->images);
	struct boot_framebuffer *screen = &info->framebuffer;
	uint64_t shown;

	if (loader->modules_size > 0) {
		info->modules_base = space_map(space, loader->modules_base, loader->modules_size, 0,
					       PAGETABLE_WB);
		if (info->modules_base == 0) {
			return HV_NO_MEMORY;
		}
	}
	for (uint32_t i = 0; i < info->config.partition_count; i++) {
		for (uint32_t j = 0; j < images[i].piece_count; j++) {
			images[i].pieces[j].source += info->modules_base - loader->modules_base;
		}
	}
	if ((info->config.console & CONFIG_CONSOLE_FRAMEBUFFER) == 0 || !font_fits(screen)) {
		screen->base = 0;
		return HV_OK;
	}
	shown = (uint64_t)screen->stride * screen->height * BYTES_PER_PIXEL;
	screen->base = space_map(space, screen->base, shown, PAGETABLE_W, PAGETABLE_WC);
	screen->font = in_region(layout->font);
	return HV_OK;
}

/* The page that other CPUs start on; its last two words are parameters. */
static void fill_trampoline(const struct loader *loader, uint64_t root)
{
	size_t size = (size_t)(ap_start_end - ap_start);
	uint64_t parameters[] = {
		root,
		HV_VIRT_BASE + ((uint64_t)&loader->info->cpu_start - loader->region),
	};

	CHECK(size <= PAGE_SIZE / 2 && root <= UINT32_MAX);
	memcpy((void *)loader->trampoline, ap_start, size);
	memcpy((void *)(loader->trampoline + size - sizeof(parameters)), parameters,
	       sizeof(parameters));
}

/* Last: what the tables have used of the room for them ends what is not pool. */
static enum hv_status build_space(struct loader *loader, const struct layout *layout)
{
	struct space space = {
		.image = &loader->elf,
		.region = loader->region,
		.region_size = loader->region_size,
		.private_pages = loader->region + layout->private_pages,
		.cpu_count = loader->cpu_count,
		.trampoline = loader->trampoline,
		.xapic = xapic_page(),
		.pool = {loader->region + layout->tables, loader->region + layout->end},
	};
	uint64_t cr3;

	memset((void *)space.private_pages, 0, loader->cpu_count * PRIVATE_SIZE);
	loader->handoff_root = pagetable_new(&space.pool);
	if (loader->region_size > SPACE_REGION_MAX || space_build(&space) != HV_OK ||
	    map_devices(loader, layout, &space) != HV_OK) {
		console_print("bulkhead: the hypervisor's region or the kernels and initrds are "
			      "too large for its address space");
		return HV_NO_MEMORY;
	}
	/* Below its last entry everything stays the firmware's own. */
	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	memcpy(loader->handoff_root, (const void *)(cr3 & PAGETABLE_ADDRESS), PAGE_SIZE);
	space_join(&space, loader->handoff_root);
	loader->info->root = (uint64_t)space.root;
	loader->info->cr4 = hypervisor_cr4();
	loader->info->start_root = (uint64_t)space.start_root;
	fill_trampoline(loader, (uint64_t)space.start_root);
	loader->info->windows = in_region((uint64_t)space.windows - loader->region);
	loader->info->region_used = space.pool.next - loader->region;
	return HV_OK;
}

static enum hv_status check_paging(void)
{
	uint64_t cr4;

	if (!cpuid_has(CPUID_EXT_FEATURES) ||
	    (cpuid_read(CPUID_EXT_FEATURES, 0).edx & CPUID_EXT1_EDX_NX) == 0) {
		console_print("bulkhead: the CPU has no NX (\"execute disable\"); switch it on in "
			      "the firmware's setup");
		return HV_UNSUPPORTED;
	}

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	if ((cr4 & CR4_LA57) != 0) {
		console_print(
			"bulkhead: the firmware runs with 5-level paging (CR4.LA57); switch it "
			"off in its setup");
		return HV_UNSUPPORTED;
	}
	return HV_OK;
}

/* Too little RAM or too few CPUs; the numbers are those the hypervisor will find. */
static enum hv_status check_machine(struct loader *loader)
{
	struct config_error error;

	if (region_read_map(loader) != HV_OK) {
		return HV_INVALID;
	}
	if (config_check_machine(&loader->file, loader->cpu_count,
				 memmap_free_frames(&loader->map) + loader->identity_size,
				 &error) != HV_OK) {
		config_complain(loader, error.line, error.message);
		return HV_INVALID;
	}
	return HV_OK;
}

static enum hv_status allocate_trampoline(struct loader *loader)
{
	EFI_PHYSICAL_ADDRESS page = TRAMPOLINE_MAX;

	if (EFI_ERROR(
		    loader->services->AllocatePages(AllocateMaxAddress, EfiLoaderCode, 1, &page))) {
		return HV_NO_MEMORY;
	}
	loader->trampoline = page;
	return HV_OK;
}

enum hv_status region_allocate(struct loader *loader)
{
	struct layout layout;

	if (check_paging() != HV_OK || leave_map(loader) != HV_OK) {
		return HV_UNSUPPORTED;
	}
	layout = make_layout(loader);
	loader->region_size =
		align_up(layout.end + pool_size(loader, ram_end(loader)), HV_REGION_ALIGN);
	if (leave_allocate(loader, loader->region_size, HV_REGION_ALIGN, EfiLoaderCode,
			   &loader->region) != HV_OK ||
	    allocate_trampoline(loader) != HV_OK) {
		console_print("bulkhead: the hypervisor needs %lu MiB in one piece and one page "
			      "below 1 MiB; the firmware has not that much",
			      loader->region_size >> 20);
		return HV_NO_MEMORY;
	}
	elf_load_copy(&loader->elf, loader->hypervisor, (void *)loader->region);
	copy_lists(loader, &layout);
	build_cpuid(loader, &layout);
	fill_info(loader, &layout);
	if (check_machine(loader) != HV_OK) {
		return HV_INVALID;
	}
	acpi_read(loader);
	if (management_check(loader) != HV_OK) {
		return HV_UNSUPPORTED;
	}
	return build_space(loader, &layout);
}

enum hv_status region_read_map(struct loader *loader)
{
	struct memmap *map = &loader->map;

	map->count = 0;
	if (memmap_from_efi(map, loader->descriptors, loader->descriptors_bytes,
			    loader->descriptor_stride) != HV_OK ||
	    memmap_claim(map, loader->region, loader->region_size, BOOT_MEMORY_HYPERVISOR) !=
		    HV_OK ||
	    memmap_claim(map, loader->passthrough.identity_base, loader->identity_size,
			 BOOT_MEMORY_IDENTITY) != HV_OK ||
	    memmap_claim(map, loader->trampoline, PAGE_SIZE, BOOT_MEMORY_HYPERVISOR) != HV_OK ||
	    (loader->modules_size > 0 &&
	     memmap_claim(map, loader->modules_base, loader->modules_size + loader->disks_size,
			  BOOT_MEMORY_MODULES) != HV_OK)) {
		console_print_uart("bulkhead: the firmware's memory map is malformed or too long");
		return HV_INVALID;
	}
	loader->info->memory_count = map->count;
	return HV_OK;
}
