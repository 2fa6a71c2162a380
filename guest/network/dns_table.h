/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of a network: {"names":{"web":["172.17.0.2"],..},"servers":{"172.17.0.2":["1.1.1.1"]}}.
 * A name may have several addresses; an address's own name is the first that has it.
 */
#pragma once

#include "dns_message.h"

#define DNS_TABLE_MAX  (1 << 20) /* bytes of the file */
#define DNS_NAMES_MAX  8192
#define DNS_ANSWER_MAX 64 /* addresses of a name */

struct dns_table {
	json *names;   /* by name in lower case: an array of strings */
	json *clients; /* by address: objects like `names`; or NULL */
	json *servers; /* by a client's address: whom to ask for it instead of the host's; or NULL
			*/
};

/* Replaces the table. -1 with *error (a constant) and the old table kept. */
int dns_table_load(struct dns_table *table, const char *text, size_t length, const char **error);
/* Is it a name of the table for that client (may be NULL)? Its addresses, at most DNS_ANSWER_MAX,
 * by *count. */
bool dns_table_find(const struct dns_table *table, const char *client, const char *name,
		    struct address *addresses, size_t *count);
/* The name of an address, or NULL. Borrowed. */
const char *dns_table_name(const struct dns_table *table, const char *client,
			   const struct address *address);
/* Servers for that client, an array of strings; NULL: the host's. Borrowed. */
json *dns_table_servers(const struct dns_table *table, const char *client);
void dns_table_free(struct dns_table *table);
