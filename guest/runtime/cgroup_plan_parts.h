/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of cgroup_plan.h share. */
#pragma once

#include "cgroup_plan.h"

struct plan_maker {
	struct cgroup_plan *plan;
	json *resources;
	const struct cgroup_now *now;
	struct error *e;
};

/* A whole number: 1 and *value, 0 where it is missing or null, -1 with an error for anything else.
 * `where` names the object for the message. What does not fit is INT64_MAX. */
int plan_number(struct plan_maker *maker, json *object, const char *where, const char *key,
		int64_t *value);
/* The next write; the value by printf. */
struct cgroup_write *plan_add(struct cgroup_plan *plan, const char *file, bool may_miss,
			      const char *format, ...) __attribute__((format(printf, 4, 5)));

int plan_block_io(struct plan_maker *maker);
int plan_hugetlb(struct plan_maker *maker);
int plan_rdma(struct plan_maker *maker);
int plan_unified(struct plan_maker *maker);
