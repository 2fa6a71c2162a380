/* SPDX-License-Identifier: Apache-2.0 */
/* Tells kernel images apart by content; Linux's bzImage here, the others in kernel_*.c. */
#include "kernel_image.h"

#include "kernel_format.h"
#include "linux_boot.h"
#include "str.h"

#define SECTOR_SIZE           512u
#define SYSSIZE_UNIT          16u
#define HEADER_LENGTH_FROM    0x202u /* jump[1] counts from here */
#define HEADER_END_MIN        0x264u /* behind init_size, the last field that is needed */
#define SETUP_SECTORS_DEFAULT 4u     /* boot.rst: 0 means 4 */

enum hv_status kernel_refuse(const struct kernel_file *file, const char *why)
{
	*file->why = why;
	return HV_INVALID;
}

uint16_t kernel_read_u16(const struct kernel_file *file, uint64_t offset)
{
	uint16_t value;

	memcpy(&value, file->bytes + offset, sizeof(value));
	return value;
}

uint32_t kernel_read_u32(const struct kernel_file *file, uint64_t offset)
{
	uint32_t value;

	memcpy(&value, file->bytes + offset, sizeof(value));
	return value;
}

static void insert_segment(struct kernel_image *image, const struct kernel_segment *segment)
{
	uint32_t at = image->segment_count;

	for (; at > 0 && image->segments[at - 1].address > segment->address; at--) {
		image->segments[at] = image->segments[at - 1];
	}
	image->segments[at] = *segment;
	image->segment_count++;
}

enum hv_status kernel_add_segment(const struct kernel_file *file, struct kernel_image *image,
				  const struct kernel_segment *segment)
{
	uint64_t end = segment->address + segment->memory_size;

	if (segment->memory_size == 0) {
		return HV_OK;
	}
	if (segment->file_offset > file->size ||
	    segment->file_size > file->size - segment->file_offset) {
		return kernel_refuse(file, "is truncated: a load segment is outside the file");
	}
	if (segment->file_size > segment->memory_size) {
		return kernel_refuse(file, "has a load segment larger in the file than in memory");
	}
	if (segment->address >= KERNEL_ADDRESS_MAX ||
	    segment->memory_size > KERNEL_ADDRESS_MAX - segment->address) {
		return kernel_refuse(file, "has a load segment beyond 4 GiB");
	}
	if (image->segment_count == KERNEL_SEGMENT_MAX) {
		return kernel_refuse(file, "has more than 16 load segments");
	}
	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct kernel_segment *other = &image->segments[i];

		if (segment->address < other->address + other->memory_size &&
		    other->address < end) {
			return kernel_refuse(file, "has load segments that overlap");
		}
	}
	insert_segment(image, segment);
	return HV_OK;
}

static bool is_linux(const struct kernel_file *file)
{
	struct linux_setup_header header;

	if (file->size < LINUX_SETUP_OFFSET + sizeof(header)) {
		return false;
	}
	memcpy(&header, file->bytes + LINUX_SETUP_OFFSET, sizeof(header));
	return header.boot_flag == LINUX_BOOT_FLAG && header.header == LINUX_HEADER_MAGIC;
}

static enum hv_status check_linux(const struct kernel_file *file,
				  const struct linux_setup_header *header, uint32_t setup_size)
{
	if (header->version < LINUX_PROTOCOL_MIN) {
		return kernel_refuse(file, "is a Linux kernel with a boot protocol before 2.12");
	}
	if ((header->loadflags & LINUX_LOADED_HIGH) == 0) {
		return kernel_refuse(file, "is a Linux zImage, not a bzImage");
	}
	if ((header->xloadflags & LINUX_KERNEL_64) == 0) {
		return kernel_refuse(file, "is a Linux kernel without a 64-bit entry");
	}
	if (HEADER_LENGTH_FROM + header->jump[1] > LINUX_SETUP_END_MAX ||
	    HEADER_LENGTH_FROM + header->jump[1] < HEADER_END_MIN) {
		return kernel_refuse(file,
				     "is a Linux kernel with a setup header of impossible length");
	}
	if (setup_size >= file->size ||
	    (uint64_t)header->syssize * SYSSIZE_UNIT > file->size - setup_size + SYSSIZE_UNIT - 1) {
		return kernel_refuse(file, "is a truncated Linux kernel");
	}
	if (header->kernel_alignment == 0 ||
	    (header->kernel_alignment & (header->kernel_alignment - 1)) != 0 ||
	    header->pref_address % header->kernel_alignment != 0) {
		return kernel_refuse(file, "is a Linux kernel with a malformed alignment");
	}
	if (header->init_size < file->size - setup_size) {
		return kernel_refuse(file, "is a Linux kernel with too small an init_size");
	}
	return HV_OK;
}

/* boot.rst, "Loading The Rest of The Kernel": everything behind the setup sectors. */
static enum hv_status parse_linux(const struct kernel_file *file, struct kernel_image *image)
{
	struct linux_setup_header header;
	struct kernel_segment segment;
	uint32_t setup_size;

	memcpy(&header, file->bytes + LINUX_SETUP_OFFSET, sizeof(header));
	setup_size = (header.setup_sects == 0 ? SETUP_SECTORS_DEFAULT : header.setup_sects) + 1u;
	setup_size *= SECTOR_SIZE;
	if (check_linux(file, &header, setup_size) != HV_OK) {
		return HV_INVALID;
	}
	image->kind = KERNEL_LINUX;
	image->entry = header.pref_address + LINUX_ENTRY_64;
	image->linux_image = (struct kernel_linux){
		.pref_address = header.pref_address,
		.init_size = header.init_size,
		.kernel_alignment = header.kernel_alignment,
		.setup_size = setup_size,
		.cmdline_size = header.cmdline_size,
		.initrd_addr_max = (header.xloadflags & LINUX_CAN_BE_LOADED_ABOVE_4G) != 0
					   ? UINT64_MAX
					   : header.initrd_addr_max,
		.is_relocatable = header.relocatable_kernel != 0,
	};
	segment = (struct kernel_segment){
		.file_offset = setup_size,
		.file_size = file->size - setup_size,
		.address = header.pref_address,
		.memory_size = header.init_size,
	};
	return kernel_add_segment(file, image, &segment);
}

/* PVH goes before multiboot2, that before multiboot1: the newer says more about the kernel. */
static enum hv_status parse_other(const struct kernel_file *file, struct kernel_image *image)
{
	enum hv_status status = HV_NOT_FOUND;
	uint64_t entry = 0;

	if (kernel_is_elf(file)) {
		status = kernel_elf_pvh(file, &entry);
	}
	if (status == HV_OK) {
		image->kind = KERNEL_PVH;
		status = kernel_elf_segments(file, image);
		image->entry = entry;
		return status;
	}
	if (status == HV_NOT_FOUND) {
		status = kernel_multiboot2(file, image);
	}
	return status == HV_NOT_FOUND ? kernel_multiboot1(file, image) : status;
}

static bool is_entry_loaded(const struct kernel_image *image)
{
	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct kernel_segment *segment = &image->segments[i];

		if (image->entry >= segment->address &&
		    image->entry - segment->address < segment->memory_size) {
			return true;
		}
	}
	return false;
}

enum hv_status kernel_image_parse(const void *image, size_t size, struct kernel_image *out,
				  const char **why)
{
	struct kernel_file file = {.bytes = image, .size = size, .why = why};
	enum hv_status status;

	memset(out, 0, sizeof(*out));
	*why = "";
	status = is_linux(&file) ? parse_linux(&file, out) : parse_other(&file, out);
	if (status == HV_NOT_FOUND) {
		return kernel_refuse(&file,
				     "is no kernel: neither a Linux bzImage nor an ELF file with "
				     "a PVH note or a multiboot header");
	}
	if (status != HV_OK) {
		return status;
	}
	if (!is_entry_loaded(out)) {
		return kernel_refuse(&file, "has an entry point in no load segment");
	}
	out->start = out->segments[0].address;
	out->end = out->segments[out->segment_count - 1].address +
		   out->segments[out->segment_count - 1].memory_size;
	return HV_OK;
}

const char *kernel_image_name(enum kernel_kind kind)
{
	switch (kind) {
	case KERNEL_LINUX:
		return "Linux";
	case KERNEL_PVH:
		return "PVH";
	case KERNEL_MULTIBOOT2:
		return "multiboot2";
	case KERNEL_MULTIBOOT1:
		return "multiboot1";
	}
	return "unknown";
}
