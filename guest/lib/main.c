/* SPDX-License-Identifier: Apache-2.0 */
/* From start.asm to the tests and the end. */
#include "apic.h"
#include "boot.h"
#include "check.h"
#include "console.h"
#include "cpu.h"
#include "hypercall.h"
#include "report.h"
#include "smp.h"
#include "str.h"
#include "test.h"

#include <stddef.h>

#define LIST_MAX        256u
#define PIC_MASTER_DATA 0x21u
#define PIC_SLAVE_DATA  0xa1u

void guest_start(uint32_t magic, uint32_t information);

_Noreturn void check_failed(const char *expression, const char *file, int line)
{
	report_fail("check", "%s at %s:%d", expression, file, line);
	report_done();
}

/* Is `name` in the comma-separated list? */
static bool is_listed(const char *list, const char *name)
{
	while (*list != '\0') {
		size_t i = 0;

		while (name[i] != '\0' && list[i] == name[i]) {
			i++;
		}
		if (name[i] == '\0' && (list[i] == ',' || list[i] == '\0')) {
			return true;
		}
		while (*list != '\0' && *list++ != ',') {
		}
	}
	return false;
}

static uint32_t run_listed(const struct guest_test *tests, const char *list)
{
	uint32_t run_count = 0;

	for (const struct guest_test *test = tests; test->name != NULL; test++) {
		if (list == NULL || is_listed(list, test->name)) {
			report_begin(test->name);
			test->run();
			run_count++;
		}
	}
	return run_count;
}

/* Bare QEMU's firmware leaves the 8259s on; in a partition nobody owns these ports. */
static void mask_pic(void)
{
	cpu_outb(PIC_MASTER_DATA, 0xff);
	cpu_outb(PIC_SLAVE_DATA, 0xff);
}

/* `tests=a,b` on the command line picks; without it all of guest_tests run. */
void guest_start(uint32_t magic, uint32_t information)
{
	char list[LIST_MAX];
	uint32_t run_count;

	console_init();
	cpu_init(0);
	if (!boot_read(magic, information)) {
		report_fail("boot", "unknown magic 0x%x", magic);
		report_done();
	}
	mask_pic();
	apic_init();
	smp_init();
	console_print("START protocol=%s cpus=%u bulkhead=%u cmdline=%s\n", boot_data.protocol,
		      smp_count(), hypercall_is_present(), boot_data.cmdline);
	if (boot_option("tests", list, sizeof(list))) {
		run_count = run_listed(guest_tests, list) + run_listed(guest_endings, list);
	} else {
		run_count = run_listed(guest_tests, NULL);
	}
	report_begin("guest");
	if (run_count == 0) {
		report_fail("tests", "none of that name in this kernel");
	}
	report_done();
}
