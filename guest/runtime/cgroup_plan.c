/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of runtime-spec as writes of cgroup v2: the machinery, processors, memory, processes. */
#include "cgroup_plan_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define SHARES_MIN       2
#define SHARES_MAX       262144
#define WEIGHT_MAX       10000
#define BLKIO_WEIGHT_MIN 10
#define BLKIO_WEIGHT_MAX 1000
#define PERIOD_DEFAULT   100000

int plan_number(struct plan_maker *maker, json *object, const char *where, const char *key,
		int64_t *value)
{
	json *found = json_get(object, key);

	if (!found) {
		return 0;
	}
	if (!json_object_is_type(found, json_type_int)) {
		return error_set(maker->e, 0, "linux.resources.%s: %s is not a whole number", where,
				 key);
	}
	*value = json_object_get_int64(found);
	return 1;
}

struct cgroup_write *plan_add(struct cgroup_plan *plan, const char *file, bool may_miss,
			      const char *format, ...)
{
	va_list arguments;

	if (plan->count == plan->room) {
		plan->room = plan->room ? plan->room * 2 : 16;
		plan->writes = memory_resize(plan->writes, plan->room, sizeof(*plan->writes));
	}
	struct cgroup_write *write = &plan->writes[plan->count++];
	va_start(arguments, format);
	*write = (struct cgroup_write){
		.file = text_copy(file),
		.value = text_vformat(format, arguments),
		.may_miss = may_miss,
	};
	va_end(arguments);
	return write;
}

uint64_t cgroup_weight_of_shares(uint64_t shares)
{
	if (shares == 0) {
		return 0;
	}
	if (shares <= SHARES_MIN) {
		return 1;
	}
	if (shares >= SHARES_MAX) {
		return WEIGHT_MAX;
	}
	/* A parabola of logarithms through (2, 1), (1024, 100) and (262144, 10000). */
	double power = log2((double)shares);
	double exponent = (power * power + 125 * power) / 612.0 - 7.0 / 34.0;
	return (uint64_t)ceil(pow(10, exponent));
}

uint64_t cgroup_weight_of_blkio(uint64_t weight)
{
	if (weight == 0) {
		return 0;
	}
	return 1 + (weight - BLKIO_WEIGHT_MIN) * (WEIGHT_MAX - 1) /
			   (BLKIO_WEIGHT_MAX - BLKIO_WEIGHT_MIN);
}

int cgroup_swap_of_total(int64_t total, int64_t memory, int64_t *swap, struct error *e)
{
	if (total <= 0) {
		*swap = total == 0 ? -2 : -1;
		return 0;
	}
	if (memory <= 0) {
		return error_set(e, 0,
				 "linux.resources.memory.swap is a limit of memory and swap "
				 "together: set memory.limit too");
	}
	if (total < memory) {
		return error_set(e, 0,
				 "linux.resources.memory.swap (%lld) counts memory and swap "
				 "together and cannot be below memory.limit (%lld)",
				 (long long)total, (long long)memory);
	}
	*swap = total - memory;
	return 0;
}

void cgroup_now_read(struct cgroup_now *now, const char *memory_max, const char *cpu_max,
		     const char *cpu_max_burst)
{
	char *end;

	now->burst = strtoull(cpu_max_burst, NULL, 10);
	now->memory = strncmp(memory_max, "max", 3) ? strtoll(memory_max, NULL, 10) : -1;
	if (!strncmp(cpu_max, "max", 3)) {
		now->quota = -1;
		now->period = strtoull(cpu_max + 3, NULL, 10);
	} else {
		now->quota = strtoll(cpu_max, &end, 10);
		now->period = strtoull(end, NULL, 10);
	}
}

static int plan_cpu_weight(struct plan_maker *maker, json *cpu)
{
	int64_t shares = 0;
	int64_t idle = 0;
	int has_shares = plan_number(maker, cpu, "cpu", "shares", &shares);
	int has_idle = plan_number(maker, cpu, "cpu", "idle", &idle);

	if (has_shares < 0 || has_idle < 0) {
		return -1;
	}
	if (shares < 0) {
		return error_set(maker->e, 0, "linux.resources.cpu.shares cannot be negative");
	}
	if (has_idle) {
		plan_add(maker->plan, "cpu.idle", idle == 0, "%lld", (long long)idle);
	}
	/* An idle cgroup has no weight. */
	if (shares > 0 && idle == 0) {
		plan_add(maker->plan, "cpu.weight", false, "%llu",
			 (unsigned long long)cgroup_weight_of_shares((uint64_t)shares));
	}
	return 0;
}

static int plan_cpu_quota(struct plan_maker *maker, json *cpu)
{
	int64_t quota = 0;
	int64_t period = 0;
	int64_t burst = 0;
	int has_burst = plan_number(maker, cpu, "cpu", "burst", &burst);

	if (plan_number(maker, cpu, "cpu", "quota", &quota) < 0 ||
	    plan_number(maker, cpu, "cpu", "period", &period) < 0 || has_burst < 0) {
		return -1;
	}
	if (period < 0 || burst < 0) {
		return error_set(maker->e, 0,
				 "linux.resources.cpu: period and burst cannot be negative");
	}
	if (quota || period) {
		quota = quota ? quota : maker->now->quota;
		period = period ? period : (int64_t)maker->now->period;
		period = period ? period : PERIOD_DEFAULT;
		if (quota > 0) {
			/* The kernel wants no burst above the quota. */
			if (!has_burst && maker->now->burst > (uint64_t)quota) {
				plan_add(maker->plan, "cpu.max.burst", true, "%lld",
					 (long long)quota);
			}
			plan_add(maker->plan, "cpu.max", false, "%lld %lld", (long long)quota,
				 (long long)period);
		} else {
			plan_add(maker->plan, "cpu.max", true, "max %lld", (long long)period);
		}
	}
	if (has_burst) {
		plan_add(maker->plan, "cpu.max.burst", burst == 0, "%lld", (long long)burst);
	}
	return 0;
}

static int plan_cpu(struct plan_maker *maker)
{
	static const char *const cpuset[][2] = {{"cpus", "cpuset.cpus"}, {"mems", "cpuset.mems"}};
	json *cpu = json_get(maker->resources, "cpu");
	int64_t realtime = 0;
	int64_t realtime_period = 0;

	if (plan_number(maker, cpu, "cpu", "realtimeRuntime", &realtime) < 0 ||
	    plan_number(maker, cpu, "cpu", "realtimePeriod", &realtime_period) < 0) {
		return -1;
	}
	if (realtime || realtime_period) {
		return error_set(maker->e, 0,
				 "linux.resources.cpu: cgroup v2 has no limit for real-time "
				 "processes; drop realtimeRuntime and realtimePeriod");
	}
	if (plan_cpu_weight(maker, cpu) < 0 || plan_cpu_quota(maker, cpu) < 0) {
		return -1;
	}
	for (size_t i = 0; i < sizeof(cpuset) / sizeof(cpuset[0]); i++) {
		const char *list = json_get_string(cpu, cpuset[i][0], "");
		if (*list) {
			plan_add(maker->plan, cpuset[i][1], false, "%s", list);
		}
	}
	return 0;
}

/* What cgroup v1 had and v2 has not. */
static int refuse_old_memory(struct plan_maker *maker, json *memory)
{
	if (json_get(memory, "swappiness")) {
		return error_set(maker->e, 0,
				 "linux.resources.memory.swappiness: cgroup v2 has none per "
				 "cgroup; leave it out, or set vm.swappiness on the host");
	}
	if (json_get_bool(memory, "disableOOMKiller", false)) {
		return error_set(maker->e, 0,
				 "linux.resources.memory.disableOOMKiller: cgroup v2 cannot turn "
				 "it off; leave it out, or raise memory.limit");
	}
	return 0;
}

static int plan_swap(struct plan_maker *maker, int64_t total, int64_t limit)
{
	int64_t swap;

	/* No limit of memory is none of swap. */
	total = total == 0 && limit < 0 ? -1 : total;
	if (cgroup_swap_of_total(total, limit ? limit : maker->now->memory, &swap, maker->e) < 0) {
		return -1;
	}
	if (swap >= 0) {
		plan_add(maker->plan, "memory.swap.max", false, "%lld", (long long)swap);
	} else if (swap == -1) {
		plan_add(maker->plan, "memory.swap.max", true, "max");
	}
	return 0;
}

static int plan_memory(struct plan_maker *maker)
{
	json *memory = json_get(maker->resources, "memory");
	int64_t limit = 0;
	int64_t swap = 0;
	int64_t reservation = 0;

	if (plan_number(maker, memory, "memory", "limit", &limit) < 0 ||
	    plan_number(maker, memory, "memory", "swap", &swap) < 0 ||
	    plan_number(maker, memory, "memory", "reservation", &reservation) < 0 ||
	    refuse_old_memory(maker, memory) < 0 || plan_swap(maker, swap, limit) < 0) {
		return -1;
	}
	if (limit > 0) {
		plan_add(maker->plan, "memory.max", false, "%lld", (long long)limit);
		if (json_get_bool(memory, "checkBeforeUpdate", false)) {
			maker->plan->must_fit = (uint64_t)limit;
		}
	} else if (limit < 0) {
		plan_add(maker->plan, "memory.max", true, "max");
	}
	if (reservation) {
		/* v1's "no soft limit" protects nothing. */
		plan_add(maker->plan, "memory.low", reservation < 0, "%lld",
			 reservation < 0 ? 0LL : (long long)reservation);
	}
	return 0;
}

static int plan_pids(struct plan_maker *maker)
{
	int64_t limit = 0;

	if (plan_number(maker, json_get(maker->resources, "pids"), "pids", "limit", &limit) < 0) {
		return -1;
	}
	if (limit > 0) {
		plan_add(maker->plan, "pids.max", false, "%lld", (long long)limit);
	} else if (limit < 0) {
		plan_add(maker->plan, "pids.max", true, "max");
	}
	return 0;
}

static int refuse_network(struct plan_maker *maker)
{
	json *network = json_get(maker->resources, "network");

	if (json_get_int(network, "classID", 0) || json_count(json_get(network, "priorities"))) {
		return error_set(maker->e, 0,
				 "linux.resources.network: cgroup v2 has neither class nor "
				 "priority; leave it out");
	}
	return 0;
}

int cgroup_plan_make(struct cgroup_plan *plan, json *resources, const struct cgroup_now *now,
		     struct error *e)
{
	static int (*const parts[])(struct plan_maker *) = {
		plan_cpu,     plan_memory, plan_pids,      plan_block_io,
		plan_hugetlb, plan_rdma,   refuse_network, plan_unified,
	};
	struct plan_maker maker = {plan, resources, now, e};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i](&maker) < 0) {
			return -1;
		}
	}
	return 0;
}

void cgroup_plan_free(struct cgroup_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->writes[i].file);
		free(plan->writes[i].value);
		free(plan->writes[i].other_file);
		free(plan->writes[i].other_value);
	}
	free(plan->writes);
	*plan = (struct cgroup_plan){0};
}
