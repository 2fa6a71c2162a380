/* SPDX-License-Identifier: Apache-2.0 */
/* Filters: from the cache or the compiler into the kernel. */
#include "seccomp_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/seccomp.h>

#include "runtime.h"

static int refuse_notify(json *profile, struct error *e)
{
	if (*json_get_string(profile, "listenerPath", "")) {
		return error_set(e, 0,
				 "linux.seccomp.listenerPath: a profile that asks another program "
				 "(SCMP_ACT_NOTIFY) is not supported; use SCMP_ACT_ERRNO instead");
	}
	return 0;
}

int seccomp_load_filter(json *linux_seccomp, const char *cache_dir, struct seccomp_filter *out,
			struct error *e)
{
	struct text key = {0};
	int result;

	*out = (struct seccomp_filter){0};
	if (!linux_seccomp) {
		return 0;
	}
	if (!json_object_is_type(linux_seccomp, json_type_object)) {
		return error_set(e, 0, "linux.seccomp is not an object");
	}
	if (refuse_notify(linux_seccomp, e) < 0) {
		return -1;
	}
	if (cache_dir) {
		text_puts(&key, RUNTIME_VERSION);
		seccomp_key(linux_seccomp, &key);
		if (seccomp_cache_read(cache_dir, &key, out) == 0) {
			text_free(&key);
			return 0;
		}
	}
	result = seccomp_compile(linux_seccomp, out, e);
	if (result == 0 && cache_dir) {
		seccomp_cache_write(cache_dir, &key, out);
	}
	text_free(&key);
	if (result < 0) {
		seccomp_free(out);
	}
	return result;
}

/* Unlike what seccomp_key() makes, which follows the version at once. */
static void text_key(const char *profile, size_t length, struct text *key)
{
	text_puts(key, RUNTIME_VERSION " text ");
	text_add(key, profile, length);
}

int seccomp_load_text(const char *profile, size_t length, const char *cache_dir,
		      struct seccomp_filter *out)
{
	struct text key = {0};

	text_key(profile, length, &key);
	int result = seccomp_cache_read(cache_dir, &key, out);
	text_free(&key);
	return result;
}

void seccomp_keep_text(const char *profile, size_t length, const char *cache_dir,
		       const struct seccomp_filter *filter)
{
	struct text key = {0};

	text_key(profile, length, &key);
	seccomp_cache_write(cache_dir, &key, filter);
	text_free(&key);
}

int seccomp_install(const struct seccomp_filter *filter, struct error *e)
{
	struct sock_fprog program = {
		.len = (unsigned short)filter->count,
		.filter = filter->code,
	};

	if (!filter->code) {
		return 0;
	}
	long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter->flags, &program);
	if (result == 0) {
		return 0;
	}
	if (result > 0) {
		return error_set(e, 0, "cannot install the seccomp filter: thread %ld has another",
				 result);
	}
	if (errno == EACCES) {
		return error_set(e, 0,
				 "cannot install the seccomp filter without CAP_SYS_ADMIN: set "
				 "process.noNewPrivileges");
	}
	return error_set(e, errno, "cannot install the seccomp filter");
}

void seccomp_free(struct seccomp_filter *filter)
{
	free(filter->code);
	*filter = (struct seccomp_filter){0};
}
