/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of CPUs and memory nodes: "0-3,7". runtime-spec, config-linux.md "CPU". */
#pragma once

#define NUMBER_LIST_LIMIT                                                                          \
	1024 /* numbers are below it; that of cpu_set_t, and of nodes in Linux                     \
	      */
#define NUMBER_LIST_WORDS (NUMBER_LIST_LIMIT / (8 * sizeof(unsigned long)))

/* Sets the bits; the rest is left. -1: no such list. "" is an empty one. */
int number_list_read(const char *list, unsigned long bits[NUMBER_LIST_WORDS]);
