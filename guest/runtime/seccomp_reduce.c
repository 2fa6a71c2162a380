/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a filter shorter: the kernel translates every instruction of it for each container, and
 * most of libseccomp's decide one system call each. Neighbours with the same answer become one
 * interval of a search tree per machine; what looks at arguments is left to a rest that libseccomp
 * made of those calls alone. The new program is compared with the old one wherever an answer can
 * change, and is used only when it says the same.
 */
#include "seccomp_private.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#define OPEN      0x00010000u /* no action: the arguments decide, or the program is not understood */
#define FOREIGN   AUDIT_ARCH_AARCH64
#define NEAR_MAX  100 /* intervals that one jump of 8 bits surely passes */
#define REST_MARK UINT32_MAX

static bool is_taken(const struct sock_filter *now, uint32_t value)
{
	switch (BPF_OP(now->code)) {
	case BPF_JEQ:
		return value == now->k;
	case BPF_JGT:
		return value > now->k;
	default:
		return value >= now->k;
	}
}

/* The answer to a call; without `has_arguments` OPEN where it depends on them. */
static uint32_t answer(const struct seccomp_filter *filter, const struct seccomp_data *data,
		       bool has_arguments)
{
	uint32_t value = 0;

	for (size_t at = 0; at < filter->count; at++) {
		const struct sock_filter *now = &filter->code[at];
		switch (now->code) {
		case BPF_RET | BPF_K:
			return now->k;
		case BPF_LD | BPF_W | BPF_ABS:
			if (now->k > sizeof(*data) - sizeof(value) ||
			    (!has_arguments && now->k >= offsetof(struct seccomp_data, args))) {
				return OPEN;
			}
			memcpy(&value, (const char *)data + now->k, sizeof(value));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			value &= now->k;
			break;
		case BPF_JMP | BPF_JA:
			at += now->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
			at += is_taken(now, value) ? now->jt : now->jf;
			break;
		default:
			return OPEN;
		}
	}
	return OPEN;
}

uint32_t seccomp_answer(const struct seccomp_filter *filter, uint32_t machine, uint32_t number)
{
	struct seccomp_data data = {.nr = (int)number, .arch = machine};

	return answer(filter, &data, false);
}

bool seccomp_is_open(const struct seccomp_filter *filter, uint32_t machine, uint32_t number)
{
	return seccomp_answer(filter, machine, number) == OPEN;
}

static int compare(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left;
	uint32_t b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* All numbers where an answer can change: each that is compared with, and the one behind it.
 * Sorted. */
static uint32_t *change_points(const struct seccomp_filter *filter, size_t *count)
{
	uint32_t *points = memory_zeroed(filter->count * 2 + 1, sizeof(*points));
	size_t all = 1;

	for (size_t i = 0; i < filter->count; i++) {
		const struct sock_filter *now = &filter->code[i];
		if (BPF_CLASS(now->code) == BPF_JMP && now->code != (BPF_JMP | BPF_JA)) {
			points[all++] = now->k;
			points[all++] = now->k + 1;
		}
	}
	qsort(points, all, sizeof(*points), compare);
	*count = 0;
	for (size_t i = 0; i < all; i++) {
		if (i == 0 || points[i] != points[i - 1]) {
			points[(*count)++] = points[i];
		}
	}
	return points;
}

struct interval {
	uint32_t first;
	uint32_t answer;
};

struct output {
	struct sock_filter *code;
	size_t count;
	size_t room;
};

static size_t put(struct output *out, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (out->count == out->room) {
		out->room = out->room ? out->room * 2 : 256;
		out->code = memory_resize(out->code, out->room, sizeof(*out->code));
	}
	out->code[out->count] = (struct sock_filter){code, jt, jf, k};
	return out->count++;
}

static void put_leaf(struct output *out, uint32_t what)
{
	if (what == OPEN) {
		put(out, BPF_JMP | BPF_JA, 0, 0, REST_MARK);
	} else {
		put(out, BPF_RET | BPF_K, 0, 0, what);
	}
}

/* Halves the intervals until one is left; as deep as their number has bits. */
static void put_tree(struct output *out, const struct interval *list, size_t count)
{
	size_t half = count / 2;

	if (count == 1) {
		put_leaf(out, list->answer);
		return;
	}
	bool is_far = half > NEAR_MAX;
	size_t node = put(out, BPF_JMP | BPF_JGE | BPF_K, 0, is_far ? 1 : 0, list[half].first);
	size_t jump = is_far ? put(out, BPF_JMP | BPF_JA, 0, 0, 0) : 0;
	put_tree(out, list, half);
	if (is_far) {
		out->code[jump].k = (uint32_t)(out->count - jump - 1);
	} else {
		out->code[node].jt = (uint8_t)(out->count - node - 1);
	}
	put_tree(out, list + half, count - half);
}

static void put_machine(struct output *out, const struct seccomp_filter *filter, uint32_t machine,
			const uint32_t *points, size_t count)
{
	struct interval *list = memory_zeroed(count, sizeof(*list));
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t now = seccomp_answer(filter, machine, points[i]);
		if (!used || list[used - 1].answer != now) {
			list[used++] = (struct interval){points[i], now};
		}
	}
	put(out, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	put(out, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, machine);
	size_t over = put(out, BPF_JMP | BPF_JA, 0, 0, 0);
	put(out, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	put_tree(out, list, used);
	out->code[over].k = (uint32_t)(out->count - over - 1);
	free(list);
}

/* Both for one call, and where arguments decide, for each that a program compares with. */
static bool is_same(const struct seccomp_filter *old, const struct seccomp_filter *fresh,
		    uint32_t machine, uint32_t number, const uint32_t *points, size_t count)
{
	struct seccomp_data data = {.nr = (int)number, .arch = machine};
	uint32_t wanted = answer(old, &data, false);

	if (wanted != OPEN) {
		return answer(fresh, &data, false) == wanted;
	}
	for (size_t i = 0; i < count * 2; i++) {
		uint64_t value = points[i / 2] | (uint64_t)(i & 1) << 32;
		for (size_t k = 0; k < sizeof(data.args) / sizeof(data.args[0]); k++) {
			data.args[k] = value;
		}
		wanted = answer(old, &data, true);
		if (wanted == OPEN || answer(fresh, &data, true) != wanted) {
			return false;
		}
	}
	return true;
}

void seccomp_reduce(struct seccomp_filter *filter, const struct seccomp_filter *rest)
{
	static const uint32_t machines[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, FOREIGN};
	struct output out = {0};
	size_t count;
	uint32_t *points = change_points(filter, &count);
	bool is_good = true;

	put_machine(&out, filter, AUDIT_ARCH_X86_64, points, count);
	put_machine(&out, filter, AUDIT_ARCH_I386, points, count);
	size_t start = out.count;
	for (size_t i = 0; i < rest->count; i++) {
		put(&out, rest->code[i].code, rest->code[i].jt, rest->code[i].jf, rest->code[i].k);
	}
	for (size_t i = 0; i < start; i++) {
		if (out.code[i].code == (BPF_JMP | BPF_JA) && out.code[i].k == REST_MARK) {
			out.code[i].k = (uint32_t)(start - i - 1);
		}
	}
	struct seccomp_filter fresh = {out.code, out.count, filter->flags, false};
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		for (size_t k = 0; is_good && k < count; k++) {
			is_good = is_same(filter, &fresh, machines[i], points[k], points, count);
		}
	}
	free(points);
	if (is_good && fresh.count < filter->count) {
		free(filter->code);
		*filter = fresh;
	} else {
		free(out.code);
	}
}
