/* SPDX-License-Identifier: Apache-2.0 */
/* config_parse.c and its parts: what is accepted, and line and message of what is not. */
/* Links: boot/config_parse.c boot/config_keys.c boot/config_value.c */
/* Links: boot/config_check.c hv/lib/fmt.c hv/lib/str.c */
#include "config_parse.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS "cpus = 0\nmemory = 64M\nkernel = k\n"

static struct config_file file;
static struct config_error error;

/* From an exact copy on the heap, so that a read beyond the end is seen. */
static enum hv_status parse(const char *text, size_t size)
{
	char *copy = malloc(size > 0 ? size : 1);
	enum hv_status status;

	memcpy(copy, text, size);
	status = config_parse(copy, size, &file, &error);
	free(copy);
	return status;
}

static void refused_bytes(const char *text, size_t size, uint32_t line, const char *message)
{
	TAP_EQUAL(parse(text, size), HV_INVALID);
	TAP_TEXT(error.message, message);
	TAP_EQUAL(error.line, line);
}

static void refused(const char *text, uint32_t line, const char *message)
{
	refused_bytes(text, strlen(text), line, message);
}

static const char design_example[] =
	"[hypervisor]\n"
	"log = info                        # error notice info debug\n"
	"console = uart0                   # uart0, framebuffer, both, none\n"
	"\n"
	"[partition mgmt]\n"
	"role = management                 # exactly one, or none\n"
	"cpus = 0\n"
	"memory = 512M\n"
	"kernel = vmlinuz                  # paths relative to this file\n"
	"initrd = mgmt.cpio.gz\n"
	"cmdline = console=ttyS0\n"
	"\n"
	"[partition alpha]\n"
	"cpus = 1-2\n"
	"memory = 256M\n"
	"kernel = vmlinuz\n"
	"initrd = small.cpio.gz\n"
	"cmdline = console=ttyS0\n"
	"on_crash = restart                # stop (default), restart, halt-machine\n"
	"devices = console, net0           # paravirtual devices, and pci 00:03.0 for a real one\n"
	"autostart = yes\n";

static void test_example(void)
{
	const struct config_partition *mgmt = &file.config.partitions[0];
	const struct config_partition *alpha = &file.config.partitions[1];

	TAP_EQUAL(parse(design_example, sizeof(design_example) - 1), HV_OK);
	TAP_EQUAL(file.config.log_level, CONFIG_LOG_INFO);
	TAP_EQUAL(file.config.console, CONFIG_CONSOLE_UART0);
	TAP_EQUAL(file.config.partition_count, 2);
	TAP_TEXT(mgmt->name, "mgmt");
	TAP_EQUAL(mgmt->flags, CONFIG_PARTITION_MANAGEMENT | CONFIG_PARTITION_AUTOSTART);
	TAP_EQUAL(mgmt->cpus, 1);
	TAP_EQUAL(mgmt->memory, UINT64_C(512) << 20);
	TAP_EQUAL(file.sources[0].kernel.length, 7);
	TAP_CHECK(memcmp(design_example + file.sources[0].kernel.offset, "vmlinuz", 7) == 0);
	TAP_EQUAL(file.sources[0].cmdline.length, strlen("console=ttyS0"));
	TAP_EQUAL(file.sources[0].kernel_module, CONFIG_FILE_NONE);
	TAP_EQUAL(file.sources[0].line, 5);
	TAP_EQUAL(file.sources[0].kernel_line, 9);
	TAP_EQUAL(alpha->cpus, 6);
	TAP_EQUAL(alpha->on_crash, CONFIG_CRASH_RESTART);
	TAP_EQUAL(alpha->devices, CONFIG_DEVICE_CONSOLE | CONFIG_DEVICE_NET0);
	TAP_EQUAL(alpha->flags, CONFIG_PARTITION_AUTOSTART);
}

static void test_every_key(void)
{
	static const char text[] =
		"\xef\xbb\xbf# first\r\n[ hypervisor ]\r\nlog=error\r\nconsole=both\r\n"
		"mode = bare-metal\r\ntest_exit = yes\r\nhuge_pages = always\r\n[partition  "
		"a_B-9]\r\nrole = guest\r\n"
		"cpus = 0, 3 ,5-7\r\nmemory = 3G\r\nkernel = dir/sub\\k\r\n"
		"cmdline = a=\"b # c\" d#e\r\non_crash = halt-machine\r\n"
		"devices=entropy,block0, channel0 ,pci 00:03.0, pci fF:1f.7\r\nautostart = no\r\n"
		"disk0 = d\r\nconsole = uart0\r\ndma = trusted";
	const struct config_partition *partition = &file.config.partitions[0];

	TAP_EQUAL(parse(text, sizeof(text) - 1), HV_OK);
	TAP_EQUAL(file.config.log_level, CONFIG_LOG_ERROR);
	TAP_EQUAL(file.config.console, CONFIG_CONSOLE_BOTH);
	TAP_EQUAL(file.mode, CONFIG_MODE_BARE_METAL);
	TAP_EQUAL(file.config.test_exit, 1);
	TAP_EQUAL(file.config.huge_pages, CONFIG_HUGE_PAGES_ALWAYS);
	TAP_TEXT(partition->name, "a_B-9");
	TAP_EQUAL(partition->cpus, 0xe9);
	TAP_EQUAL(partition->memory, UINT64_C(3) << 30);
	TAP_EQUAL(partition->on_crash, CONFIG_CRASH_HALT_MACHINE);
	TAP_EQUAL(partition->devices,
		  CONFIG_DEVICE_ENTROPY | CONFIG_DEVICE_BLOCK0 | CONFIG_DEVICE_CHANNEL0);
	TAP_EQUAL(partition->pci_count, 2);
	TAP_EQUAL(partition->pci[0], 0x18);
	TAP_EQUAL(partition->pci[1], 0xffff);
	TAP_EQUAL(partition->flags, CONFIG_PARTITION_OWNS_UART0 | CONFIG_PARTITION_DMA_TRUSTED);
	/* The # behind a space ends the command line; the one inside a word would not. */
	TAP_EQUAL(file.sources[0].cmdline.length, strlen("a=\"b"));
	TAP_CHECK(memcmp(text + file.sources[0].cmdline.offset, "a=\"b", 4) == 0);
}

static void test_defaults(void)
{
	TAP_EQUAL(parse("[partition a]\n" KEYS "cmdline =\n", strlen("[partition a]\n" KEYS) + 10),
		  HV_OK);
	TAP_EQUAL(file.config.log_level, CONFIG_LOG_INFO);
	TAP_EQUAL(file.config.console, CONFIG_CONSOLE_UART0);
	TAP_EQUAL(file.mode, CONFIG_MODE_PARTITIONS);
	TAP_EQUAL(file.config.test_exit, 0);
	TAP_EQUAL(file.config.huge_pages, CONFIG_HUGE_PAGES_SAFE);
	TAP_EQUAL(file.config.partitions[0].flags, CONFIG_PARTITION_AUTOSTART);
	TAP_EQUAL(file.config.partitions[0].on_crash, CONFIG_CRASH_STOP);
	TAP_EQUAL(file.sources[0].initrd.length, 0);
	TAP_EQUAL(file.sources[0].cmdline.length, 0);
	TAP_EQUAL(file.sources[0].initrd_module, CONFIG_FILE_NONE);
	TAP_EQUAL(parse("[partition a]\n" KEYS "console=uart0-alone",
			strlen("[partition a]\n" KEYS) + 19),
		  HV_OK);
	TAP_EQUAL(file.config.partitions[0].flags & ~CONFIG_PARTITION_AUTOSTART,
		  CONFIG_PARTITION_OWNS_UART0 | CONFIG_PARTITION_UART0_ALONE);
}

static void test_lines(void)
{
	refused("", 1, "no [partition NAME] section in the file");
	refused("# nothing\n\n", 3, "no [partition NAME] section in the file");
	refused("\nlog = info\n", 2, "key `log` before the first [section]");
	refused("[hypervisor]\nlog info\n", 2, "`log info` is neither [section] nor key = value");
	refused("[hypervisor\n", 1, "section without its closing ]");
	refused("[", 1, "section without its closing ]");
	refused("[]", 1, "unknown section []: there are [hypervisor] and [partition NAME]");
	refused("\n[machine]\n", 2,
		"unknown section [machine]: there are [hypervisor] and [partition NAME]");
	refused("[hypervisor]\n[hypervisor]\n", 2, "[hypervisor] is there already, in line 1");
	refused("[hypervisor]\nlog = \x01\n", 2, "control character 0x01 in column 7");
	refused("[hypervisor]\nlog = info\x7f\n", 2, "control character 0x7f in column 11");
	refused("# a\rb\n", 1, "control character 0x0d in column 4");
	refused_bytes("[hypervisor]\n\0\n", 15, 2, "control character 0x00 in column 1");
	refused_bytes("# comment \0", 11, 1, "control character 0x00 in column 11");
}

static void test_keys(void)
{
	refused("[hypervisor]\ncpus = 1\n", 2, "unknown key `cpus` in a [hypervisor] section");
	refused("[hypervisor]\nLog = info\n", 2, "unknown key `Log` in a [hypervisor] section");
	refused("[partition a]\nmode = bare-metal\n", 2,
		"unknown key `mode` in a [partition] section");
	refused("[partition a]\nmem = 1\n", 2, "unknown key `mem` in a [partition] section");
	refused("[partition a]\n= 1\n", 2, "unknown key `` in a [partition] section");
	refused("[partition a]\ncpus = 0\n\ncpus = 1\n", 4, "`cpus` is given in line 2 already");
	refused("[partition a]\nkernel =\n", 2, "`kernel` has no value");
	refused("[partition a]\nkernel = # k\n", 2, "`kernel` has no value");
	refused("\n[partition a]\nmemory = 64M\nkernel = k\n", 2, "partition `a` has no `cpus`");
	refused("[partition a]\ncpus = 0\nkernel = k\n[partition b]\n" KEYS, 1,
		"partition `a` has no `memory`");
	refused("[partition a]\ncpus = 0\nmemory = 64M\n", 1, "partition `a` has no `kernel`");
}

static void test_choices(void)
{
	refused("[hypervisor]\nlog = loud\n", 2,
		"log is `loud`, but can only be error, notice, info or debug");
	refused("[hypervisor]\nconsole = vga\n", 2,
		"console is `vga`, but can only be none, uart0, framebuffer or both");
	refused("[hypervisor]\nmode = fast\n", 2,
		"mode is `fast`, but can only be partitions or bare-metal");
	refused("[hypervisor]\ntest_exit = 1\n", 2, "test_exit is `1`, but can only be no or yes");
	refused("[partition a]\nrole = root\n", 2,
		"role is `root`, but can only be guest or management");
	refused("[partition a]\non_crash = reboot\n", 2,
		"on_crash is `reboot`, but can only be stop, restart or halt-machine");
	refused("[partition a]\nautostart = maybe\n", 2,
		"autostart is `maybe`, but can only be no or yes");
	refused("[partition a]\nconsole = uart1\n", 2,
		"console is `uart1`, but can only be uart0 or uart0-alone");
	refused("[partition a]\ndma = yes\n", 2, "dma is `yes`, but can only be trusted");
}

static void test_names(void)
{
	refused("[partition]\n", 1, "partition name `` is not 1 to 31 of letters, digits, _ and -");
	refused("[partition a b]\n", 1,
		"partition name `a b` is not 1 to 31 of letters, digits, _ and -");
	refused("[partition a.b]\n", 1,
		"partition name `a.b` is not 1 to 31 of letters, digits, _ and -");
	refused("[partition 12345678901234567890123456789012]\n", 1,
		"partition name `12345678901234567890123456789012` is not 1 to 31 of letters, "
		"digits, "
		"_ and -");
	refused("[partition a]\n" KEYS "[partition a]\n", 5,
		"partition `a` is there already, in line 1");
	TAP_EQUAL(parse("[partition 1234567890123456789012345678901]\n" KEYS, 44 + strlen(KEYS)),
		  HV_OK);
	TAP_EQUAL(strlen(file.config.partitions[0].name), 31);
}

static void test_cpus(void)
{
	static const char *const malformed[] = {"x",
						"1-",
						"-1",
						"1,",
						",1",
						"1-2-3",
						"2-1",
						"0x1",
						"1 2",
						"1;2",
						"99999999999999999999"};
	char text[80];
	char message[120];

	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		snprintf(text, sizeof(text), "[partition a]\ncpus = %s\n", malformed[i]);
		snprintf(message, sizeof(message), "`%s` is no list of CPUs such as 0 or 1-2,4",
			 malformed[i]);
		refused(text, 2, message);
	}
	refused("[partition a]\ncpus = 0-64\n", 2, "CPU 64 is beyond the highest possible, 63");
	refused("[partition a]\ncpus = 1,0-2\n", 2, "CPU 1 is given twice in the list");
	refused("[partition a]\n" KEYS "\n[partition b]\nmemory = 64M\ncpus = 1,0\nkernel = k\n", 8,
		"CPU 0 is given to `a` in line 2 already");
	TAP_EQUAL(parse("[partition a]\ncpus = 0-63\nmemory = 4M\nkernel = k", 48), HV_OK);
	TAP_EQUAL(file.config.partitions[0].cpus, UINT64_MAX);
}

static void test_memory(void)
{
	refused("[partition a]\nmemory = 512\n", 2, "`512` is no size such as 512M or 1G");
	refused("[partition a]\nmemory = M\n", 2, "`M` is no size such as 512M or 1G");
	refused("[partition a]\nmemory = 1.5G\n", 2, "`1.5G` is no size such as 512M or 1G");
	refused("[partition a]\nmemory = -2M\n", 2, "`-2M` is no size such as 512M or 1G");
	refused("[partition a]\nmemory = 5M\n", 2, "memory of 5M is not a multiple of 2M");
	refused("[partition a]\nmemory = 2M\n", 2, "memory of 2M is less than 4M");
	refused("[partition a]\nmemory = 0G\n", 2, "memory of 0G is less than 4M");
	refused("[partition a]\nmemory = 65537G\n", 2, "memory of 65537G is more than 65536G");
	refused("[partition a]\nmemory = 17592186044416M\n", 2,
		"`17592186044416M` is no size such as 512M or 1G");
}

static void test_paths(void)
{
	char text[400] = "[partition a]\nkernel = ";

	refused("[partition a]\nkernel = /k\n", 2,
		"path `/k` is not relative to the configuration file");
	refused("[partition a]\ninitrd = ../k\n", 2, "path `../k` has a `..` in it");
	refused("[partition a]\nkernel = a/..\n", 2, "path `a/..` has a `..` in it");
	refused("[partition a]\nkernel = a\\..\\b\n", 2, "path `a\\..\\b` has a `..` in it");
	refused("[partition a]\nkernel = a//b\n", 2, "path `a//b` has an empty part");
	refused("[partition a]\nkernel = a/\n", 2, "path `a/` has an empty part");
	refused("[partition a]\nkernel = k\xc3\xa4\n", 2, "path has a character that is not ASCII");
	memset(text + strlen(text), 'k', 256);
	refused(text, 2, "path of 256 characters, longer than 255");
	text[strlen(text) - 1] = '\0';
	strcat(text, "\ncpus = 0\nmemory = 8M\n");
	TAP_EQUAL(parse(text, strlen(text)), HV_OK);
	TAP_EQUAL(parse("[partition a]\ncpus = 0\nmemory = 64M\nkernel = ..k/k..", 51), HV_OK);
}

static void test_devices(void)
{
	refused("[partition a]\ndevices = usb0\n", 2,
		"unknown device `usb0`: there are console, net0, block0, entropy, channel0 and pci "
		"BB:DD.F");
	refused("[partition a]\ndevices = net0, ,console\n", 2,
		"unknown device ``: there are console, net0, block0, entropy, channel0 and pci "
		"BB:DD.F");
	refused("[partition a]\ndevices = net0, net0\n", 2, "device `net0` is given twice");
	refused("[partition a]\ndevices = pci 0:3.0\n", 2,
		"`pci 0:3.0` is no PCI function such as pci 00:03.0");
	refused("[partition a]\ndevices = pci 00:20.0\n", 2,
		"`pci 00:20.0` is no PCI function such as pci 00:03.0");
	refused("[partition a]\ndevices = pci 00:1f.8\n", 2,
		"`pci 00:1f.8` is no PCI function such as pci 00:03.0");
	refused("[partition a]\ndevices = pci 00:03.0, pci 00:03.0\n", 2,
		"device `pci 00:03.0` is given twice");
	refused("[partition a]\n" KEYS
		"devices = pci 01:02.3\n[partition b]\ndevices = pci 01:02.3\n",
		7, "pci 01:02.3 is given to `a` already");
	refused("[partition a]\ndevices = pci 00:00.0,pci 00:01.0,pci 00:02.0,pci 00:03.0,"
		"pci 00:04.0,pci 00:05.0,pci 00:06.0,pci 00:07.0,pci 00:08.0\n",
		2, "more than 8 PCI functions in one partition");
}

static void test_only_one(void)
{
	refused("[partition a]\nrole = management\n" KEYS "[partition b]\nrole = management\n", 7,
		"the management partition is partition `a` of line 1 already");
	refused("[partition a]\n" KEYS "console = uart0\n[partition b]\n\nconsole = uart0\n", 8,
		"the owner of uart0 is partition `a` of line 1 already");
}

static void test_limits(void)
{
	char *text = calloc(1, CONFIG_TEXT_MAX + 2);
	size_t length = 0;

	for (unsigned int i = 0; i <= CONFIG_PARTITION_MAX; i++) {
		length += (size_t)sprintf(text + length,
					  "[partition p%u]\ncpus = %u\nmemory = 4M\nkernel = k\n",
					  i, i);
	}
	refused_bytes(text, length, 129, "more than 32 partitions");
	length = (size_t)sprintf(text, "[partition a]\ncmdline = ");
	memset(text + length, 'c', CONFIG_CMDLINE_MAX + 1);
	refused_bytes(text, length + CONFIG_CMDLINE_MAX + 1, 2,
		      "command line of 2048 characters, longer than 2047");
	memset(text, '\n', CONFIG_TEXT_MAX + 1);
	refused_bytes(text, CONFIG_TEXT_MAX + 1, 1, "file of 1048577 bytes, longer than 1048576");
	refused_bytes(text, CONFIG_TEXT_MAX, 1048577, "no [partition NAME] section in the file");
	free(text);
}

static void test_machine(void)
{
	TAP_EQUAL(parse(design_example, sizeof(design_example) - 1), HV_OK);
	TAP_EQUAL(config_check_machine(&file, 3, UINT64_C(768) << 20, &error), HV_OK);
	TAP_EQUAL(config_check_machine(&file, 2, UINT64_C(768) << 20, &error), HV_INVALID);
	TAP_EQUAL(error.line, 14);
	TAP_TEXT(error.message,
		 "partition `alpha` asks for CPU 2, but the machine has 2 CPUs, counted "
		 "from 0");
	TAP_EQUAL(config_check_machine(&file, 3, UINT64_C(766) << 20, &error), HV_INVALID);
	TAP_EQUAL(error.line, 15);
	TAP_TEXT(error.message,
		 "partition `alpha` asks for 256 MiB, but of the machine's 766 MiB free "
		 "RAM only 254 MiB are left for it");
	TAP_EQUAL(config_check_machine(&file, 3, UINT64_C(100) << 20, &error), HV_INVALID);
	TAP_EQUAL(error.line, 8);
	file.config.partitions[0].devices |= CONFIG_DEVICE_CHANNEL0; /* 2 MiB, once */
	file.config.partitions[1].devices |= CONFIG_DEVICE_CHANNEL0;
	TAP_EQUAL(config_check_machine(&file, 3, UINT64_C(770) << 20, &error), HV_OK);
	TAP_EQUAL(config_check_machine(&file, 3, UINT64_C(768) << 20, &error), HV_INVALID);
	TAP_EQUAL(error.line, 15);
	TAP_EQUAL(config_check_machine(&file, 3, UINT64_C(512) << 20, &error), HV_INVALID);
	TAP_TEXT(error.message,
		 "partition `mgmt` asks for 514 MiB with its channel, but of the machine's "
		 "512 MiB free RAM only 512 MiB are left for it");
}

/* Every prefix, and every prefix with one byte changed: no crash, and errors have a line. */
static void test_prefixes(void)
{
	char text[sizeof(design_example)];

	for (size_t size = 0; size < sizeof(design_example); size++) {
		memcpy(text, design_example, sizeof(text));
		for (int round = 0; round < 2; round++) {
			if (parse(text, size) != HV_OK &&
			    (error.line == 0 || error.message[0] == '\0')) {
				TAP_CHECK(error.line != 0 && error.message[0] != '\0');
				return;
			}
			text[size > 0 ? size - 1 : 0] ^= 0x5f;
		}
	}
}

static const struct tap_case cases[] = {
	{"the example of the design", test_example},
	{"every key; CRLF, BOM, odd spacing, no newline at the end", test_every_key},
	{"defaults, and one console of two words", test_defaults},
	{"malformed lines and sections", test_lines},
	{"unknown, repeated, empty and missing keys", test_keys},
	{"words that a key does not take", test_choices},
	{"partition names", test_names},
	{"lists of CPUs", test_cpus},
	{"sizes of memory", test_memory},
	{"paths", test_paths},
	{"devices", test_devices},
	{"what only one partition may have", test_only_one},
	{"limits", test_limits},
	{"too few CPUs, too little RAM", test_machine},
	{"every prefix of a file", test_prefixes},
};
TAP_MAIN(cases)
