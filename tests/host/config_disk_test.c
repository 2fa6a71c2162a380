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

#define SERVED(value) "[partition a]\n" KEYS "devices = net0, block0\ndisk0 = " value "\n"

static void a_served_one_has_a_size(void)
{
	static const struct {
		const char *text;
		uint64_t sectors;
	} good[] = {
		{SERVED("served:1M"), 2048},
		{SERVED("served:3M"), 6144},
		{SERVED("served:4G"), UINT64_C(4) << 21},
		{SERVED("served:65536G"), UINT64_C(65536) << 21},
		{"[partition a]\n" KEYS "disk0 = served:4G\ndevices = net0, block0\n",
		 UINT64_C(4) << 21},
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		TAP_EQUAL(config_parse(good[i].text, strlen(good[i].text), &file, &error), HV_OK);
		TAP_EQUAL(file.sources[0].disk_sectors, good[i].sectors);
		TAP_EQUAL(file.sources[0].disk.length, 0);
		TAP_EQUAL(file.config.partitions[0].devices,
			  CONFIG_DEVICE_NET0 | CONFIG_DEVICE_SERVED0);
	}
	refused(SERVED("served:"), 6,
		"`served:` is no size of a disk such as served:512M or served:4G");
	refused(SERVED("served:0M"), 6,
		"`served:0M` is no size of a disk such as served:512M or served:4G");
	refused(SERVED("served:5"), 6,
		"`served:5` is no size of a disk such as served:512M or served:4G");
	refused(SERVED("served:65537G"), 6,
		"`served:65537G` is no size of a disk such as served:512M or served:4G");
	refused("[partition a]\n" KEYS "disk0 = served:4G\n", 5,
		"`disk0` without `block0` among the partition's devices");
	refused("[partition a]\n" KEYS "role = management\ndevices = block0\ndisk0 = served:4G\n",
		7, "the management partition cannot serve a disk to itself");
}

static const struct tap_case cases[] = {
	{"device and file come together", device_and_file_come_together},
	{"the file is a path", the_file_is_a_path},
	{"each partition may have one", each_partition_may_have_one},
	{"a served one has a size", a_served_one_has_a_size},
};

TAP_MAIN(cases)
