/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration's disks: device and file come together. */
/* Links: boot/config_parse.c boot/config_keys.c boot/config_value.c hv/lib/fmt.c hv/lib/str.c */
#include "config_parse.h"
#include "tap.h"

#include <string.h>

#define KEYS "cpus = 0\nmemory = 64M\nkernel = k\n"

static struct config_file file;
static struct config_error error;

static void refused(const char *text, uint32_t line, const char *message)
{
	TAP_EQUAL(config_parse(text, strlen(text), &file, &error), HV_INVALID);
	TAP_TEXT(error.message, message);
	TAP_EQUAL(error.line, line);
}

static void device_and_file_come_together(void)
{
	refused("[partition a]\n" KEYS "\ndevices = console, block0\n[partition b]\n", 6,
		"device `block0` without `disk0 = FILE`");
	refused("[partition a]\n" KEYS "devices = block0\n[partition b]\ndisk0 = d\n", 5,
		"device `block0` without `disk0 = FILE`");
	refused("[partition a]\n" KEYS "disk0 = d\ndevices = console\n", 5,
		"`disk0` without `block0` among the partition's devices");
	refused("[partition a]\n" KEYS "disk0 = d\n", 5,
		"`disk0` without `block0` among the partition's devices");
}

static void the_file_is_a_path(void)
{
	refused("[partition a]\n" KEYS "disk0 = ../d\n", 5, "path `../d` has a `..` in it");
	refused("[partition a]\n" KEYS "disk0 =\n", 5, "`disk0` has no value");
	refused("[partition a]\n" KEYS "disk0 = d\ndisk0 = e\n", 6,
		"`disk0` is given in line 5 already");
	refused("[hypervisor]\ndisk0 = d\n", 2, "unknown key `disk0` in a [hypervisor] section");
}

static void each_partition_may_have_one(void)
{
	static const char text[] = "[partition a]\n" KEYS "devices = block0\ndisk0 = d/i.img\n"
				   "[partition b]\ndisk0 = k\ncpus = 1\nmemory = 64M\nkernel = k\n"
				   "devices = console, block0\n"
				   "[partition c]\ncpus = 2\nmemory = 64M\nkernel = k\n";

	TAP_EQUAL(config_parse(text, sizeof(text) - 1, &file, &error), HV_OK);
	TAP_EQUAL(file.sources[0].disk.length, 7);
	TAP_CHECK(memcmp(text + file.sources[0].disk.offset, "d/i.img", 7) == 0);
	TAP_EQUAL(file.sources[0].disk_line, 6);
	TAP_EQUAL(file.sources[0].disk_module, CONFIG_FILE_NONE);
	TAP_EQUAL(file.sources[1].disk.length, 1);
	TAP_EQUAL(file.sources[1].disk_line, 8);
	TAP_EQUAL(file.sources[2].disk.length, 0);
	TAP_EQUAL(file.sources[2].disk_module, CONFIG_FILE_NONE);
}

static const struct tap_case cases[] = {
	{"device and file come together", device_and_file_come_together},
	{"the file is a path", the_file_is_a_path},
	{"each partition may have one", each_partition_may_have_one},
};

TAP_MAIN(cases)
