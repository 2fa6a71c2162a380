/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel with every test in it; `tests=a,b` on the command line picks. */
#include "test.h"

#include "tests.h"

#include <stddef.h>

const struct guest_test guest_tests[] = {
	{"hello", test_hello},
	{"cpuid", test_cpuid},
	{"msr", test_msr},
	{"port_io", test_port_io},
	{"uart", test_uart},
	{NULL, NULL},
};

const struct guest_test guest_endings[] = {
	{NULL, NULL},
};
