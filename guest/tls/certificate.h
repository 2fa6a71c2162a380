/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates for a person who has none: an authority, a server's, a client's. */
#pragma once

#include <stddef.h>

struct certificate_options {
	const char *directory;
	const char *const *hosts; /* names and addresses of the server */
	size_t host_count;
	int days; /* of the server's and the client's */
};

/*
 * DIRECTORY/ca.pem, ca-key.pem (kept when they are there), server-cert.pem, server-key.pem, and
 * what goes to a client: DIRECTORY/client/ca.pem, cert.pem, key.pem. Keys are readable by the owner
 * alone. Returns the exit status, after a message.
 */
int certificate_make(const struct certificate_options *options);
