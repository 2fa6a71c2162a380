/* SPDX-License-Identifier: Apache-2.0 */
#include "memory_policy.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "number_list.h"

/* Later than the headers of Debian 12: Linux 6.9. */
#define WEIGHTED_INTERLEAVE 6
#define WORD_BITS           (8 * sizeof(unsigned long))

enum nodes {
	NO_NODES,
	ANY_NODES,
	SOME_NODES,
};

static const char *const mode_names[] = {"MPOL_DEFAULT",
					 "MPOL_PREFERRED",
					 "MPOL_BIND",
					 "MPOL_INTERLEAVE",
					 "MPOL_LOCAL",
					 "MPOL_PREFERRED_MANY",
					 "MPOL_WEIGHTED_INTERLEAVE",
					 NULL};
static const struct {
	unsigned mode;
	enum nodes nodes;
} modes[] = {{MPOL_DEFAULT, NO_NODES},         {MPOL_PREFERRED, ANY_NODES},
	     {MPOL_BIND, SOME_NODES},          {MPOL_INTERLEAVE, SOME_NODES},
	     {MPOL_LOCAL, NO_NODES},           {MPOL_PREFERRED_MANY, SOME_NODES},
	     {WEIGHTED_INTERLEAVE, SOME_NODES}};
static const char *const flag_names[] = {"MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES",
					 "MPOL_F_STATIC_NODES", NULL};
static const unsigned flags[] = {MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES};

struct policy {
	unsigned mode; /* with its flags */
	bool has_nodes;
	unsigned long nodes[NUMBER_LIST_WORDS];
};

const char *const *memory_policy_modes(void)
{
	return mode_names;
}

const char *const *memory_policy_flags(void)
{
	return flag_names;
}

/* Its place in the list, or -1. */
static int find(const char *const *names, const char *name)
{
	for (int i = 0; name && names[i]; i++) {
		if (!strcmp(names[i], name)) {
			return i;
		}
	}
	return -1;
}

static int read_flags(json *wanted, struct policy *p, struct error *e)
{
	json *list = json_get_array(wanted, "flags");

	for (size_t i = 0; i < json_count(list); i++) {
		const char *name = json_string_at(list, i);
		int flag = find(flag_names, name);
		if (flag < 0) {
			return error_set(e, 0, "linux.memoryPolicy.flags: there is no \"%s\"",
					 name ? name : "");
		}
		p->mode |= flags[flag];
	}
	return 0;
}

static int read_policy(json *wanted, struct policy *p, struct error *e)
{
	const char *name = json_get_string(wanted, "mode", "");
	const char *nodes = json_get_string(wanted, "nodes", "");
	int mode = find(mode_names, name);

	*p = (struct policy){.has_nodes = *nodes};
	if (mode < 0) {
		return error_set(e, 0, "linux.memoryPolicy.mode: there is no \"%s\"", name);
	}
	p->mode = modes[mode].mode;
	if (number_list_read(nodes, p->nodes) < 0) {
		return error_set(e, 0, "linux.memoryPolicy.nodes: \"%s\" is no list of nodes",
				 nodes);
	}
	if (modes[mode].nodes != ANY_NODES && (modes[mode].nodes == SOME_NODES) != p->has_nodes) {
		return error_set(e, 0, "linux.memoryPolicy.nodes: %s %s", name,
				 p->has_nodes ? "takes none" : "needs one or more");
	}
	return read_flags(wanted, p, e);
}

int memory_policy_check(json *linux_config, struct error *e)
{
	json *wanted = json_get(linux_config, "memoryPolicy");
	struct policy policy;

	return wanted ? read_policy(wanted, &policy, e) : 0;
}

int memory_policy_apply(json *linux_config, struct error *e)
{
	json *wanted = json_get_object(linux_config, "memoryPolicy");
	struct policy policy;

	if (!wanted) {
		return 0;
	}
	if (read_policy(wanted, &policy, e) < 0) {
		return -1;
	}
	/* The kernel takes one bit less than it is told of. */
	return syscall(SYS_set_mempolicy, policy.mode, policy.has_nodes ? policy.nodes : NULL,
		       policy.has_nodes ? NUMBER_LIST_WORDS * WORD_BITS + 1 : 0) < 0
		       ? error_set(e, errno,
				   "cannot set linux.memoryPolicy to %s of nodes \"%s\" (those "
				   "with memory are in /sys/devices/system/node/has_memory)",
				   json_get_string(wanted, "mode", ""),
				   json_get_string(wanted, "nodes", ""))
		       : 0;
}
