/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces, addresses and routes by rtnetlink(7). Functions return 0, or -1 with errno. What is
 * there already as wanted is no error.
 */
#pragma once

#include "netlink.h"
#include "request.h"

/* Bridges of ours carry it as their alias. */
#define LINK_ALIAS "bulkhead"

struct link_fact {
	char name[IFNAMSIZ];
	int index;
	int master; /* 0: none */
	bool is_bridge;
	bool is_veth;
	bool is_ours; /* LINK_ALIAS */
};

struct link_list {
	struct link_fact *links;
	size_t count;
};

int link_make_bridge(struct netlink *netlink, const struct network *network);
/* The veth pair: one end at the bridge here, up, the other in the namespace `netns`, down. */
int link_make_veth(struct netlink *netlink, const struct endpoint *endpoint, int bridge, int netns);
/* A port of the bridge (0: of none), up. */
int link_set_master(struct netlink *netlink, int index, int bridge);
/* Isolated ports do not see each other. Hairpin: where bridged packets pass the rules
 * (br_netfilter), a container's own published port sends a packet back to where it came from. */
int link_set_port(struct netlink *netlink, int index, bool is_isolated);
/* has_link_local: with a link-local IPv6 address. */
int link_set_up(struct netlink *netlink, int index, bool has_link_local);
int link_delete(struct netlink *netlink, int index);
int link_add_address(struct netlink *netlink, int index, const struct address *address);
int link_add_default_route(struct netlink *netlink, int index, const struct address *gateway);
/* All interfaces; the caller frees links->links. */
int link_list(struct netlink *netlink, struct link_list *links);
/* By name; NULL: none. */
const struct link_fact *link_find(const struct link_list *links, const char *name);
