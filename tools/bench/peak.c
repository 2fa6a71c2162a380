/* SPDX-License-Identifier: Apache-2.0 */
/* peak PROGRAM [ARGUMENT...]: runs it, and tells its largest resident set on standard error. A
 * process begins with the set of the one that started it, so this one is static and small. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;

	if (argc < 2) {
		fputs("usage: peak PROGRAM [ARGUMENT...]\n", stderr);
		return 2;
	}
	pid_t pid = fork();
	if (pid == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
		perror("peak");
		return 1;
	}
	fprintf(stderr, "peak %ld KiB\n", usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
