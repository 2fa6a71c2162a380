/* SPDX-License-Identifier: Apache-2.0 */
/* What it takes to make and start a partition: bh tells its stages, this the whole command. */
#include "bench.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#define ROUNDS    3 /* the first has page faults and empty caches of the kernel's besides */
#define OUTPUT    "/output"
#define SETTLE_US 300000 /* what was started prints, and ends */

/* Ticks from here until it has ended. */
static uint64_t run(char *const arguments[], int *status)
{
	uint64_t start = __rdtsc();
	pid_t child = vfork();

	if (child == 0) {
		execv("/bh", arguments);
		_exit(127);
	}
	waitpid(child, status, 0);
	return __rdtsc() - start;
}

/* What a command says comes when nobody else is printing. */
static uint64_t run_quietly(char *const arguments[], int *status)
{
	int own = dup(STDOUT_FILENO);
	int file = open(OUTPUT, O_CREAT | O_TRUNC | O_RDWR, 0600);
	char text[2048];
	uint64_t ticks;
	ssize_t size;

	dup2(file, STDOUT_FILENO);
	ticks = run(arguments, status);
	dup2(own, STDOUT_FILENO);
	close(own);
	usleep(SETTLE_US);
	size = pread(file, text, sizeof(text), 0);
	close(file);
	printf("%.*s", size > 0 ? (int)size : 0, text);
	fflush(stdout);
	return ticks;
}

static void info(void)
{
	char *const arguments[] = {"bh", "info", "--json", NULL};
	int status = -1;

	(void)run_quietly(arguments, &status);
}

static void measure(const char *name)
{
	char file[64];
	int status = -1;
	uint64_t ticks;

	snprintf(file, sizeof(file), "/life/%s.conf", name);
	for (int round = 1; round <= ROUNDS; round++) {
		char *const create[] = {"bh", "create", "-v", "-f", file, NULL};
		char *const inspect[] = {"bh", "inspect", (char *)name, NULL};
		char *const rm[] = {"bh", "rm", "--force", (char *)name, NULL};

		ticks = run_quietly(create, &status);
		printf("bench-init: life name=%s round=%d ticks=%" PRIu64 " status=%d\n", name,
		       round, ticks, status);
		(void)run_quietly(inspect, &status);
		info();
		(void)run_quietly(rm, &status);
		printf("bench-init: removed name=%s status=%d\n", name, status);
	}
}

void measure_life(void)
{
	mkdir("/run", 0755);
	info();
	measure("small");
	measure("large");
}
