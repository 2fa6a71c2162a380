/* SPDX-License-Identifier: Apache-2.0 */
/* Linked into the sanitizers' build: reports go to files, and leaks count for the daemon alone,
 * which ends in order; workers end with what they hold. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return strcmp(program_invocation_short_name, "bh-engine") == 0
		       ? "detect_leaks=1:log_path=" ASAN_REPORTS
		       : "detect_leaks=0:log_path=" ASAN_REPORTS;
}
