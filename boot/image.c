/* SPDX-License-Identifier: Apache-2.0 */
/* What every boot protocol shares: segments, initrd, command line, tables. */
#include "image.h"

#include "addr.h"
#include "bits.h"
#include "fmt.h"
#include "guest_acpi.h"
#include "guest_pci.h"
#include "str.h"

#define MIB          (UINT64_C(1) << 20)
#define CMDLINE_ROOM 4095u

static char reason[160];

/* Linux shall leave devices where they are, and give addresses to none that has none. */
#define CMDLINE_REAL_PCI " pci=nocrs,norom,nobar"

/* The end of the RAM that kernel and initrd lie in. */
static uint64_t low_ram(const struct image_work *work)
{
	const struct image_input *input = work->input;

	return input->identity_base != 0 ? input->identity_base + input->memory_size - FRAME_SIZE
					 : min_u64(input->memory_size, PLATFORM_RAM_LOW_LIMIT);
}

uint32_t image_memory_map(const struct image_work *work, struct image_map_entry map[IMAGE_MAP_MAX])
{
	uint64_t low = low_ram(work);
	uint32_t count = 0;

	map[count++] = (struct image_map_entry){0, IMAGE_BASE_MEMORY_END, IMAGE_MAP_RAM};
	map[count++] = (struct image_map_entry){IMAGE_ACPI, IMAGE_ACPI_RESERVED, IMAGE_MAP_ACPI};
	if (work->input->identity_base != 0) {
		map[count++] =
			(struct image_map_entry){work->input->identity_base,
						 low - work->input->identity_base, IMAGE_MAP_RAM};
		return count;
	}
	map[count++] = (struct image_map_entry){MIB, low - MIB, IMAGE_MAP_RAM};
	if (work->input->memory_size > low) {
		map[count++] = (struct image_map_entry){
			PLATFORM_RAM_HIGH_BASE, work->input->memory_size - low, IMAGE_MAP_RAM};
	}
	return count;
}

void *image_low(const struct image_work *work, uint64_t guest)
{
	return work->input->blob + (guest - IMAGE_LOW);
}

static void add_piece(struct image_work *work, uint64_t source, uint64_t size, uint64_t guest)
{
	if (size > 0) {
		work->image->pieces[work->image->piece_count++] =
			(struct boot_piece){.source = source, .size = size, .guest = guest};
	}
}

static uint64_t in_mib(uint64_t bytes)
{
	return (bytes + MIB - 1) / MIB;
}

static enum hv_status refuse(const char **why)
{
	*why = reason;
	return HV_NO_MEMORY;
}

/* Where the kernel's memory ends: Linux unpacks itself behind its image. */
static uint64_t kernel_end(const struct kernel_image *kernel)
{
	return align_up(kernel->kind == KERNEL_LINUX ? kernel->start + kernel->linux_image.init_size
						     : kernel->end,
			PAGE_SIZE);
}

/* Linux runs at any aligned address from its preferred one on. */
static enum hv_status move_kernel(struct image_work *work, const char **why)
{
	struct kernel_image *kernel = &work->kernel;
	uint64_t start;

	if (work->input->identity_base == 0) {
		return HV_OK;
	}
	if (kernel->kind != KERNEL_LINUX || !kernel->linux_image.is_relocatable) {
		*why = "is no relocatable Linux kernel, which alone can be the management "
		       "partition's";
		return HV_INVALID;
	}
	start = align_up(max_u64(work->input->identity_base, kernel->start),
			 kernel->linux_image.kernel_alignment);
	kernel->segments[0].address = start;
	kernel->start = start;
	return HV_OK;
}

static enum hv_status place_kernel(struct image_work *work, const char **why)
{
	const struct kernel_image *kernel = &work->kernel;

	if (kernel->start < IMAGE_LOW_END) {
		fmt_print(reason, sizeof(reason), "is linked at 0x%llx, below 0x%llx",
			  (unsigned long long)kernel->start, (unsigned long long)IMAGE_LOW_END);
		return refuse(why);
	}
	if (kernel_end(kernel) > low_ram(work)) {
		fmt_print(reason, sizeof(reason),
			  "needs RAM up to %llu MiB, but its partition has %llu MiB",
			  (unsigned long long)in_mib(kernel_end(kernel)),
			  (unsigned long long)(work->input->memory_size / MIB));
		return refuse(why);
	}
	for (uint32_t i = 0; i < kernel->segment_count; i++) {
		const struct kernel_segment *segment = &kernel->segments[i];

		if (segment->address < MIB &&
		    segment->address + segment->memory_size > IMAGE_BASE_MEMORY_END) {
			fmt_print(reason, sizeof(reason),
				  "reaches over 0x%llx, where ACPI tables lie",
				  (unsigned long long)IMAGE_BASE_MEMORY_END);
			return refuse(why);
		}
		add_piece(work, work->input->kernel_at + segment->file_offset, segment->file_size,
			  segment->address);
	}
	return HV_OK;
}

/* As high as the kernel can reach: what lies low is what kernels need for themselves. */
static enum hv_status place_initrd(struct image_work *work, const char **why)
{
	uint64_t size = work->input->initrd_size;
	uint64_t top = min_u64(low_ram(work), UINT32_MAX);

	if (size == 0) {
		return HV_OK;
	}
	if (work->kernel.kind == KERNEL_LINUX && work->kernel.linux_image.initrd_addr_max < top) {
		top = work->kernel.linux_image.initrd_addr_max + 1;
	}
	if (top < size || align_down(top - size, PAGE_SIZE) < kernel_end(&work->kernel)) {
		fmt_print(reason, sizeof(reason),
			  "and its initrd need %llu MiB, but the partition has %llu MiB",
			  (unsigned long long)in_mib(kernel_end(&work->kernel) + size),
			  (unsigned long long)(work->input->memory_size / MIB));
		return refuse(why);
	}
	work->initrd = align_down(top - size, PAGE_SIZE);
	add_piece(work, work->input->initrd_at, size, work->initrd);
	return HV_OK;
}

static enum hv_status place_cmdline(struct image_work *work, const char **why)
{
	uint32_t room = work->kernel.kind == KERNEL_LINUX ? work->kernel.linux_image.cmdline_size
							  : CMDLINE_ROOM;

	uint32_t size = work->input->cmdline_size;
	uint32_t more = work->input->identity_base != 0 ? sizeof(CMDLINE_REAL_PCI) - 1 : 0;
	char *cmdline = image_low(work, IMAGE_CMDLINE);

	if (size + more > min_u64(room, CMDLINE_ROOM)) {
		*why = "does not take so long a command line";
		return HV_INVALID;
	}
	memcpy(cmdline, work->input->cmdline, size);
	memcpy(cmdline + size, CMDLINE_REAL_PCI, more);
	return HV_OK;
}

static void place_tables(struct image_work *work)
{
	/* mov dx, 0xcf9; mov al, 6; out dx, al; hlt; jmp to the hlt (FADT: reset register) */
	static const uint8_t reset_code[] = {0xba, 0xf9, 0x0c, 0xb0, 0x06, 0xee, 0xf4, 0xeb, 0xfd};
	struct guest_acpi_facts facts = {
		.cpu_count = work->input->cpu_count,
		.is_apic_physical = work->input->identity_base != 0,
	};
	uint64_t acpi_at = IMAGE_LOW_END - IMAGE_LOW; /* in the blob */
	uint64_t reset_at = IMAGE_BLOB_SIZE - IMAGE_RESET_SIZE;
	uint8_t *blob = work->input->blob;
	size_t size = guest_acpi_build(blob + acpi_at, reset_at - acpi_at, IMAGE_ACPI, &facts);

	memcpy(blob + reset_at, reset_code, sizeof(reset_code));
	add_piece(work, work->input->blob_at, IMAGE_LOW_END - IMAGE_LOW, IMAGE_LOW);
	add_piece(work, work->input->blob_at + acpi_at, size, IMAGE_ACPI);
	add_piece(work, work->input->blob_at + reset_at, IMAGE_RESET_SIZE, IMAGE_RESET_VECTOR);
}

static void hand_over(struct image_work *work)
{
	switch (work->kernel.kind) {
	case KERNEL_LINUX:
		image_linux(work);
		break;
	case KERNEL_PVH:
		image_pvh(work);
		break;
	case KERNEL_MULTIBOOT1:
		image_multiboot1(work);
		break;
	case KERNEL_MULTIBOOT2:
		image_multiboot2(work);
		break;
	}
}

enum hv_status image_build(const struct image_input *input, struct boot_image *image,
			   const char **why)
{
	struct image_work work = {.input = input, .image = image};
	enum hv_status status;

	*image = (struct boot_image){.piece_count = 0};
	status = kernel_image_parse(input->kernel, input->kernel_size, &work.kernel, why);
	status = status == HV_OK ? move_kernel(&work, why) : status;
	status = status == HV_OK ? place_kernel(&work, why) : status;
	status = status == HV_OK ? place_initrd(&work, why) : status;
	status = status == HV_OK ? place_cmdline(&work, why) : status;
	if (status != HV_OK) {
		return status;
	}
	place_tables(&work);
	guest_pci_build(image->pci, input->devices);
	image->disk_sectors = input->disk_sectors;
	memcpy(image->pci[PLATFORM_SLOT_BLOCK].config, &image->disk_sectors,
	       sizeof(image->disk_sectors));
	if (input->identity_base != 0) {
		image->pci[0].value[0] = 0; /* the real host bridge is there */
		guest_pci_add_manager(image->pci);
	}
	hand_over(&work);
	return HV_OK;
}
