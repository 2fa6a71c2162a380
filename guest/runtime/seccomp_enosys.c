/* SPDX-License-Identifier: Apache-2.0 */
/* What a filter answers to system calls that are newer than its profile. */
#include "seccomp_private.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#define X32_BIT 0x40000000u

/* Longest form of what is put in front. */
#define FRONT_LIMIT 16

struct front {
	struct sock_filter code[FRONT_LIMIT];
	size_t count;
};

static void add(struct front *front, struct sock_filter instruction)
{
	front->code[front->count++] = instruction;
}

static void add_load(struct front *front, size_t offset)
{
	add(front, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* Behind the number that was loaded: from `first` on, what is above `last` is answered, the rest
 * goes on. */
static void add_answer(struct front *front, uint32_t last)
{
	add(front, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 0, 1));
	add(front, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
}

void seccomp_prepend_enosys(struct seccomp_filter *filter, const struct seccomp_newest *last)
{
	struct front front = {0};
	bool has_x32 = last->x32 != 0;

	if (!last->x86_64) {
		return;
	}
	add_load(&front, offsetof(struct seccomp_data, arch));
	if (last->i386) {
		add(&front,
		    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0, 3));
		add_load(&front, offsetof(struct seccomp_data, nr));
		add_answer(&front, last->i386);
	}
	/* i386 falls through to here with a number in place of the machine, which is none. */
	uint8_t over = (uint8_t)(has_x32 ? 7 : 4);
	add(&front,
	    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, over));
	add_load(&front, offsetof(struct seccomp_data, nr));
	if (has_x32) {
		add(&front, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 2));
		add_answer(&front, last->x32 | X32_BIT);
		add(&front, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 2, 0));
	} else {
		add(&front, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 2, 0));
	}
	add_answer(&front, last->x86_64);

	if (filter->count + front.count > SECCOMP_PROGRAM_LIMIT) {
		return;
	}
	struct sock_filter *code = memory_zeroed(filter->count + front.count, sizeof(*code));
	memcpy(code, front.code, front.count * sizeof(*code));
	memcpy(code + front.count, filter->code, filter->count * sizeof(*code));
	free(filter->code);
	filter->code = code;
	filter->count += front.count;
}
