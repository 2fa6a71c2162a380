/* SPDX-License-Identifier: Apache-2.0 */
/* In the hypervisor's place: checks and prints what the loader hands over, then ends the emulator.
 */
#include "boot_abi.h"
#include "cpuid_abi.h"
#include "fmt.h"
#include "hypercall_abi.h"
#include "space_abi.h"

#define UART_BASE              0x3f8
#define UART_LINE_STATUS       5
#define UART_TRANSMITTER_EMPTY 0x20
#define DISK_SECTOR            512
#define CMDLINE_AT             0x3000 /* IMAGE_CMDLINE of boot/image.h */

/* SDM 3A, "4-Level Paging and 5-Level Paging". */
#define ENTRY_PRESENT    UINT64_C(1)
#define ENTRY_WRITABLE   UINT64_C(2)
#define ENTRY_LARGE      UINT64_C(0x80)
#define ENTRY_NO_EXECUTE (UINT64_C(1) << 63)
#define ENTRY_ADDRESS    UINT64_C(0x000ffffffffff000)
#define ENTRY_ACCESS     (ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_NO_EXECUTE)

/* Called by the loader. */
void print_info_main(const struct boot_info *info);

static void port_write(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t port_read(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void put(char c)
{
	while ((port_read(UART_BASE + UART_LINE_STATUS) & UART_TRANSMITTER_EMPTY) == 0) {
		__asm__ volatile("pause");
	}
	port_write(UART_BASE, (uint8_t)c);
}

__attribute__((format(printf, 1, 2))) static void print(const char *format, ...)
{
	char line[200];
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = fmt_format(line, sizeof(line), format, arguments);
	va_end(arguments);
	for (size_t i = 0; i < length; i++) {
		put(line[i]);
	}
	put('\r');
	put('\n');
}

static void print_piece(const struct boot_info *info, uint32_t image,
			const struct boot_piece *piece)
{
	uint32_t sum = 0;

	for (uint64_t at = 0; at < piece->size; at++) {
		sum = sum * 31 + ((const uint8_t *)piece->source)[at];
	}
	print("piece of image %u to %lx, %lu bytes, sum %08x", image, piece->guest, piece->size,
	      sum);
	if (piece->source < info->modules_base ||
	    piece->source + piece->size > info->modules_base + info->modules_size) {
		print("FAIL: a piece lies outside the modules");
	}
}

/* The table of n vCPUs is the n-th, and says so. */
static void print_cpuid(const struct boot_info *info)
{
	const struct guest_cpuid *tables = info->guest_cpuid;

	print("cpuid tables %lx, %u bytes each, %u basic leaves", (uint64_t)tables,
	      (unsigned int)sizeof(*tables), tables[0].basic_max + 1);
	if ((uint64_t)tables < HV_VIRT_BASE ||
	    (uint64_t)&tables[info->cpu_count] > HV_VIRT_BASE + info->region_used) {
		print("FAIL: the CPUID tables lie outside the boot data");
	}
	for (uint32_t i = 0; i < info->cpu_count; i++) {
		uint32_t count = 0;

		for (uint32_t j = 0; j < tables[i].subleaf_count; j++) {
			const struct cpuid_subleaf *subleaf = &tables[i].subleaf[j];

			count = subleaf->leaf == HYPERCALL_CPUID_BASE + 1 ? subleaf->regs.ecx
									  : count;
		}
		if (count != i + 1 || tables[i].basic[0].eax != tables[i].basic_max) {
			print("FAIL: CPUID table %u is of %u vCPUs", i, count);
		}
	}
}

static void print_disk(const struct boot_info *info, uint32_t image)
{
	const struct boot_image *images = info->images;
	const struct boot_memory *memory = info->memory;
	uint64_t base = images[image].disk_base;
	uint64_t end = base + images[image].disk_sectors * DISK_SECTOR;
	bool is_kept = false;

	if (images[image].disk_sectors == 0) {
		return;
	}
	print("disk of image %u, %lu sectors, starts with %.8s", image, images[image].disk_sectors,
	      (const char *)base); /* the firmware's identity map is still there */
	for (uint32_t i = 0; i < info->memory_count; i++) {
		is_kept |= memory[i].type == BOOT_MEMORY_MODULES && base >= memory[i].base &&
			   end <= memory[i].base + memory[i].size;
	}
	if (!is_kept || base % PAGE_SIZE != 0) {
		print("FAIL: the disk at %lx is not kept", base);
	}
	for (uint32_t i = 0; i < image; i++) {
		if (images[i].disk_base < end &&
		    base < images[i].disk_base + images[i].disk_sectors * DISK_SECTOR) {
			print("FAIL: disks %u and %u overlap", i, image);
		}
	}
}

static void print_lists(const struct boot_info *info)
{
	const struct boot_memory *memory = info->memory;
	const struct boot_cpu *cpus = info->cpus;
	const struct boot_image *images = info->images;

	for (uint32_t i = 0; i < info->memory_count; i++) {
		print("memory %016lx-%016lx type %u", memory[i].base,
		      memory[i].base + memory[i].size, memory[i].type);
		if (i > 0 && memory[i].base < memory[i - 1].base + memory[i - 1].size) {
			print("FAIL: memory is not sorted");
		}
	}
	for (uint32_t i = 0; i < info->cpu_count; i++) {
		print("cpu %u apic %u boot %u", i, cpus[i].apic_id, cpus[i].is_boot_cpu);
	}
	for (uint32_t i = 0; i < info->config.partition_count; i++) {
		print("image %u starts at %lx, cr0 %lx", i, images[i].start.rip,
		      images[i].start.cr0);
		for (uint32_t j = 0; j < images[i].piece_count; j++) {
			print_piece(info, i, &images[i].pieces[j]);
		}
		print_disk(info, i);
	}
}

/* The command line as the guest will find it; "" where no piece holds it. */
static const char *cmdline_of(const struct boot_image *image)
{
	for (uint32_t i = 0; i < image->piece_count; i++) {
		const struct boot_piece *piece = &image->pieces[i];

		if (CMDLINE_AT - piece->guest < piece->size) {
			return (const char *)(piece->source + CMDLINE_AT - piece->guest);
		}
	}
	return "";
}

/* "kernel" is where the first piece comes from: the same for partitions with the same kernel. */
static void print_config(const struct boot_info *info)
{
	const struct boot_image *images = info->images;

	for (uint32_t i = 0; i < info->config.partition_count; i++) {
		const struct config_partition *partition = &info->config.partitions[i];

		print("partition %s cpus %lx memory %lu MiB kernel +%lx pieces %u cmdline \"%s\"",
		      partition->name, partition->cpus, partition->memory >> 20,
		      images[i].pieces[0].source - info->modules_base, images[i].piece_count,
		      cmdline_of(&images[i]));
	}
}

/* The entry that maps an address; the hypervisor's tables lie in its region. */
static uint64_t leaf_of(const struct boot_info *info, uint64_t root, uint64_t address)
{
	for (uint32_t level = 4; level > 0; level--) {
		uint64_t offset = (root & ENTRY_ADDRESS) - info->region_base;
		const uint64_t *table = (const uint64_t *)(HV_VIRT_BASE + offset);

		if (offset >= info->region_used) {
			print("FAIL: a page table at %lx lies outside the boot data", root);
			return 0;
		}
		root = table[address >> (12 + 9 * (level - 1)) & 511];
		if ((root & ENTRY_PRESENT) == 0 || (level < 4 && (root & ENTRY_LARGE) != 0)) {
			break;
		}
	}
	return root;
}

static void check_leaf(const struct boot_info *info, uint64_t root, uint64_t address,
		       uint64_t wanted)
{
	uint64_t entry = leaf_of(info, root, address);

	if ((entry & ENTRY_ACCESS) != wanted) {
		print("FAIL: the entry of %lx is %lx", address, entry);
	}
}

/* Code, data, stack, guard page, modules, trampoline; windows closed. */
static void check_space(const struct boot_info *info)
{
	uint64_t data = ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_NO_EXECUTE;
	uint64_t top = space_stack_top(info->cpu_count - 1);
	uint64_t last = HV_VIRT_BASE + info->region_size - PAGE_SIZE;

	print("root %lx start root %lx stack %lx", info->root, info->start_root, (uint64_t)&data);
	if ((uint64_t)&data >= space_stack_top(0) ||
	    (uint64_t)&data < space_stack_top(0) - SPACE_STACK_PAGES * PAGE_SIZE) {
		print("FAIL: this is not the stack of CPU 0");
	}
	check_leaf(info, info->root, (uint64_t)print_info_main, ENTRY_PRESENT);
	check_leaf(info, info->root, (uint64_t)info, data);
	check_leaf(info, info->root, last, data);
	check_leaf(info, info->root, last + PAGE_SIZE, 0);
	check_leaf(info, info->root, top - 1, data);
	check_leaf(info, info->root, top - SPACE_STACK_PAGES * PAGE_SIZE - 1, 0);
	check_leaf(info, info->root, space_tables(info->cpu_count - 1), data);
	check_leaf(info, info->root, space_slot_page(info->cpu_count, 1), 0);
	check_leaf(info, info->root, info->modules_base, ENTRY_PRESENT | ENTRY_NO_EXECUTE);
	check_leaf(info, info->root, info->modules_base + info->modules_size, 0); /* disks */
	check_leaf(info, info->root, info->trampoline, 0);
	check_leaf(info, info->start_root, info->trampoline, ENTRY_PRESENT);
	check_leaf(info, info->start_root, (uint64_t)info, data);
	for (uint32_t i = 0; i < CONFIG_CPU_MAX * SPACE_WINDOW_SLOTS; i++) {
		if (info->windows[i] != 0) {
			print("FAIL: window %u is open", i);
		}
	}
}

static void print_scalars(const struct boot_info *info)
{
	print("boot_info version %u size %u (here %lu)", info->version, info->size, sizeof(*info));
	print("region %lx + %lx, used %lx", info->region_base, info->region_size,
	      info->region_used);
	print("trampoline %lx rsdp %lx efi %lx", info->trampoline, info->rsdp,
	      info->efi_system_table);
	print("framebuffer %lx %ux%u stride %u", info->framebuffer.base, info->framebuffer.width,
	      info->framebuffer.height, info->framebuffer.stride);
	print("time %lu at %lu, tsc %lu Hz", info->time.unix_seconds, info->time.tsc,
	      info->time.tsc_hz);
	print("tsc firmware %lu handoff %lu", info->tsc_firmware, info->tsc_handoff);
	print("entropy %02x%02x%02x%02x", info->entropy[0], info->entropy[1], info->entropy[2],
	      info->entropy[3]);
}

void print_info_main(const struct boot_info *info)
{
	if (info->magic != BOOT_MAGIC) {
		print("FAIL: no magic");
	}
	print_scalars(info);
	print_lists(info);
	print_cpuid(info);
	print_config(info);
	check_space(info);
	print("print_info: done");
	port_write(0xf4, 0x10);
	for (const char *at = "Shutdown"; *at != '\0'; at++) {
		port_write(0x8900, (uint8_t)*at);
	}
	for (;;) {
		__asm__ volatile("cli; hlt");
	}
}
