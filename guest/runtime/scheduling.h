/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel runs the process: process.scheduler, process.ioPriority, process.execCPUAffinity,
 * linux.memoryPolicy and linux.personality. runtime-spec, config.md "Linux Process";
 * config-linux.md "Memory policy", "Personality".
 */
#pragma once

#include "error.h"
#include "json.h"

/* For the calling process, with the rights that it has before its capabilities are cut. */
int scheduling_apply(json *process, json *linux_config, struct error *e);
/* A list like "0-3,7" as process.execCPUAffinity has it, for the calling process; "": as it is. */
int scheduling_affinity(const char *list, struct error *e);
