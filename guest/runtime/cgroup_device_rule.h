/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of cgroup_device.h: rules as numbers, and the program of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/bpf.h>

#include "cgroup_device.h"

#define ACCESS_ALL (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)
#define ANY        (-1)

struct device_rule {
	bool is_allow;
	int type;      /* BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_DEV_CHAR or ANY */
	int64_t major; /* or ANY */
	int64_t minor; /* or ANY */
	int access;    /* BPF_DEVCG_ACC_* */
};

/* The program of rules of which the first that matches an access counts; `is_allow` where none
 * does. */
void cgroup_device_emit(struct device_program *program, const struct device_rule *rules,
			size_t count, bool is_allow);
