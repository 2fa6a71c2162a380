/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a profile: actions, flags and comparisons. */
#include "seccomp_private.h"

#include <errno.h>
#include <string.h>
#include <linux/seccomp.h>

#define ARG_COUNT   6
#define ERRNO_LIMIT 4095

/* -1 for a name that is none. */
static int action_of(const char *name, uint32_t error_number, uint32_t *action, struct error *e)
{
	const struct {
		const char *name;
		uint32_t action;
	} actions[] = {
		{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
		{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(error_number)},
		{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
		{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
		{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
		{"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
		{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(error_number)},
		{"SCMP_ACT_LOG", SCMP_ACT_LOG},
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (!strcmp(name, actions[i].name)) {
			*action = actions[i].action;
			return 0;
		}
	}
	if (!strcmp(name, "SCMP_ACT_NOTIFY")) {
		return error_set(e, 0,
				 "linux.seccomp: SCMP_ACT_NOTIFY, which asks another program, is "
				 "not supported; use SCMP_ACT_ERRNO instead");
	}
	return error_set(e, 0, "linux.seccomp: '%s' is not an action", name);
}

int seccomp_read_action(json *object, const char *action_key, const char *errno_key,
			uint32_t *action, struct error *e)
{
	int64_t error_number = json_get_int(object, errno_key, EPERM);

	if (error_number < 0 || error_number > ERRNO_LIMIT) {
		return error_set(e, 0, "linux.seccomp: %s %lld is not from 0 to %d", errno_key,
				 (long long)error_number, ERRNO_LIMIT);
	}
	const char *name = json_get_string(object, action_key, "");
	if (json_get(object, errno_key) && *name && strcmp(name, "SCMP_ACT_ERRNO") &&
	    strcmp(name, "SCMP_ACT_TRACE")) {
		return error_set(e, 0, "linux.seccomp: %s takes no %s", name, errno_key);
	}
	return action_of(name, (uint32_t)error_number, action, e);
}

int seccomp_read_flags(json *profile, unsigned int *flags, struct error *e)
{
	static const struct {
		const char *name;
		unsigned int flag;
	} known[] = {
		{"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
		{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
		{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	};
	json *names = json_get_array(profile, "flags");

	*flags = names ? 0 : SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; i < json_count(names); i++) {
		const char *name = json_string_at(names, i);
		size_t k = 0;
		while (k < sizeof(known) / sizeof(known[0]) &&
		       strcmp(name ? name : "", known[k].name)) {
			k++;
		}
		if (k == sizeof(known) / sizeof(known[0])) {
			return error_set(e, 0, "linux.seccomp: the flag '%s' is not supported",
					 name ? name : "");
		}
		*flags |= known[k].flag;
	}
	return 0;
}

int seccomp_read_comparison(json *source, struct scmp_arg_cmp *comparison, struct error *e)
{
	static const struct {
		const char *name;
		enum scmp_compare op;
	} ops[] = {
		{"SCMP_CMP_NE", SCMP_CMP_NE},
		{"SCMP_CMP_LT", SCMP_CMP_LT},
		{"SCMP_CMP_LE", SCMP_CMP_LE},
		{"SCMP_CMP_EQ", SCMP_CMP_EQ},
		{"SCMP_CMP_GE", SCMP_CMP_GE},
		{"SCMP_CMP_GT", SCMP_CMP_GT},
		{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
	};
	const char *name = json_get_string(source, "op", "");
	int64_t index = json_get_int(source, "index", -1);

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (!strcmp(name, ops[i].name) && index >= 0 && index < ARG_COUNT) {
			*comparison = (struct scmp_arg_cmp){
				.arg = (unsigned int)index,
				.op = ops[i].op,
				.datum_a = json_object_get_uint64(json_get(source, "value")),
				.datum_b = json_object_get_uint64(json_get(source, "valueTwo")),
			};
			return 0;
		}
	}
	return error_set(e, 0,
			 "linux.seccomp: an argument needs an index up to %d and an op as "
			 "SCMP_CMP_EQ",
			 ARG_COUNT - 1);
}
