/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of the server, and the authority whose clients it takes. */
#pragma once

#include <gnutls/gnutls.h>

struct credentials_files {
	const char *authority;   /* --tlscacert */
	const char *certificate; /* --tlscert */
	const char *key;         /* --tlskey */
};

/* Counted: connections that began with old certificates end with them. */
struct credentials {
	gnutls_certificate_credentials_t certificates;
	gnutls_priority_t priority;
	unsigned users;
};

/* One user: the caller. NULL after a message on standard error. */
struct credentials *credentials_load(const struct credentials_files *files);
void credentials_release(struct credentials *credentials);
/* A server's session that demands a client's certificate of the authority. Adds a user.
 * GNUTLS_E_SUCCESS or an error. */
int credentials_session(struct credentials *credentials, gnutls_session_t *session);
