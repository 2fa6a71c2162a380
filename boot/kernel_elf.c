/* SPDX-License-Identifier: Apache-2.0 */
/* ELF kernels of 32 and 64 bits: load segments and the PVH note. */
#include "elf_format.h"
#include "kernel_format.h"
#include "str.h"

#define NOTE_HEADER_SIZE 12u
#define NOTE_COUNT_MAX   256u
/* Xen public headers, elfnote.h: XEN_ELFNOTE_PHYS32_ENTRY. */
#define NOTE_PHYS32_ENTRY 18u
#define NOTE_NAME         "Xen"

struct elf_view {
	bool is_64;
	uint64_t entry;
	uint64_t program_offset;
	uint32_t program_count;
};

bool kernel_is_elf(const struct kernel_file *file)
{
	return file->size >= 4 && kernel_read_u32(file, 0) == ELF_MAGIC;
}

static enum hv_status read_header(const struct kernel_file *file, struct elf_view *view)
{
	struct elf64_header header64;
	struct elf32_header header32;
	uint32_t stride = 0;
	uint16_t machine = 0;

	*view = (struct elf_view){0};
	if (file->size < sizeof(header64)) {
		return kernel_refuse(file, "is a truncated ELF file");
	}
	memcpy(&header64, file->bytes, sizeof(header64));
	memcpy(&header32, file->bytes, sizeof(header32));
	if (header64.class == ELF_CLASS_64) {
		*view = (struct elf_view){true, header64.entry, header64.program_offset,
					  header64.program_count};
		stride = header64.program_size == sizeof(struct elf64_program)
				 ? header64.program_size
				 : 0;
		machine = header64.machine;
	} else if (header32.class == ELF_CLASS_32) {
		*view = (struct elf_view){false, header32.entry, header32.program_offset,
					  header32.program_count};
		stride = header32.program_size == sizeof(struct elf32_program)
				 ? header32.program_size
				 : 0;
		machine = header32.machine;
	}
	if (stride == 0 || header64.data != ELF_DATA_LITTLE ||
	    (machine != ELF_MACHINE_386 && machine != ELF_MACHINE_X86_64)) {
		return kernel_refuse(file, "is no ELF file for x86");
	}
	if (view->program_offset > file->size ||
	    (file->size - view->program_offset) / stride < view->program_count) {
		return kernel_refuse(file, "has its ELF program headers outside the file");
	}
	return HV_OK;
}

static struct elf64_program read_program(const struct kernel_file *file,
					 const struct elf_view *view, uint32_t index)
{
	struct elf64_program wide;
	struct elf32_program narrow;

	if (view->is_64) {
		memcpy(&wide, file->bytes + view->program_offset + index * sizeof(wide),
		       sizeof(wide));
		return wide;
	}
	memcpy(&narrow, file->bytes + view->program_offset + index * sizeof(narrow),
	       sizeof(narrow));
	return (struct elf64_program){
		.type = narrow.type,
		.offset = narrow.offset,
		.physical_address = narrow.physical_address,
		.file_size = narrow.file_size,
		.memory_size = narrow.memory_size,
		.alignment = narrow.alignment,
	};
}

enum hv_status kernel_elf_segments(const struct kernel_file *file, struct kernel_image *image)
{
	struct elf_view view;
	enum hv_status status = read_header(file, &view);

	for (uint32_t i = 0; status == HV_OK && i < view.program_count; i++) {
		struct elf64_program program = read_program(file, &view, i);
		struct kernel_segment segment = {
			.file_offset = program.offset,
			.file_size = program.file_size,
			.address = program.physical_address,
			.memory_size = program.memory_size,
		};

		if (program.type == ELF_SEGMENT_LOAD) {
			status = kernel_add_segment(file, image, &segment);
		}
	}
	image->entry = view.entry;
	return status;
}

/* Rounded up; small arguments only, so nothing wraps. */
static uint64_t padded(uint32_t size, uint64_t alignment)
{
	return (size + alignment - 1) & ~(alignment - 1);
}

/* One PT_NOTE segment of `size` bytes at `at`: System V ABI, "Note Section". */
static enum hv_status find_note(const struct kernel_file *file, uint64_t at, uint64_t size,
				uint64_t alignment, uint64_t *entry)
{
	uint64_t end = at + size;

	for (uint32_t i = 0; i < NOTE_COUNT_MAX && end - at >= NOTE_HEADER_SIZE; i++) {
		uint32_t name_size = kernel_read_u32(file, at);
		uint32_t text_size = kernel_read_u32(file, at + 4);
		uint32_t type = kernel_read_u32(file, at + 8);
		uint64_t name = at + NOTE_HEADER_SIZE;
		uint64_t text = name + padded(name_size, alignment);

		if (text > end || text_size > end - text) {
			return kernel_refuse(file, "has a malformed ELF note");
		}
		if (type == NOTE_PHYS32_ENTRY && name_size == sizeof(NOTE_NAME) &&
		    memcmp(file->bytes + name, NOTE_NAME, sizeof(NOTE_NAME)) == 0 &&
		    text_size >= 4) {
			*entry = kernel_read_u32(file, text);
			if (text_size >= 8 && kernel_read_u32(file, text + 4) != 0) {
				return kernel_refuse(file, "has a PVH entry point beyond 4 GiB");
			}
			return HV_OK;
		}
		at = text + padded(text_size, alignment);
		if (at > end) {
			break;
		}
	}
	return HV_NOT_FOUND;
}

enum hv_status kernel_elf_pvh(const struct kernel_file *file, uint64_t *entry)
{
	struct elf_view view;
	enum hv_status status = read_header(file, &view);

	if (status != HV_OK) {
		return status;
	}
	for (uint32_t i = 0; i < view.program_count; i++) {
		struct elf64_program program = read_program(file, &view, i);

		if (program.type != ELF_SEGMENT_NOTE) {
			continue;
		}
		if (program.offset > file->size ||
		    program.file_size > file->size - program.offset) {
			return kernel_refuse(file, "has an ELF note outside the file");
		}
		status = find_note(file, program.offset, program.file_size,
				   program.alignment == 8 ? 8 : 4, entry);
		if (status != HV_NOT_FOUND) {
			return status;
		}
	}
	return HV_NOT_FOUND;
}
