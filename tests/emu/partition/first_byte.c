/* SPDX-License-Identifier: Apache-2.0 */
/* first_byte NAME PROGRAM [ARGUMENT...]: runs the program and tells the TSC's ticks (instructions,
 * in an emulator that counts them) from before its start to its first byte of output, if there is
 * any, and to its end. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

int main(int argc, char **argv)
{
	char block[4096];
	int ends[2];
	int status;

	if (argc < 3 || pipe(ends) < 0) {
		return 2;
	}
	unsigned long long start = __rdtsc();
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	close(ends[1]);
	ssize_t count = read(ends[0], block, sizeof(block));
	unsigned long long first = __rdtsc() - start;
	while (read(ends[0], block, sizeof(block)) > 0) {
	}
	waitpid(pid, &status, 0);
	unsigned long long end = __rdtsc() - start;
	if (count < 0 || !WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "first_byte: %s: %zd bytes, status %#x\n", argv[1], count, status);
		return 1;
	}
	printf("ticks of a start as %s: ", argv[1]);
	if (count > 0) {
		printf("first byte %llu, ", first);
	}
	printf("end %llu\n", end);
	return 0;
}
