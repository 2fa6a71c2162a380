/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of seccomp_filter.h: the compiler and the cache. */
#pragma once

#include <seccomp.h>
#include <stdint.h>
#include <linux/filter.h>

#include "seccomp_filter.h"
#include "text.h"

#define SECCOMP_PROGRAM_LIMIT BPF_MAXINSNS

/* By libseccomp, without looking at the cache. */
int seccomp_compile(json *profile, struct seccomp_filter *out, struct error *e);
/* The profile's flags; absent ones mean SPEC_ALLOW, as runc has it. */
int seccomp_read_flags(json *profile, unsigned int *flags, struct error *e);
/* An action of libseccomp with the number beside it, EPERM when absent. */
int seccomp_read_action(json *object, const char *action_key, const char *errno_key,
			uint32_t *action, struct error *e);
int seccomp_read_comparison(json *source, struct scmp_arg_cmp *comparison, struct error *e);
/* Puts in front: what is newer than the profile fails with ENOSYS. `last` is the highest number
 * that it names of x86_64, i386 and x32 (without its bit); 0: that machine is left alone. */
struct seccomp_newest {
	unsigned int x86_64;
	unsigned int i386;
	unsigned int x32;
};
void seccomp_prepend_enosys(struct seccomp_filter *filter, const struct seccomp_newest *last);

/* SECCOMP_RET_* for a call on a machine (AUDIT_ARCH_*), where it does not depend on the arguments.
 */
uint32_t seccomp_answer(const struct seccomp_filter *filter, uint32_t machine, uint32_t number);
/* It does, or cannot be told. */
bool seccomp_is_open(const struct seccomp_filter *filter, uint32_t machine, uint32_t number);
/* A shorter program that says the same, where there is one. `rest` decides those calls that are
 * open. */
void seccomp_reduce(struct seccomp_filter *filter, const struct seccomp_filter *rest);

/* All that the profile says, in bytes that are the same for the same profile and for no other. */
void seccomp_key(json *profile, struct text *key);
/* -1 where it is not there or not to be trusted. */
int seccomp_cache_read(const char *dir, const struct text *key, struct seccomp_filter *out);
void seccomp_cache_write(const char *dir, const struct text *key,
			 const struct seccomp_filter *filter);
