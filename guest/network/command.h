/* SPDX-License-Identifier: Apache-2.0 */
/* The commands on the host's state. Functions return 0, or -1 with *failure. */
#pragma once

#include "link.h"
#include "request.h"

struct context {
	const char *run;        /* RUN */
	struct netlink netlink; /* in the host's namespace */
};

/* Bridge, address, forwarding; no rules. */
int bridge_make(struct context *context, const struct network *network, struct failure *failure);
int bridge_up(struct context *context, const struct network *network, struct failure *failure);
int bridge_down(struct context *context, const struct network *network, struct failure *failure);
/* Did this host begin to forward because of us (as long as it runs)? */
bool bridge_has_guard(const struct context *context);

/* Everything of an attach but ports. */
int endpoint_link(struct context *context, struct endpoint *endpoint, struct failure *failure);

int endpoint_attach(struct context *context, struct endpoint *endpoint, struct failure *failure);
int endpoint_detach(struct context *context, const struct endpoint *endpoint,
		    struct failure *failure);
/* {"mac","address","ports"} */
json *endpoint_result(const struct endpoint *endpoint);

/* {"networks":[..],"endpoints":[..]} to {"repaired":[..],"removed":[..],"failed":[..]} */
int sync_run(struct context *context, json *request, json **result, struct failure *failure);

/* Connections over UDP that the kernel still remembers as they were translated before: forgotten,
 * so that they go where the rules now say. */
void conntrack_forget(const struct endpoint *endpoint);
