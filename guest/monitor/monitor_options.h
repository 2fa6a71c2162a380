/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of bh-monitor. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "monitor_request.h"

#define MONITOR_CLIENTS_MAX 32 /* attached at once */

struct monitor_options {
	const char *id;
	const char *runtime; /* looked up in PATH without a slash */
	const char **runtime_args;
	size_t runtime_arg_count;
	const char *bundle;
	const char *run_dir;
	bool is_tty;
	bool has_stdin;
	bool is_stdin_once;
	const char *log;
	uint64_t log_max_size; /* bytes; 0: no rotation */
	unsigned int log_max_file;
	const char *exec_process; /* process.json; NULL: the container itself */
	const char *exec_id;
	bool is_started; /* start follows create */
	const char *detach_keys;
	unsigned int hold_ms; /* how long a client that takes nothing holds output back */
	struct {
		int fd;
		struct attach_options options;
	} attach[MONITOR_CLIENTS_MAX];
	size_t attach_count;
};

enum monitor_options_result {
	OPTIONS_RUN,
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_BAD,
};

/* *error is for OPTIONS_BAD: what is wrong, which the caller frees. Texts are borrowed from argv.
 */
enum monitor_options_result monitor_options_parse(int argc, char **argv,
						  struct monitor_options *options, char **error);
extern const char monitor_options_help[];
