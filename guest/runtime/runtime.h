/* SPDX-License-Identifier: Apache-2.0 */
/* One call of the program: what its global options said, and the commands. */
#pragma once

#include <stdbool.h>
#include "error.h"
#include "json.h"

#define RUNTIME_VERSION      "1.0"
#define RUNTIME_SPEC_VERSION "1.3.0"    /* opencontainers/runtime-spec that is followed */
#define CONFIG_LIMIT         (4u << 20) /* bytes of a config.json that is read */

struct runtime {
	const char *program; /* bh-runtime or bh-process, for messages */
	const char *root;    /* directory of the states, absolute */
	const char *log;     /* file that errors are appended to, or NULL: standard error alone */
	bool log_json;       /* a JSON object a line, as containerd reads it */
	bool debug;
	bool baseline; /* called as bh-process: chroot only */
	bool rootless; /* the effective user is not root */
	struct error error;
};

/* The directory of compiled filters; the caller frees it. */
char *runtime_filter_cache(const struct runtime *rt);

/* A command: `argv[0]` is its own name, options and operands follow. Returns the exit status; when
 * rt->error is set it is said by the caller, and its status is the exit status. */
typedef int runtime_command(struct runtime *rt, int argc, char **argv);

runtime_command cmd_create, cmd_run, cmd_start, cmd_state, cmd_kill, cmd_delete, cmd_exec, cmd_list,
	cmd_pause, cmd_resume;
runtime_command cmd_update, cmd_features, cmd_spec, cmd_ps;

/* A line in the log, or on standard error; `level` is "debug", "warning" or "error". */
void runtime_say(struct runtime *rt, const char *level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
