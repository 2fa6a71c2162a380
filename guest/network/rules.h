/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules as text for libnftables. Pure functions. README.md draws the tables. Each function adds
 * commands for one family (AF_INET, AF_INET6) to `text`; a network or an endpoint without an
 * address of that family adds none. Applying a text twice is the same as once.
 */
#pragma once

#include "request.h"
#include "text.h"

/* The table, without a rule of a network yet. Fails (EEXIST, and changes nothing) where it is there
 * already. Networks whose rules follow in the same transaction are named here: libnftables sends
 * a new map together with its elements, and the chains that those jump to must be there before. */
void rules_base(struct text *text, int family, const struct network *networks, size_t count);
/* Before rules_base(), in one transaction: begins anew. */
void rules_clear(struct text *text, int family);
void rules_add_network(struct text *text, int family, const struct network *network);
void rules_delete_network(struct text *text, int family, const struct network *network);
/* The ports that are published on addresses of the family. Their host ports are known. */
void rules_add_ports(struct text *text, int family, const struct endpoint *endpoint);
void rules_delete_ports(struct text *text, int family, const struct endpoint *endpoint);
/* Between interfaces that are not ours nothing is forwarded: for a host that forwards because of us
 * alone. */
void rules_guard(struct text *text, int family);
