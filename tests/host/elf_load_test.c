/* SPDX-License-Identifier: Apache-2.0 */
/* boot/elf_load.c: the hypervisor's image is laid out right, and no malformed one gets through. */
/* Links: boot/elf_load.c */
#include "boot_abi.h"
#include "elf_format.h"
#include "elf_load.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#define FILE_SIZE 0x3000u

struct file {
	struct elf64_header header;
	struct elf64_program programs[18];
	uint8_t rest[FILE_SIZE - sizeof(struct elf64_header) - 18 * sizeof(struct elf64_program)];
};

static struct file file;
static struct elf_load image;
static const char *why;

/* Two segments with a gap; the second has more memory than file. */
static void make_file(void)
{
	memset(&file, 0x5a, sizeof(file));
	memset(file.programs, 0, sizeof(file.programs));
	file.header = (struct elf64_header){
		.magic = ELF_MAGIC,
		.class = ELF_CLASS_64,
		.data = ELF_DATA_LITTLE,
		.type = ELF_TYPE_EXEC,
		.machine = ELF_MACHINE_X86_64,
		.entry = HV_VIRT_BASE + 0x1010,
		.program_offset = sizeof(struct elf64_header),
		.program_size = sizeof(struct elf64_program),
		.program_count = 3,
	};
	file.programs[0] = (struct elf64_program){
		ELF_SEGMENT_LOAD, 4, 0x1000, HV_VIRT_BASE, 0, 0x800, 0x800, 0x1000};
	file.programs[1] = (struct elf64_program){ELF_SEGMENT_NOTE, 4, 0xffffffff, 0, 0, 1, 1, 4};
	file.programs[2] = (struct elf64_program){
		ELF_SEGMENT_LOAD, 5, 0x2000, HV_VIRT_BASE + 0x1000, 0, 0x100, 0x2345, 0x1000};
}

static enum hv_status parse(void)
{
	why = "";
	return elf_load_parse(&file, sizeof(file), &image, &why);
}

static void refused(const char *expected)
{
	TAP_EQUAL(parse(), HV_INVALID);
	TAP_TEXT(why, expected);
	make_file();
}

static void test_good(void)
{
	uint8_t *region = malloc(0x4000);

	make_file();
	TAP_EQUAL(parse(), HV_OK);
	TAP_EQUAL(image.entry, HV_VIRT_BASE + 0x1010);
	TAP_EQUAL(image.image_size, 0x4000);
	TAP_EQUAL(image.segment_count, 2);
	TAP_EQUAL(image.segments[0].flags, 4);
	TAP_EQUAL(image.segments[1].flags, ELF_FLAG_EXECUTE | 4);
	memset(region, 0xff, 0x4000);
	elf_load_copy(&image, &file, region);
	TAP_EQUAL(region[0], 0x5a);
	TAP_EQUAL(region[0x7ff], 0x5a);
	TAP_EQUAL(region[0x800], 0);
	TAP_EQUAL(region[0x10ff], 0x5a);
	TAP_EQUAL(region[0x1100], 0);
	TAP_EQUAL(region[0x3fff], 0);
	free(region);
}

static void test_header(void)
{
	make_file();
	TAP_EQUAL(elf_load_parse(&file, sizeof(file.header) - 1, &image, &why), HV_INVALID);
	TAP_TEXT(why, "too short for an ELF file");
	file.header.magic ^= 1;
	refused("not an x86-64 ELF file");
	file.header.class = ELF_CLASS_32;
	refused("not an x86-64 ELF file");
	file.header.machine = ELF_MACHINE_386;
	refused("not an x86-64 ELF file");
	file.header.type = ELF_TYPE_DYN;
	refused("not an executable of fixed address");
	file.header.program_size--;
	refused("program headers are outside the file");
	file.header.program_offset = UINT64_MAX;
	refused("program headers are outside the file");
	file.header.program_offset = sizeof(file) - 3 * sizeof(struct elf64_program) + 1;
	refused("program headers are outside the file");
	file.header.program_count = 0;
	refused("the entry point is in no segment");
	file.header.entry = HV_VIRT_BASE + 0x900;
	refused("the entry point is in no segment");
}

static void test_segments(void)
{
	make_file();
	file.programs[0].offset = UINT64_MAX;
	refused("a segment is outside the file");
	file.programs[0].offset = sizeof(file) - 0x7ff;
	refused("a segment is outside the file");
	file.programs[0].memory_size = 0x7ff;
	refused("a segment is larger in the file than in memory");
	file.programs[0].virtual_address = HV_VIRT_BASE - 0x1000;
	refused("a segment is outside the hypervisor's address range");
	file.programs[2].memory_size = UINT64_MAX;
	refused("a segment is outside the hypervisor's address range");
	file.programs[2].virtual_address = HV_VIRT_BASE + ELF_LOAD_SIZE_MAX;
	refused("a segment is outside the hypervisor's address range");
	file.programs[2].virtual_address = HV_VIRT_BASE + 0x700;
	refused("two segments overlap");
	file.programs[2].virtual_address = HV_VIRT_BASE + 0x1800;
	refused("a segment does not start at a page");
	file.programs[2].flags = 7;
	refused("a segment is writable and executable");
	for (unsigned int i = 3; i < 18; i++) {
		file.programs[i] = (struct elf64_program){ELF_SEGMENT_LOAD,
							  4,
							  0,
							  HV_VIRT_BASE + 0x4000 + i * 0x1000,
							  0,
							  1,
							  1,
							  0x1000};
	}
	file.header.program_count = 18;
	refused("too many segments");
}

static const struct tap_case cases[] = {
	{"a good image is laid out, the rest zeroed", test_good},
	{"malformed headers", test_header},
	{"malformed segments", test_segments},
};
TAP_MAIN(cases)
