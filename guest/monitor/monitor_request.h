/* SPDX-License-Identifier: Apache-2.0 */
/* Requests on monitor.sock: one JSON object a packet, see README.md. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "detach_keys.h"

#define MONITOR_REQUEST_MAX 65536 /* bytes of a packet */
#define MONITOR_INPUT_MAX   32768 /* bytes of input in it */

enum monitor_op {
	MONITOR_START,
	MONITOR_ATTACH,
	MONITOR_RESIZE,
	MONITOR_CLOSE_STDIN,
	MONITOR_WAIT,
	MONITOR_REOPEN_LOG,
};

/* What a client gets and gives. */
struct attach_options {
	bool with_stdin;
	bool with_stdout;
	bool with_stderr;
	bool is_raw; /* no frames */
	struct detach_keys detach;
};

struct monitor_request {
	enum monitor_op op;
	struct attach_options attach;           /* of MONITOR_ATTACH, as are: */
	unsigned char input[MONITOR_INPUT_MAX]; /* that the client sent before it was handed over */
	size_t input_length;
	uint16_t width; /* columns, of MONITOR_RESIZE */
	uint16_t height;
};

/* NULL and *request, or what is wrong: a constant. */
const char *monitor_request_parse(const char *bytes, size_t length,
				  struct monitor_request *request);
