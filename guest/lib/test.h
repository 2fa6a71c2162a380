/* SPDX-License-Identifier: Apache-2.0 */
/* What a test file gives to the kernel it is linked into. */
#pragma once

struct guest_test {
	const char *name;
	void (*run)(void);
};

/* The kernel's tests, ended by a NULL name; suite.c or single.c defines it. */
extern const struct guest_test guest_tests[];

/* Runs when the command line names it only: it ends the partition, or never ends. */
extern const struct guest_test guest_endings[];
