/* SPDX-License-Identifier: Apache-2.0 */
/* CHECK: invariants of our own. Never for what a guest, device or file can influence. */
#pragma once

/* Defined by whoever links: stops the machine (hypervisor), aborts (host tests, tools, loader). */
_Noreturn void check_failed(const char *expression, const char *file, int line);

#define CHECK(expression)                                                                          \
	do {                                                                                       \
		if (__builtin_expect(!(expression), 0)) {                                          \
			check_failed(#expression, __FILE__, __LINE__);                             \
		}                                                                                  \
	} while (0)
