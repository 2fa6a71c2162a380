/* SPDX-License-Identifier: Apache-2.0 */
/* linux.memoryPolicy: set_mempolicy(2). runtime-spec 1.3, config-linux.md "Memory policy". */
#pragma once

#include "error.h"
#include "json.h"

/* Words, and whether mode and nodes fit each other. */
int memory_policy_check(json *linux_config, struct error *e);
/* For the calling process; its cgroup's cpuset.mems must be in force. */
int memory_policy_apply(json *linux_config, struct error *e);
/* What is known, each ends in NULL. */
const char *const *memory_policy_modes(void);
const char *const *memory_policy_flags(void);
