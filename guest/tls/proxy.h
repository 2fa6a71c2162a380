/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: one thread, all connections. */
#pragma once

#include "credentials.h"

struct proxy_options {
	struct credentials_files files;
	const char *listen; /* HOST:PORT */
	const char *engine; /* path of its socket */
	unsigned connections_max;
	unsigned handshake_seconds;
};

/* Serves until SIGTERM or SIGINT; SIGHUP rereads the certificates. Returns the exit status. */
int proxy_run(const struct proxy_options *options);
