/* SPDX-License-Identifier: Apache-2.0 */
/* boot/image*.c: where everything of a partition goes, and which kernels do not fit. */
/* Links: boot/image.c boot/image_linux.c boot/image_pvh.c boot/image_multiboot.c */
/* Links: boot/kernel_image.c boot/kernel_elf.c boot/kernel_multiboot.c boot/linux_boot.c */
/* Links: boot/guest_acpi.c boot/guest_pci.c boot/start_regs.c hv/lib/fmt.c */
#include "image.h"

#include "addr.h"
#include "bits.h"
#include "linux_boot.h"
#include "tap.h"

#include <string.h>

#define MIB         (UINT64_C(1) << 20)
#define GIB         (UINT64_C(1) << 30)
#define KERNEL_AT   UINT64_C(0x40000000)
#define INITRD_AT   UINT64_C(0x50000000)
#define BLOB_AT     UINT64_C(0x60000000)
#define KERNEL_SIZE 8192u
#define INITRD_SIZE 10000u

static uint8_t kernel[KERNEL_SIZE];
static uint8_t blob[IMAGE_BLOB_SIZE];
static struct boot_image image;
static const char *why;

/* Multiboot 1 with address fields (specification, "The address fields of Multiboot header"). */
static void make_multiboot(uint32_t load_address)
{
	uint32_t header[] = {0x1badb002,
			     0x10000,
			     0,
			     load_address,
			     load_address,
			     load_address + KERNEL_SIZE,
			     load_address + 2 * KERNEL_SIZE,
			     load_address + 64};

	memset(kernel, 0x90, sizeof(kernel));
	header[2] = 0u - header[0] - header[1];
	memcpy(kernel, header, sizeof(header));
}

/* One setup sector, 16-byte paragraphs behind it. */
static void make_linux(uint32_t init_size)
{
	struct linux_setup_header header = {
		.setup_sects = 1,
		.syssize = (KERNEL_SIZE - 1024) / 16,
		.boot_flag = LINUX_BOOT_FLAG,
		.jump = {0xeb, 0x6a},
		.header = LINUX_HEADER_MAGIC,
		.version = 0x20f,
		.loadflags = LINUX_LOADED_HIGH,
		.initrd_addr_max = 0x7fffffff,
		.kernel_alignment = 0x200000,
		.relocatable_kernel = 1,
		.xloadflags = LINUX_KERNEL_64,
		.cmdline_size = 2047,
		.pref_address = 16 * MIB,
		.init_size = init_size,
	};

	memset(kernel, 0x90, sizeof(kernel));
	memcpy(kernel + LINUX_SETUP_OFFSET, &header, sizeof(header));
}

static uint64_t identity_base; /* of the next build() */

static enum hv_status build(uint64_t memory, uint64_t initrd_size, const char *cmdline)
{
	struct image_input input = {
		.memory_size = memory,
		.cpu_count = 2,
		.identity_base = identity_base,
		.cmdline = cmdline,
		.cmdline_size = (uint32_t)strlen(cmdline),
		.kernel = kernel,
		.kernel_size = sizeof(kernel),
		.kernel_at = KERNEL_AT,
		.initrd_at = INITRD_AT,
		.initrd_size = initrd_size,
		.blob = blob,
		.blob_at = BLOB_AT,
	};

	memset(blob, 0, sizeof(blob));
	why = "";
	return image_build(&input, &image, &why);
}

static const struct boot_piece *piece_at(uint64_t guest)
{
	for (uint32_t i = 0; i < image.piece_count; i++) {
		if (guest - image.pieces[i].guest < image.pieces[i].size) {
			return &image.pieces[i];
		}
	}
	return NULL;
}

/* What the guest will find at an address of the blob. */
static const void *guest_sees(uint64_t guest)
{
	const struct boot_piece *piece = piece_at(guest);

	TAP_CHECK(piece != NULL && piece->source >= BLOB_AT &&
		  piece->source + piece->size <= BLOB_AT + IMAGE_BLOB_SIZE);
	return blob + (piece->source - BLOB_AT) + (guest - piece->guest);
}

/* The promise of image_build(): disjoint, and inside the partition's RAM. */
static void check_pieces(uint64_t memory)
{
	for (uint32_t i = 0; i < image.piece_count; i++) {
		const struct boot_piece *a = &image.pieces[i];

		TAP_CHECK(a->size > 0 && a->guest + a->size <= memory);
		for (uint32_t j = 0; j < i; j++) {
			const struct boot_piece *b = &image.pieces[j];

			TAP_CHECK(a->guest + a->size <= b->guest || b->guest + b->size <= a->guest);
		}
	}
}

static void places_linux(void)
{
	const struct linux_boot_params *params;
	const uint64_t *root;

	make_linux(20 * MIB);
	TAP_EQUAL(build(64 * MIB, INITRD_SIZE, "console=ttyS0"), HV_OK);
	check_pieces(64 * MIB);
	TAP_EQUAL(image.start.cr0, 0x80010031);
	TAP_EQUAL(image.start.cs.attributes, 0xa09b);
	TAP_EQUAL(image.start.efer, 0x500);
	TAP_EQUAL(image.start.gdt_limit, 0x1f);
	TAP_EQUAL(image.start.rip, 16 * MIB + 0x200);
	TAP_EQUAL(piece_at(16 * MIB)->source, KERNEL_AT + 1024);
	params = guest_sees(image.start.rsi);
	TAP_EQUAL(params->hdr.ramdisk_image % PAGE_SIZE, 0);
	TAP_EQUAL(params->hdr.ramdisk_size, INITRD_SIZE);
	TAP_EQUAL(piece_at(params->hdr.ramdisk_image)->source, INITRD_AT);
	TAP_EQUAL(params->hdr.ramdisk_image, align_down(64 * MIB - INITRD_SIZE, PAGE_SIZE));
	TAP_TEXT(guest_sees(params->hdr.cmd_line_ptr), "console=ttyS0");
	TAP_EQUAL(memcmp(guest_sees(params->acpi_rsdp_addr), "RSD PTR ", 8), 0);
	TAP_EQUAL(params->e820_entries, 3);
	TAP_EQUAL(params->e820_table[2].address + params->e820_table[2].size, 64 * MIB);
	/* The identity map: entry 3 of the last level-2 table maps 3 GiB + 6 MiB. */
	root = guest_sees(image.start.cr3);
	TAP_EQUAL(root[0], image.start.cr3 + PAGE_SIZE + 3);
	TAP_EQUAL(root[5 * 512 + 3], 3 * GIB + 6 * MIB + 0x83);
	/* GDT: 64-bit code at 0x10, data at 0x18. */
	TAP_EQUAL(((const uint64_t *)guest_sees(image.start.gdt_base))[2], 0xaf9a000000ffff);
}

static void places_ram_above_4_gib(void)
{
	const struct linux_boot_params *params;

	make_linux(20 * MIB);
	TAP_EQUAL(build(5 * GIB, INITRD_SIZE, ""), HV_OK);
	check_pieces(PLATFORM_RAM_LOW_LIMIT);
	params = guest_sees(image.start.rsi);
	TAP_EQUAL(params->e820_entries, 4);
	TAP_EQUAL(params->e820_table[2].size, PLATFORM_RAM_LOW_LIMIT - MIB);
	TAP_EQUAL(params->e820_table[3].address, PLATFORM_RAM_HIGH_BASE);
	TAP_EQUAL(params->e820_table[3].size, 2 * GIB);
	TAP_CHECK(params->hdr.ramdisk_image + params->hdr.ramdisk_size <= 0x80000000u);
}

/* The management partition's: one frame at 0, the rest where devices see it too. */
static void places_linux_at_its_own_address(void)
{
	const struct linux_boot_params *params;
	char cmdline[2048];

	make_linux(20 * MIB);
	identity_base = 512 * MIB;
	TAP_EQUAL(build(64 * MIB, INITRD_SIZE, "quiet"), HV_OK);
	TAP_EQUAL(image.start.rip, 512 * MIB + 0x200);
	TAP_EQUAL(piece_at(512 * MIB)->source, KERNEL_AT + 1024);
	for (uint32_t i = 0; i < image.piece_count; i++) {
		uint64_t end = image.pieces[i].guest + image.pieces[i].size;

		TAP_CHECK(end <= MIB ||
			  (image.pieces[i].guest >= 512 * MIB && end <= (512 + 62) * MIB));
	}
	params = guest_sees(image.start.rsi);
	TAP_EQUAL(params->hdr.ramdisk_image, align_down((512 + 62) * MIB - INITRD_SIZE, PAGE_SIZE));
	TAP_TEXT(guest_sees(params->hdr.cmd_line_ptr), "quiet pci=nocrs,norom,nobar");
	TAP_EQUAL(params->e820_entries, 3);
	TAP_EQUAL(params->e820_table[0].size, 0xa0000);
	TAP_EQUAL(params->e820_table[2].address, 512 * MIB);
	TAP_EQUAL(params->e820_table[2].size, 62 * MIB);
	TAP_EQUAL(image.pci[0].value[0], 0); /* the host bridge is a real one */
	TAP_EQUAL(build(22 * MIB, 0, ""), HV_OK);
	TAP_EQUAL(build(20 * MIB, 0, ""), HV_NO_MEMORY);
	identity_base = 6 * MIB; /* below the kernel's preferred address */
	TAP_EQUAL(build(64 * MIB, 0, ""), HV_OK);
	TAP_EQUAL(image.start.rip, 16 * MIB + 0x200);
	memset(cmdline, 'x', sizeof(cmdline));
	cmdline[2047 - strlen(" pci=nocrs,norom,nobar")] = '\0';
	TAP_EQUAL(build(64 * MIB, 0, cmdline), HV_OK);
	cmdline[strlen(cmdline)] = 'x';
	cmdline[2047] = '\0';
	TAP_EQUAL(build(64 * MIB, 0, cmdline), HV_INVALID);
	make_multiboot(8 * MIB);
	TAP_EQUAL(build(64 * MIB, 0, ""), HV_INVALID);
	TAP_TEXT(why, "is no relocatable Linux kernel, which alone can be the management "
		      "partition's");
	identity_base = 0;
}

static void places_multiboot(void)
{
	const uint32_t *info;
	const uint32_t *module;

	make_multiboot(2 * MIB);
	TAP_EQUAL(build(16 * MIB, INITRD_SIZE, "a b"), HV_OK);
	check_pieces(16 * MIB);
	TAP_EQUAL(image.start.cr0, 0x11);
	TAP_EQUAL(image.start.cs.attributes, 0xc09b);
	TAP_EQUAL(image.start.rip, 2 * MIB + 64);
	TAP_EQUAL(image.start.rax, 0x2badb002);
	info = guest_sees(image.start.rbx);
	TAP_EQUAL(info[0] & 0x4d, 0x4d); /* memory, command line, modules, map */
	TAP_EQUAL(info[1], 640);
	TAP_EQUAL(info[2], 15 * 1024);
	TAP_TEXT(guest_sees(info[4]), "a b");
	TAP_EQUAL(info[5], 1);
	module = guest_sees(info[6]);
	TAP_EQUAL(piece_at(module[0])->source, INITRD_AT);
	TAP_EQUAL(module[1] - module[0], INITRD_SIZE);
	TAP_EQUAL(info[11], 3 * 24); /* three ranges */
	TAP_EQUAL(build(16 * MIB, 0, ""), HV_OK);
	TAP_EQUAL(((const uint32_t *)guest_sees(image.start.rbx))[5], 0);
}

static void refuses_what_does_not_fit(void)
{
	char cmdline[4200];

	make_linux(20 * MIB);
	TAP_EQUAL(build(32 * MIB, 0, ""), HV_NO_MEMORY);
	TAP_TEXT(why, "needs RAM up to 36 MiB, but its partition has 32 MiB");
	TAP_EQUAL(build(36 * MIB, 0, ""), HV_OK);
	TAP_EQUAL(build(36 * MIB, INITRD_SIZE, ""), HV_NO_MEMORY);
	TAP_TEXT(why, "and its initrd need 37 MiB, but the partition has 36 MiB");
	TAP_EQUAL(build(64 * MIB, UINT64_MAX - 4096, ""), HV_NO_MEMORY);
	memset(cmdline, 'x', sizeof(cmdline));
	cmdline[2048] = '\0';
	TAP_EQUAL(build(64 * MIB, 0, cmdline), HV_INVALID);
	TAP_TEXT(why, "does not take so long a command line");
	make_multiboot(0x8000);
	TAP_EQUAL(build(16 * MIB, 0, ""), HV_NO_MEMORY);
	TAP_TEXT(why, "is linked at 0x8000, below 0xa000");
	make_multiboot(0x9f000);
	TAP_EQUAL(build(16 * MIB, 0, ""), HV_NO_MEMORY);
	TAP_TEXT(why, "reaches over 0xa0000, where ACPI tables lie");
	kernel[4] ^= 1; /* checksum */
	TAP_EQUAL(build(16 * MIB, 0, ""), HV_INVALID);
}

static void puts_reset_code_at_the_reset_vector(void)
{
	static const uint8_t code[] = {0xba, 0xf9, 0x0c, 0xb0, 0x06, 0xee}; /* out 0xcf9, 6 */

	make_multiboot(MIB);
	TAP_EQUAL(build(4 * MIB, 0, ""), HV_OK);
	TAP_EQUAL(memcmp(guest_sees(0xffff0), code, sizeof(code)), 0);
}

static const struct tap_case cases[] = {
	{"places Linux", places_linux},
	{"places RAM above 4 GiB", places_ram_above_4_gib},
	{"places Linux at its own address", places_linux_at_its_own_address},
	{"places multiboot", places_multiboot},
	{"refuses what does not fit", refuses_what_does_not_fit},
	{"puts reset code at the reset vector", puts_reset_code_at_the_reset_vector},
};

TAP_MAIN(cases)
