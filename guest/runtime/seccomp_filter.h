/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System call filters: `linux.seccomp` of runtime-spec, compiled by libseccomp once and kept as a
 * BPF program; seccomp(2).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "json.h"

struct sock_filter;

struct seccomp_filter {
	struct sock_filter *code; /* owned; NULL: no filter */
	size_t count;
	unsigned int flags; /* SECCOMP_FILTER_FLAG_* */
	bool is_cached;     /* it came from the cache */
};

/*
 * The filter of a profile; of NULL: none. Names of system calls that are not known are left out, as
 * runc does; calls that are newer than all that the profile names fail with ENOSYS where its
 * default is an error, so that a C library can fall back. `cache_dir` (NULL: none) is made, and
 * trusted only when nobody but the caller can write it; the same goes for its files, which hold the
 * whole profile beside the program. A cache that does not work is no error.
 */
int seccomp_load_filter(json *linux_seccomp, const char *cache_dir, struct seccomp_filter *out,
			struct error *e);
/* The filter that was kept for this very text of a profile; -1 where there is none. */
int seccomp_load_text(const char *profile, size_t length, const char *cache_dir,
		      struct seccomp_filter *out);
/* Keeps the filter of that text; what does not work is slower, no more. */
void seccomp_keep_text(const char *profile, size_t length, const char *cache_dir,
		       const struct seccomp_filter *filter);
/* For the calling thread, and for all time. Needs no_new_privs or CAP_SYS_ADMIN. */
int seccomp_install(const struct seccomp_filter *filter, struct error *e);
void seccomp_free(struct seccomp_filter *filter);
