/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's entry: where a command will enter a container, the program starts again from a
 * read-only mount before the C library has begun, whose start is a good part of a short run. Only
 * what needs no library is used: no thread-local storage, no function that the loader resolves.
 * What fails here is done by sealed_enter() with words.
 */
#include <fcntl.h>
#include <linux/auxvec.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include "sealed.h"

#define EARLY    __attribute__((no_stack_protector))
#define MS_READ  1 /* ST_RDONLY */
#define OPERANDS 64
#define FD_LIMIT (1 << 24)
#define SELF     "/proc/self/exe"

bool sealed_from_start;
int sealed_fd = -1;

EARLY static long call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

/* Volatile, so that no library function is put in its place. */
EARLY static bool same(const volatile char *a, const volatile char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

EARLY static bool enters(char **argv)
{
	for (int i = 1; i < OPERANDS && argv[i]; i++) {
		if (same(argv[i], "create") || same(argv[i], "run") || same(argv[i], "exec")) {
			return true;
		}
	}
	return false;
}

EARLY static bool is_baseline(const volatile char *name)
{
	const volatile char *base = name;

	for (; *name; name++) {
		base = *name == '/' ? name + 1 : base;
	}
	return same(base, "bh-process");
}

/* execveat(2) of a descriptor alone leaves "/dev/fd/N" in the auxiliary vector, which lies behind
 * the environment. -1: it was another name. */
EARLY static int executed_fd(char **environment)
{
	const volatile char *prefix = "/dev/fd/", *name = prefix;
	int fd = 0;

	while (*environment) {
		environment++;
	}
	for (long *entry = (long *)(environment + 1); entry[0] != AT_NULL; entry += 2) {
		if (entry[0] == AT_EXECFN) {
			name = (const char *)entry[1];
		}
	}
	while (*prefix && *name == *prefix) {
		name++;
		prefix++;
	}
	if (*prefix || !*name) {
		return -1;
	}
	for (; *name >= '0' && *name <= '9' && fd < FD_LIMIT; name++) {
		fd = fd * 10 + (*name - '0');
	}
	return *name ? -1 : fd;
}

/* `stack` is as the kernel left it: argc, argv, NULL, environment, NULL. */
EARLY void sealed_early(long *stack)
{
	char **argv = (char **)(stack + 1);
	struct mount_attr attributes;
	struct statfs fs;

	if (stack[0] < 2 || is_baseline(argv[0]) || !enters(argv)) {
		return;
	}
	if (call(SYS_statfs, (long)SELF, (long)&fs, 0, 0, 0) < 0) {
		return;
	}
	if (fs.f_flags & MS_READ) {
		sealed_from_start = true;
		sealed_fd = executed_fd(argv + stack[0] + 1);
		if (sealed_fd >= 0) {
			call(SYS_fcntl, sealed_fd, F_SETFD, FD_CLOEXEC, 0, 0);
		}
		return;
	}
	/* Not closed by execveat(2): the end of a mount lets the kernel wait for all processors. */
	long tree = call(SYS_open_tree, AT_FDCWD, (long)SELF, OPEN_TREE_CLONE, 0, 0);
	if (tree < 0) {
		return;
	}
	attributes.attr_set = MOUNT_ATTR_RDONLY;
	attributes.attr_clr = attributes.propagation = attributes.userns_fd = 0;
	if (call(SYS_mount_setattr, tree, (long)"", AT_EMPTY_PATH, (long)&attributes,
		 sizeof(attributes)) == 0) {
		call(SYS_execveat, tree, (long)"", (long)argv, (long)(argv + stack[0] + 1),
		     AT_EMPTY_PATH);
	}
	call(SYS_close, tree, 0, 0, 0, 0);
}

/* void sealed_start(void): rsp is the kernel's, rdx goes on to _start; rdi, rsi, rax, rcx, r8 to
 * r11 are clobbered; the stack stays aligned to 16 bytes. */
__asm__(".text\n"
	".globl sealed_start\n"
	"sealed_start:\n"
	"	xorl %ebp, %ebp\n"
	"	movq %rsp, %rdi\n"
	"	pushq %rdx\n"
	"	pushq %rdx\n"
	"	call sealed_early\n"
	"	popq %rdx\n"
	"	popq %rdx\n"
	"	jmp _start\n");
