/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduler, I/O priority, memory policy, CPUs and personality of a process. */
#include "scheduling.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "memory_policy.h"
#include "number_list.h"

/* sched_setattr(2), version 0 of the struct. */
struct attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

struct word {
	const char *name;
	unsigned value;
};

#define WORDS_END                                                                                  \
	{                                                                                          \
		NULL, 0                                                                            \
	}

static int value_of(const struct word *words, const char *name, unsigned *value)
{
	for (; words->name; words++) {
		if (!strcmp(words->name, name)) {
			*value = words->value;
			return 0;
		}
	}
	return -1;
}

static int read_flags(json *list, uint64_t *flags, struct error *e)
{
	static const struct word words[] = {
		{"SCHED_FLAG_RESET_ON_FORK", 1},   {"SCHED_FLAG_RECLAIM", 2},
		{"SCHED_FLAG_DL_OVERRUN", 4},      {"SCHED_FLAG_KEEP_POLICY", 8},
		{"SCHED_FLAG_KEEP_PARAMS", 16},    {"SCHED_FLAG_UTIL_CLAMP_MIN", 32},
		{"SCHED_FLAG_UTIL_CLAMP_MAX", 64}, WORDS_END};

	for (size_t i = 0; i < json_count(list); i++) {
		const char *name = json_string_at(list, i);
		unsigned flag;
		if (!name || value_of(words, name, &flag) < 0) {
			return error_set(e, 0, "process.scheduler.flags: there is no \"%s\"",
					 name ? name : "");
		}
		*flags |= flag;
	}
	return 0;
}

static int set_scheduler(json *scheduler, struct error *e)
{
	static const struct word policies[] = {
		{"SCHED_OTHER", SCHED_OTHER}, {"SCHED_FIFO", SCHED_FIFO},
		{"SCHED_RR", SCHED_RR},       {"SCHED_BATCH", SCHED_BATCH},
		{"SCHED_IDLE", SCHED_IDLE},   {"SCHED_ISO", 4},
		{"SCHED_DEADLINE", 6},        WORDS_END};
	const char *policy = json_get_string(scheduler, "policy", "");
	struct attributes a = {.size = sizeof(a),
			       .nice = (int32_t)json_get_int(scheduler, "nice", 0),
			       .priority = (uint32_t)json_get_int(scheduler, "priority", 0),
			       .runtime = (uint64_t)json_get_int(scheduler, "runtime", 0),
			       .deadline = (uint64_t)json_get_int(scheduler, "deadline", 0),
			       .period = (uint64_t)json_get_int(scheduler, "period", 0)};

	if (!scheduler) {
		return 0;
	}
	if (value_of(policies, policy, &a.policy) < 0) {
		return error_set(e, 0, "process.scheduler.policy: there is no \"%s\"", policy);
	}
	if (read_flags(json_get_array(scheduler, "flags"), &a.flags, e) < 0) {
		return -1;
	}
	return syscall(SYS_sched_setattr, 0, &a, 0) < 0
		       ? error_set(e, errno, "cannot set process.scheduler to %s", policy)
		       : 0;
}

static int set_io_priority(json *priority, struct error *e)
{
	static const struct word classes[] = {{"IOPRIO_CLASS_RT", 1},
					      {"IOPRIO_CLASS_BE", 2},
					      {"IOPRIO_CLASS_IDLE", 3},
					      WORDS_END};
	const char *name = json_get_string(priority, "class", "");
	int64_t level = json_get_int(priority, "priority", 0);
	unsigned class;

	if (!priority) {
		return 0;
	}
	if (value_of(classes, name, &class) < 0 || level < 0 || level > 7) {
		return error_set(e, 0,
				 "process.ioPriority: class \"%s\", priority %lld; the latter is "
				 "0 to 7",
				 name, (long long)level);
	}
	/* ioprio_set(2): which is IOPRIO_WHO_PROCESS, the class lies above 13 bits of level. */
	return syscall(SYS_ioprio_set, 1, 0, class << 13 | (unsigned)level) < 0
		       ? error_set(e, errno, "cannot set process.ioPriority")
		       : 0;
}

static int set_personality(json *wanted, struct error *e)
{
	static const struct word domains[] = {
		{"LINUX", PER_LINUX}, {"LINUX32", PER_LINUX32}, WORDS_END};
	const char *domain = json_get_string(wanted, "domain", "");
	unsigned value;

	if (!wanted) {
		return 0;
	}
	if (value_of(domains, domain, &value) < 0 || json_count(json_get_array(wanted, "flags"))) {
		return error_set(e, 0,
				 "linux.personality: domain LINUX or LINUX32 without flags is "
				 "supported, not \"%s\"",
				 domain);
	}
	return personality(value) < 0 ? error_set(e, errno, "cannot set linux.personality") : 0;
}

int scheduling_affinity(const char *list, struct error *e)
{
	unsigned long cpus[NUMBER_LIST_WORDS] = {0};

	if (number_list_read(list, cpus) < 0) {
		return error_set(e, 0, "\"%s\" is no list of CPUs", list);
	}
	return *list && syscall(SYS_sched_setaffinity, 0, sizeof(cpus), cpus) < 0
		       ? error_set(e, errno, "cannot keep the process to CPUs %s", list)
		       : 0;
}

int scheduling_apply(json *process, json *linux_config, struct error *e)
{
	if (set_scheduler(json_get_object(process, "scheduler"), e) < 0 ||
	    set_io_priority(json_get_object(process, "ioPriority"), e) < 0) {
		return -1;
	}
	if (json_get(linux_config, "memoryPolicy") && memory_policy_apply(linux_config, e) < 0) {
		return -1;
	}
	return set_personality(json_get_object(linux_config, "personality"), e);
}
