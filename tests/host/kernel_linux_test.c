/* SPDX-License-Identifier: Apache-2.0 */
/* kernel_image.c: a bzImage is told and measured, each malformed one refused with its reason. */
/* Links: boot/kernel_image.c boot/kernel_elf.c boot/kernel_multiboot.c */
#include "kernel_file.h"
#include "linux_boot.h"

#define NO_KERNEL                                                                                  \
	"is no kernel: neither a Linux bzImage nor an ELF file with a PVH note or a multiboot "    \
	"header"

/* A bzImage as Debian's, but small. */
static void make_linux(void)
{
	memset(file, 0, sizeof(file));
	file_size = FILE_SIZE;
	file[0x1f1] = 27;
	put32(0x1f4, (FILE_SIZE - 28 * 512) / 16);
	put16(0x1fe, 0xaa55);
	file[0x200] = 0xeb;
	file[0x201] = 0x6a;
	memcpy(file + 0x202, "HdrS", 4);
	put16(0x206, 0x020f);
	file[0x211] = 1;
	put32(0x22c, 0x7fffffff);
	put32(0x230, 0x200000);
	file[0x234] = 1;
	put16(0x236, 0x7f);
	put32(0x238, 2047);
	put64(0x258, 0x1000000);
	put32(0x260, 0x2000000);
}

static void test_linux(void)
{
	make_linux();
	TAP_EQUAL(parse(), HV_OK);
	TAP_EQUAL(image.kind, KERNEL_LINUX);
	TAP_EQUAL(image.entry, 0x1000200);
	TAP_EQUAL(image.start, 0x1000000);
	TAP_EQUAL(image.end, 0x3000000);
	TAP_EQUAL(image.segment_count, 1);
	TAP_EQUAL(image.segments[0].file_offset, 28 * 512);
	TAP_EQUAL(image.segments[0].file_size, FILE_SIZE - 28 * 512);
	TAP_EQUAL(image.linux_image.cmdline_size, 2047);
	TAP_EQUAL(image.linux_image.kernel_alignment, 0x200000);
	TAP_EQUAL(image.linux_image.initrd_addr_max, UINT64_MAX);
	TAP_EQUAL(image.linux_image.is_relocatable, 1);
	file[0x1f1] = 0; /* means 4 */
	TAP_EQUAL(parse(), HV_OK);
	TAP_EQUAL(image.linux_image.setup_size, 5 * 512);
}

static void linux_refused(const char *expected)
{
	refused(expected);
	make_linux();
}

static void test_linux_malformed(void)
{
	make_linux();
	put16(0x206, 0x020b);
	linux_refused("is a Linux kernel with a boot protocol before 2.12");
	file[0x211] = 0;
	linux_refused("is a Linux zImage, not a bzImage");
	put16(0x236, 0x7e);
	linux_refused("is a Linux kernel without a 64-bit entry");
	file[0x201] = 0x8f;
	linux_refused("is a Linux kernel with a setup header of impossible length");
	file[0x201] = 0x61; /* ends before init_size does */
	linux_refused("is a Linux kernel with a setup header of impossible length");
	file_size = FILE_SIZE - 16;
	linux_refused("is a truncated Linux kernel");
	file_size = 28 * 512;
	linux_refused("is a truncated Linux kernel");
	file_size = 0x26b; /* one byte short of a header */
	linux_refused(NO_KERNEL);
	put32(0x230, 0x300000);
	linux_refused("is a Linux kernel with a malformed alignment");
	put32(0x230, 0);
	linux_refused("is a Linux kernel with a malformed alignment");
	put64(0x258, 0x1000001);
	linux_refused("is a Linux kernel with a malformed alignment");
	put32(0x260, 0x1000);
	linux_refused("is a Linux kernel with too small an init_size");
	put64(0x258, UINT64_C(0xffffffffffe00000));
	linux_refused("has a load segment beyond 4 GiB");
	file[0x1fe] = 0;
	linux_refused(NO_KERNEL);
}

static const struct tap_case cases[] = {
	{"a bzImage", test_linux},
	{"malformed bzImages", test_linux_malformed},
};
TAP_MAIN(cases)
