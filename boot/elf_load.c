/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's ELF64 image: checks it, and lays it out in the region. */
#include "elf_load.h"

#include "addr.h"
#include "boot_abi.h"
#include "elf_format.h"
#include "str.h"

static enum hv_status refuse(const char **why, const char *reason)
{
	*why = reason;
	return HV_INVALID;
}

static enum hv_status check_header(const struct elf64_header *header, size_t size, const char **why)
{
	if (header->magic != ELF_MAGIC || header->class != ELF_CLASS_64 ||
	    header->data != ELF_DATA_LITTLE || header->machine != ELF_MACHINE_X86_64) {
		return refuse(why, "not an x86-64 ELF file");
	}
	if (header->type != ELF_TYPE_EXEC) {
		return refuse(why, "not an executable of fixed address");
	}
	if (header->program_size != sizeof(struct elf64_program) || header->program_offset > size ||
	    (size - header->program_offset) / sizeof(struct elf64_program) <
		    header->program_count) {
		return refuse(why, "program headers are outside the file");
	}
	return HV_OK;
}

static enum hv_status add_segment(const struct elf64_program *program, size_t size,
				  struct elf_load *image, const char **why)
{
	uint64_t offset = program->virtual_address - HV_VIRT_BASE;
	uint64_t end = offset + program->memory_size;

	if (program->offset > size || program->file_size > size - program->offset) {
		return refuse(why, "a segment is outside the file");
	}
	if (program->file_size > program->memory_size) {
		return refuse(why, "a segment is larger in the file than in memory");
	}
	if (program->virtual_address < HV_VIRT_BASE || program->memory_size > ELF_LOAD_SIZE_MAX ||
	    end > ELF_LOAD_SIZE_MAX) {
		return refuse(why, "a segment is outside the hypervisor's address range");
	}
	if (image->segment_count == ELF_LOAD_SEGMENT_MAX) {
		return refuse(why, "too many segments");
	}
	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct elf_load_segment *other = &image->segments[i];

		if (offset < other->region_offset + other->memory_size &&
		    other->region_offset < end) {
			return refuse(why, "two segments overlap");
		}
	}
	if (!is_aligned(offset, PAGE_SIZE)) {
		return refuse(why, "a segment does not start at a page");
	}
	if ((program->flags & ELF_FLAG_WRITE) != 0 && (program->flags & ELF_FLAG_EXECUTE) != 0) {
		return refuse(why, "a segment is writable and executable");
	}
	image->segments[image->segment_count++] = (struct elf_load_segment){
		.file_offset = program->offset,
		.file_size = program->file_size,
		.region_offset = offset,
		.memory_size = program->memory_size,
		.flags = program->flags,
	};
	if (align_up(end, PAGE_SIZE) > image->image_size) {
		image->image_size = align_up(end, PAGE_SIZE);
	}
	return HV_OK;
}

enum hv_status elf_load_parse(const void *file, size_t size, struct elf_load *out, const char **why)
{
	const uint8_t *bytes = file;
	struct elf_load image = {0};
	struct elf64_header header;
	struct elf64_program program;

	if (size < sizeof(header)) {
		return refuse(why, "too short for an ELF file");
	}
	memcpy(&header, bytes, sizeof(header));
	if (check_header(&header, size, why) != HV_OK) {
		return HV_INVALID;
	}
	for (uint32_t i = 0; i < header.program_count; i++) {
		memcpy(&program, bytes + header.program_offset + i * sizeof(program),
		       sizeof(program));
		if (program.type != ELF_SEGMENT_LOAD || program.memory_size == 0) {
			continue;
		}
		if (add_segment(&program, size, &image, why) != HV_OK) {
			return HV_INVALID;
		}
	}
	image.entry = header.entry;
	for (uint32_t i = 0; i < image.segment_count; i++) {
		const struct elf_load_segment *segment = &image.segments[i];

		if (image.entry >= HV_VIRT_BASE + segment->region_offset &&
		    image.entry - HV_VIRT_BASE - segment->region_offset < segment->memory_size) {
			*out = image;
			return HV_OK;
		}
	}
	return refuse(why, "the entry point is in no segment");
}

void elf_load_copy(const struct elf_load *image, const void *file, void *region)
{
	const uint8_t *bytes = file;
	uint8_t *target = region;

	memset(target, 0, image->image_size);
	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct elf_load_segment *segment = &image->segments[i];

		memcpy(target + segment->region_offset, bytes + segment->file_offset,
		       segment->file_size);
	}
}
