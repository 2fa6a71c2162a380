/* SPDX-License-Identifier: Apache-2.0 */
/* linux_boot.c: boot_params byte by byte where the protocol says a field is. */
/* Links: boot/linux_boot.c */
#include "linux_boot.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static uint8_t setup[1024];
static struct linux_boot_params params;
static const struct linux_e820 e820[LINUX_E820_MAX + 1] = {
	{0, 0x9f000, LINUX_E820_RAM},
	{0x100000, UINT64_C(0x123456789000), LINUX_E820_RESERVED},
};

static void make_setup(void)
{
	memset(setup, 0xcc, sizeof(setup));
	setup[0x1fe] = 0x55;
	setup[0x1ff] = 0xaa;
	setup[0x201] = 0x6a;
	memcpy(setup + 0x202, "HdrS\x0f\x02", 6);
	setup[0x236] = 0x7f;
	setup[0x237] = 0;
}

static uint64_t field(size_t offset, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, (const uint8_t *)&params + offset, size);
	return value;
}

static void test_full(void)
{
	const struct linux_boot_efi efi = {UINT64_C(0x1122334455), UINT64_C(0x6677889900), 0x1000,
					   48, 1};
	const struct boot_framebuffer framebuffer = {
		UINT64_C(0x480000000), 0x300000, 1024, 768, 1056, 0, NULL};
	const struct linux_boot_input input = {
		.image = setup,
		.image_size = sizeof(setup),
		.load_address = 0x1000000,
		.cmdline = UINT64_C(0x1000020000),
		.initrd = UINT64_C(0x2000030000),
		.initrd_size = UINT64_C(0x100000007),
		.rsdp = 0xe0000,
		.setup_data = 0x5000,
		.e820 = e820,
		.e820_count = 2,
		.efi = &efi,
		.framebuffer = &framebuffer,
	};

	make_setup();
	TAP_EQUAL(linux_boot_build(&input, &params), HV_OK);
	TAP_EQUAL(field(0x070, 8), 0xe0000);       /* acpi_rsdp_addr */
	TAP_EQUAL(field(0x0c0, 4), 0x20);          /* ext_ramdisk_image */
	TAP_EQUAL(field(0x0c4, 4), 0x1);           /* ext_ramdisk_size */
	TAP_EQUAL(field(0x0c8, 4), 0x10);          /* ext_cmd_line_ptr */
	TAP_EQUAL(field(0x1c0, 4), 0x34364c45);    /* efi_loader_signature */
	TAP_EQUAL(field(0x1c4, 4), 0x22334455);    /* efi_systab */
	TAP_EQUAL(field(0x1c8, 4), 48);            /* efi_memdesc_size */
	TAP_EQUAL(field(0x1cc, 4), 1);             /* efi_memdesc_version */
	TAP_EQUAL(field(0x1d0, 4), 0x77889900);    /* efi_memmap */
	TAP_EQUAL(field(0x1d4, 4), 0x1000);        /* efi_memmap_size */
	TAP_EQUAL(field(0x1d8, 4), 0x11);          /* efi_systab_hi */
	TAP_EQUAL(field(0x1dc, 4), 0x66);          /* efi_memmap_hi */
	TAP_EQUAL(field(0x1e8, 1), 2);             /* e820_entries */
	TAP_EQUAL(field(0x1ef, 1), 0);             /* sentinel */
	TAP_EQUAL(field(0x1f1, 1), 0xcc);          /* from the image */
	TAP_EQUAL(field(0x210, 1), 0xff);          /* type_of_loader */
	TAP_EQUAL(field(0x214, 4), 0x1000000);     /* code32_start */
	TAP_EQUAL(field(0x218, 4), 0x30000);       /* ramdisk_image */
	TAP_EQUAL(field(0x21c, 4), 7);             /* ramdisk_size */
	TAP_EQUAL(field(0x228, 4), 0x20000);       /* cmd_line_ptr */
	TAP_EQUAL(field(0x250, 8), 0x5000);        /* setup_data */
	TAP_EQUAL(field(0x26b, 1), 0xcc);          /* last byte of the header */
	TAP_EQUAL(field(0x26c, 1), 0);             /* behind it */
	TAP_EQUAL(field(0x2d0 + 20, 8), 0x100000); /* e820_table[1] */
	TAP_EQUAL(field(0x2d0 + 28, 8), UINT64_C(0x123456789000));
	TAP_EQUAL(field(0x2d0 + 36, 4), LINUX_E820_RESERVED);
	TAP_EQUAL(field(0x2d0 + 40, 8), 0);
	TAP_EQUAL(field(0x00f, 1), 0x70); /* orig_video_isVGA */
	TAP_EQUAL(field(0x012, 2), 1024);
	TAP_EQUAL(field(0x018, 4), 0x80000000);
	TAP_EQUAL(field(0x03a, 4), 4);
	TAP_EQUAL(field(0x024, 2), 1056 * 4);
}

static void test_refused(void)
{
	struct linux_boot_input input = {
		.image = setup,
		.image_size = sizeof(setup),
		.e820 = e820,
		.e820_count = LINUX_E820_MAX,
	};
	uint8_t *exact = malloc(0x26c);

	make_setup();
	TAP_EQUAL(linux_boot_build(&input, &params), HV_OK);
	TAP_EQUAL(field(0x1e8, 1), LINUX_E820_MAX);
	input.e820_count = LINUX_E820_MAX + 1;
	TAP_EQUAL(linux_boot_build(&input, &params), HV_RANGE);
	input.e820_count = 0;
	memcpy(exact, setup, 0x26c);
	input.image = exact;
	input.image_size = 0x26c;
	TAP_EQUAL(linux_boot_build(&input, &params), HV_OK);
	input.image_size = 0x26b;
	TAP_EQUAL(linux_boot_build(&input, &params), HV_INVALID);
	input.image_size = 0x26c;
	exact[0x201] = 0x6b; /* the header would end behind the bytes given */
	TAP_EQUAL(linux_boot_build(&input, &params), HV_INVALID);
	exact[0x201] = 0xff;
	TAP_EQUAL(linux_boot_build(&input, &params), HV_INVALID);
	exact[0x201] = 0x6a;
	exact[0x236] = 0x7d; /* may not be loaded above 4 GiB */
	input.initrd = UINT64_C(0xfffff000);
	input.initrd_size = 0x1000;
	TAP_EQUAL(linux_boot_build(&input, &params), HV_INVALID);
	input.initrd_size = 0xfff;
	TAP_EQUAL(linux_boot_build(&input, &params), HV_OK);
	exact[0x236] = 0x7e; /* no 64-bit entry */
	TAP_EQUAL(linux_boot_build(&input, &params), HV_INVALID);
	free(exact);
}

static const struct tap_case cases[] = {
	{"every field is where the protocol has it", test_full},
	{"what no kernel could take is refused", test_refused},
};
TAP_MAIN(cases)
