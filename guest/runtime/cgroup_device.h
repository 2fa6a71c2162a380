/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which devices a cgroup's processes may open and make: `linux.resources.devices` of runtime-spec
 * as an eBPF program of the cgroup (Linux, "BPF_PROG_TYPE_CGROUP_DEVICE").
 */
#pragma once

#include <stddef.h>

#include "error.h"
#include "json.h"

struct bpf_insn;

struct device_program {
	struct bpf_insn *code; /* owned; NULL where everything is allowed */
	size_t count;
	size_t room;
};

/*
 * The program of the rules, of which the last that matches counts, for reading, writing and mknod
 * each by itself. What no rule names is denied. Behind the rules stand those of the devices that
 * every container has: null, zero, full, random, urandom, tty, console, ptmx, terminals, and mknod
 * of all. `rules` may be NULL.
 */
int cgroup_device_program(struct device_program *program, json *rules, struct error *e);
void cgroup_device_free(struct device_program *program);

/*
 * Puts the program in place of what hangs at the cgroup (a directory's descriptor) itself; programs
 * of cgroups above go on to count as well. An empty program takes it off. At no moment is there
 * none.
 */
int cgroup_device_attach(int cgroup, const struct device_program *program, struct error *e);
