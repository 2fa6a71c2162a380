/* SPDX-License-Identifier: Apache-2.0 */
/* kernel_elf.c, kernel_multiboot.c: each kind is told, each malformed image refused with its
 * reason. */
/* Links: boot/kernel_image.c boot/kernel_elf.c boot/kernel_multiboot.c */
#include "elf_format.h"
#include "kernel_file.h"

#define MB1_MAGIC 0x1badb002u
#define MB2_MAGIC 0xe85250d6u

#define NO_KERNEL                                                                                  \
	"is no kernel: neither a Linux bzImage nor an ELF file with a PVH note or a multiboot "    \
	"header"

#define NOTE_AT 0x800u
#define CODE_AT 0x1000u

/* Two load segments and a note segment with a foreign note before the PVH one. */
static void make_elf64(void)
{
	struct elf64_header header = {
		.magic = ELF_MAGIC,
		.class = ELF_CLASS_64,
		.data = ELF_DATA_LITTLE,
		.type = ELF_TYPE_EXEC,
		.machine = ELF_MACHINE_X86_64,
		.entry = 0x100010,
		.program_offset = sizeof(header),
		.program_size = sizeof(struct elf64_program),
		.program_count = 3,
	};
	const struct elf64_program programs[] = {
		{ELF_SEGMENT_LOAD, 6, 0x2000, 0xffffffff80200000, 0x200000, 0x100, 0x5000, 0x1000},
		{ELF_SEGMENT_LOAD, 5, CODE_AT, 0xffffffff80100000, 0x100000, 0x1000, 0x1000,
		 0x1000},
		{ELF_SEGMENT_NOTE, 4, NOTE_AT, 0, 0, 44, 44, 4},
	};

	memset(file, 0, sizeof(file));
	file_size = 0x3000;
	memcpy(file, &header, sizeof(header));
	memcpy(file + sizeof(header), programs, sizeof(programs));
	put32(NOTE_AT, 4);
	put32(NOTE_AT + 4, 5);
	put32(NOTE_AT + 8, 3);
	memcpy(file + NOTE_AT + 12, "GNU\0abcde", 9);
	put32(NOTE_AT + 24, 4);
	put32(NOTE_AT + 28, 4);
	put32(NOTE_AT + 32, 18);
	memcpy(file + NOTE_AT + 36, "Xen", 4);
	put32(NOTE_AT + 40, 0x100020);
}

static void make_elf32(void)
{
	const struct elf32_header header = {
		.magic = ELF_MAGIC,
		.class = ELF_CLASS_32,
		.data = ELF_DATA_LITTLE,
		.type = ELF_TYPE_EXEC,
		.machine = ELF_MACHINE_386,
		.entry = 0x100010,
		.program_offset = sizeof(header),
		.program_size = sizeof(struct elf32_program),
		.program_count = 1,
	};
	const struct elf32_program program = {ELF_SEGMENT_LOAD, CODE_AT, 0x100000, 0x100000,
					      0x1000,           0x2000,  5,        0x1000};

	memset(file, 0, sizeof(file));
	file_size = 0x3000;
	memcpy(file, &header, sizeof(header));
	memcpy(file + sizeof(header), &program, sizeof(program));
}

static void put_mb1(size_t at, uint32_t flags)
{
	put32(at, MB1_MAGIC);
	put32(at + 4, flags);
	put32(at + 8, 0u - MB1_MAGIC - flags);
}

static void put_mb2(size_t at, uint32_t length)
{
	put32(at, MB2_MAGIC);
	put32(at + 4, 0);
	put32(at + 8, length);
	put32(at + 12, 0u - MB2_MAGIC - length);
	put32(at + length - 8, 0);
	put32(at + length - 4, 8);
}

static void test_pvh(void)
{
	make_elf64();
	put_mb1(CODE_AT, 3);
	put_mb2(CODE_AT + 0x40, 24);
	TAP_EQUAL(parse(), HV_OK);
	TAP_EQUAL(image.kind, KERNEL_PVH);
	TAP_EQUAL(image.entry, 0x100020);
	TAP_EQUAL(image.segment_count, 2);
	TAP_EQUAL(image.segments[0].address, 0x100000);
	TAP_EQUAL(image.segments[1].memory_size, 0x5000);
	TAP_EQUAL(image.start, 0x100000);
	TAP_EQUAL(image.end, 0x205000);
	/* An 8-byte entry, as 64-bit Linux has it. */
	put32(NOTE_AT + 28, 8);
	put64(sizeof(struct elf64_header) + 2 * 56 + 32, 48);
	TAP_EQUAL(parse(), HV_OK);
	TAP_EQUAL(image.entry, 0x100020);
	put32(NOTE_AT + 44, 1);
	refused("has a PVH entry point beyond 4 GiB");
}

static void test_multiboot(void)
{
	make_elf64();
	file[NOTE_AT + 36] = 'Y'; /* no PVH note any more */
	put_mb1(CODE_AT, 3);
	put_mb2(CODE_AT + 0x40, 24);
	TAP_EQUAL(parse(), HV_OK);
	TAP_EQUAL(image.kind, KERNEL_MULTIBOOT2);
	TAP_EQUAL(image.entry, 0x100010);
	put32(CODE_AT + 0x40, 0);
	TAP_EQUAL(parse(), HV_OK);
	TAP_EQUAL(image.kind, KERNEL_MULTIBOOT1);
	TAP_EQUAL(image.multiboot_flags, 3);
	put32(CODE_AT + 8, 0);
	refused(NO_KERNEL);
	make_elf32();
	put_mb1(CODE_AT + 0xff4, 2); /* the last place that holds a header */
	TAP_EQUAL(parse(), HV_OK);
	TAP_EQUAL(image.kind, KERNEL_MULTIBOOT1);
	TAP_EQUAL(image.end, 0x102000);
	make_elf32();
	put_mb1(0x2000, 2); /* behind the first 8 KiB */
	refused(NO_KERNEL);
	put_mb1(CODE_AT, 8);
	refused("has a multiboot header with unknown requirements");
}

/* Multiboot2 tags: addresses and entry of a flat file. */
static void make_flat2(void)
{
	memset(file, 0, sizeof(file));
	file_size = 0x2000;
	put_mb2(0x100, 16 + 24 + 16 + 8);
	put16(0x110, 2);
	put32(0x114, 24);
	put32(0x118, 0x100100);
	put32(0x11c, 0x100080);
	put32(0x120, 0x101000);
	put32(0x124, 0x103000);
	put16(0x128, 3);
	put32(0x12c, 12);
	put32(0x130, 0x100200);
}

static void test_flat(void)
{
	make_flat2();
	TAP_EQUAL(parse(), HV_OK);
	TAP_EQUAL(image.kind, KERNEL_MULTIBOOT2);
	TAP_EQUAL(image.entry, 0x100200);
	TAP_EQUAL(image.segments[0].file_offset, 0x80);
	TAP_EQUAL(image.segments[0].file_size, 0xf80);
	TAP_EQUAL(image.end, 0x103000);
	memset(file, 0, sizeof(file));
	put_mb1(0x100, 0x10000);
	put32(0x10c, 0x100100);
	put32(0x110, 0x100000);
	put32(0x11c, 0x100300);
	TAP_EQUAL(parse(), HV_OK);
	TAP_EQUAL(image.kind, KERNEL_MULTIBOOT1);
	TAP_EQUAL(image.segments[0].file_size, 0x2000);
	TAP_EQUAL(image.entry, 0x100300);
}

static void test_flat_malformed(void)
{
	static const struct {
		size_t at;
		uint32_t value;
		const char *why;
	} rows[] = {
		{0x118, 0x10007f,
		 "has a multiboot header with a load address that is not in the file"},
		{0x118, 0x100181,
		 "has a multiboot header with a load address that is not in the file"},
		{0x120, 0x10007f, "has a multiboot load end before its start"},
		{0x120, 0x200000, "is truncated: a load segment is outside the file"},
		{0x124, 0x100fff, "has a multiboot bss end before its load end"},
		{0x130, 0x103000, "has an entry point in no load segment"},
		{0x128, 9, "has a multiboot2 header with addresses, but without entry"},
		{0x12c, 0x1000, "has a multiboot2 header with malformed tags"},
		{0x12c, 4, "has a multiboot2 header with malformed tags"},
		{0x110, 9, "is neither ELF nor says in its multiboot2 header where to load it"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_flat2();
		if (strstr(rows[i].why, "bss end") != NULL || rows[i].value == 0x200000) {
			put32(0x124, rows[i].value == 0x200000 ? 0 : 0x103000);
		}
		put32(rows[i].at, rows[i].value);
		refused(rows[i].why);
	}
	make_flat2();
	put32(0x104, 4);
	put32(0x10c, 0u - MB2_MAGIC - 64 - 4);
	refused("has a multiboot2 header that is truncated or not for x86");
	make_flat2();
	file_size = 0x13f;
	refused("has a multiboot2 header that is truncated or not for x86");
	memset(file, 0, sizeof(file));
	put_mb1(0x100, 0);
	refused("is neither ELF nor says in its multiboot header where to load it");
	put_mb1(0x100, 0x10000);
	file_size = 0x11f;
	refused("has a truncated multiboot header");
}

static void elf_refused(const char *expected)
{
	refused(expected);
	make_elf64();
}

#define PROGRAM(n) (sizeof(struct elf64_header) + (n) * sizeof(struct elf64_program))

static void test_elf_malformed(void)
{
	make_elf64();
	file_size = 63;
	elf_refused("is a truncated ELF file");
	file[4] = 3;
	elf_refused("is no ELF file for x86");
	file[5] = 2;
	elf_refused("is no ELF file for x86");
	put16(18, 40);
	elf_refused("is no ELF file for x86");
	put16(54, 55);
	elf_refused("is no ELF file for x86");
	put64(32, UINT64_MAX);
	elf_refused("has its ELF program headers outside the file");
	put16(56, 0xffff);
	elf_refused("has its ELF program headers outside the file");
	file_size = 0x2080;
	elf_refused("is truncated: a load segment is outside the file");
	put64(PROGRAM(0) + 8, UINT64_MAX);
	elf_refused("is truncated: a load segment is outside the file");
	put64(PROGRAM(0) + 40, 0xff);
	elf_refused("has a load segment larger in the file than in memory");
	put64(PROGRAM(0) + 40, UINT64_MAX);
	elf_refused("has a load segment beyond 4 GiB");
	put64(PROGRAM(0) + 24, UINT64_C(0xfffff000));
	elf_refused("has a load segment beyond 4 GiB");
	put64(PROGRAM(0) + 24, 0x100fff);
	elf_refused("has load segments that overlap");
	put32(NOTE_AT + 40, 0x300000);
	elf_refused("has an entry point in no load segment");
	put32(NOTE_AT + 4, 0x7fffffff);
	elf_refused("has a malformed ELF note");
	put32(NOTE_AT + 24, 0xffffffff);
	elf_refused("has a malformed ELF note");
	put64(PROGRAM(2) + 8, 0x2fff);
	elf_refused("has an ELF note outside the file");
	put16(56, 20);
	for (size_t i = 3; i < 20; i++) {
		const struct elf64_program program = {ELF_SEGMENT_LOAD, 0, 0, 0, i << 24, 1, 1, 1};

		memcpy(file + PROGRAM(i), &program, sizeof(program));
	}
	elf_refused("has more than 16 load segments");
}

static void test_nothing(void)
{
	memset(file, 0, sizeof(file));
	for (file_size = 0; file_size < 70; file_size++) {
		refused(NO_KERNEL);
	}
	TAP_TEXT(kernel_image_name(KERNEL_LINUX), "Linux");
	TAP_TEXT(kernel_image_name(KERNEL_MULTIBOOT1), "multiboot1");
}

static const struct tap_case cases[] = {
	{"an ELF file with a PVH note goes before multiboot", test_pvh},
	{"multiboot 2 goes before 1, ELF of 64 and 32 bits", test_multiboot},
	{"flat multiboot files", test_flat},
	{"malformed multiboot headers", test_flat_malformed},
	{"malformed ELF files", test_elf_malformed},
	{"no kernel at all", test_nothing},
};
TAP_MAIN(cases)
