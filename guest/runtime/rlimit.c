/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of a process by name. */
#include "rlimit.h"
#include "process_names.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

/* The largest number of 64 bits is RLIM_INFINITY; -1 is taken for it too. */
static int read_value(json *object, const char *key, rlim_t *value)
{
	json *number = json_get(object, key);

	if (!json_object_is_type(number, json_type_int)) {
		return -1;
	}
	int64_t whole = json_object_get_int64(number);
	*value = whole < 0 ? RLIM_INFINITY : (rlim_t)json_object_get_uint64(number);
	return whole < -1 ? -1 : 0;
}

static int read_limit(json *source, int *number, struct rlimit *limit, uint64_t *seen,
		      struct error *e)
{
	const char *name = json_get_string(source, "type", "");

	*number = rlimit_number(name);
	if (*number < 0) {
		return error_set(e, 0, "process.rlimits: '%s' is not a limit of this system", name);
	}
	if (*seen >> *number & 1) {
		return error_set(e, 0, "process.rlimits: %s is there twice", name);
	}
	*seen |= UINT64_C(1) << *number;
	if (read_value(source, "hard", &limit->rlim_max) < 0 ||
	    read_value(source, "soft", &limit->rlim_cur) < 0) {
		return error_set(e, 0, "process.rlimits: %s needs the numbers soft and hard", name);
	}
	if (limit->rlim_cur > limit->rlim_max) {
		return error_set(e, 0, "process.rlimits: %s has a soft limit above the hard one",
				 name);
	}
	return 0;
}

static int set_limit(pid_t pid, const char *name, int number, const struct rlimit *limit,
		     struct error *e)
{
	struct rlimit now;

	if (prlimit(pid, (enum __rlimit_resource)number, limit, NULL) == 0) {
		return 0;
	}
	if (errno == EPERM && prlimit(pid, (enum __rlimit_resource)number, NULL, &now) == 0 &&
	    limit->rlim_max > now.rlim_max) {
		return error_set(e, 0,
				 "process.rlimits: cannot raise %s to %llu above this system's "
				 "%llu without CAP_SYS_RESOURCE",
				 name, (unsigned long long)limit->rlim_max,
				 (unsigned long long)now.rlim_max);
	}
	return error_set(e, errno, "process.rlimits: cannot set %s", name);
}

int rlimit_apply(json *process, pid_t pid, struct error *e)
{
	json *list = json_get(process, "rlimits");
	size_t count = json_count(list);
	struct rlimit limit;
	int number;

	for (int is_setting = 0; is_setting < 2; is_setting++) {
		uint64_t seen = 0;
		for (size_t i = 0; i < count; i++) {
			json *source = json_at(list, i);
			if (read_limit(source, &number, &limit, &seen, e) < 0 ||
			    (is_setting && set_limit(pid, json_get_string(source, "type", ""),
						     number, &limit, e) < 0)) {
				return -1;
			}
		}
	}
	return 0;
}
