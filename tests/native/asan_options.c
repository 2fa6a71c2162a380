/* SPDX-License-Identifier: Apache-2.0 */
/* Linked into the sanitizers' build: reports go to files, and leaks count for the daemon alone,
 * which ends in order; workers end with what they hold. */
#define _GNU_SOURCE
#include <errno.h>

const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	/* By hand: strcmp() is a function of the sanitizer's, which is not ready. */
	const char *name = program_invocation_short_name;

	return name && name[0] == 'b' && name[1] == 'h' && name[2] == '-' && name[3] == 'e'
		       ? "detect_leaks=1:quarantine_size_mb=16:log_path=" ASAN_REPORTS
		       : "detect_leaks=0:quarantine_size_mb=16:log_path=" ASAN_REPORTS;
}
