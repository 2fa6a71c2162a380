/* SPDX-License-Identifier: Apache-2.0 */
/* Boots, says so by both consoles, and checks what the boot protocol told. */
#include "boot.h"
#include "console.h"
#include "hypercall.h"
#include "report.h"
#include "str.h"
#include "tests.h"

#include <stddef.h>
#include <stdint.h>

#define GREETING   "hello by hypercall\n"
#define OPTION_MAX 32u

/* `protocol=NAME` on the command line names the one expected. */
static void check_protocol(void)
{
	char wanted[OPTION_MAX];

	if (boot_option("protocol", wanted, sizeof(wanted))) {
		report_true("protocol", str_equal(wanted, boot_data.protocol));
	}
}

/* `ram_mib=`: how much RAM there is. */
static void check_memory_map(void)
{
	uint64_t ram = 0;
	uint64_t wanted = boot_option_number("ram_mib", 0);

	for (uint32_t i = 0; i < boot_data.range_count; i++) {
		ram += boot_data.ranges[i].type == BOOT_RAM ? boot_data.ranges[i].size : 0;
	}
	report_true("memory-map", boot_data.range_count > 0);
	report_true("image-in-ram", boot_is_ram((uintptr_t)&boot_data));
	if (wanted != 0) {
		/* 0xA0000 to 0xFFFFF, and what the loader keeps for its own tables, is no RAM. */
		report_range("memory-size", ram >> 10, (wanted << 10) - 1024, wanted << 10);
	}
}

/* `module=TEXT` on the command line: the first module begins so. */
static void check_module(void)
{
	char wanted[OPTION_MAX];
	size_t length;

	if (!boot_option("module", wanted, sizeof(wanted))) {
		return;
	}
	length = str_length(wanted);
	if (boot_data.module_size < length) {
		report_fail("module", "%llu bytes", (unsigned long long)boot_data.module_size);
		return;
	}
	report_true("module",
		    memcmp((const void *)(uintptr_t)boot_data.module_base, wanted, length) == 0);
}

void test_hello(void)
{
	console_print("hello by %s\n", boot_data.protocol);
	check_protocol();
	check_memory_map();
	check_module();
	if (report_needs_bulkhead("console-hypercall")) {
		report_equal("console-hypercall",
			     (uint64_t)hypercall(HYPERCALL_CONSOLE_WRITE, (uintptr_t)GREETING,
						 sizeof(GREETING) - 1),
			     HYPERCALL_OK);
	}
}
