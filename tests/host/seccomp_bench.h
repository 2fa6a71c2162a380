/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the programs of system call filters, for the tests of guest/runtime's seccomp. */
#pragma once

#include "tap.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include "seccomp_filter.h"

#define X32_BIT  0x40000000u
#define ERRNO(n) (SECCOMP_RET_ERRNO | (n))

static struct seccomp_filter filter;

static inline json *parse(const char *source)
{
	const char *why;
	json *value = json_parse(source, strlen(source), &why);

	TAP_CHECK(value != NULL);
	return value;
}

static inline int load_from(const char *source, const char *cache, struct error *e)
{
	json *profile = parse(source);

	seccomp_free(&filter);
	int result = seccomp_load_filter(profile, cache, &filter, e);
	json_object_put(profile);
	return result;
}

static inline bool compares(const struct sock_filter *now, uint32_t value)
{
	switch (BPF_OP(now->code)) {
	case BPF_JEQ:
		return value == now->k;
	case BPF_JGT:
		return value > now->k;
	case BPF_JGE:
		return value >= now->k;
	case BPF_JSET:
		return value & now->k;
	default:
		TAP_EQUAL(now->code, 0);
		return false;
	}
}

/* Classic BPF as far as filters use it. */
static inline uint32_t run(uint32_t arch, uint32_t number, uint64_t argument)
{
	struct seccomp_data data = {.nr = (int)number, .arch = arch, .args = {argument}};
	uint32_t value = 0;

	for (size_t at = 0; at < filter.count; at++) {
		const struct sock_filter *now = &filter.code[at];
		if (BPF_CLASS(now->code) == BPF_RET) {
			return now->k;
		}
		if (now->code == (BPF_LD | BPF_W | BPF_ABS)) {
			TAP_CHECK(now->k <= sizeof(data) - 4);
			memcpy(&value, (char *)&data + now->k, 4);
		} else if (now->code == (BPF_ALU | BPF_AND | BPF_K)) {
			value &= now->k;
		} else if (now->code == (BPF_JMP | BPF_JA)) {
			at += now->k;
		} else {
			at += compares(now, value) ? now->jt : now->jf;
		}
	}
	TAP_CHECK(!"the program has an end");
	return 0;
}

static inline uint32_t native(long number, uint64_t argument)
{
	return run(AUDIT_ARCH_X86_64, (uint32_t)number, argument);
}
