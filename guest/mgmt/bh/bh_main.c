/* SPDX-License-Identifier: Apache-2.0 */
/* bh: the person's tool in the management partition. */
#include "bh.h"

#include "check.h"

#include <stdlib.h>
#include <unistd.h>
#include <x86intrin.h>

/* Of the code shared with the loader. */
_Noreturn void check_failed(const char *expression, const char *file, int line)
{
	fprintf(stderr, "bh: %s:%d: CHECK failed: %s; this is a defect of bh\n", file, line,
		expression);
	abort();
}

int main(int argc, char **argv)
{
	static struct bh bh;
	int result;

	bh.began = __rdtsc();
	bh.folder = BH_FOLDER;
	bh.cpus = BH_CPUS;
	bh.out = stdout;
	bh.errors = stderr;
	bh.input = STDIN_FILENO;
	bh.is_live = isatty(STDOUT_FILENO) != 0;
	bh.is_terminal = bh.is_live && getenv("NO_COLOR") == NULL;
	bh.shows_progress = isatty(STDERR_FILENO) != 0;
	result = bh_run(&bh, argc, argv);
	if (fflush(stdout) != 0 && result == BH_OK) {
		result = BH_FAILED;
	}
	return result;
}
