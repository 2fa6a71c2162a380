/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPv6 of networks made with EnableIPv6: the subnet is the client's, or a unique local one (RFC
 * 4193) that follows from the network's ID; an endpoint's address is the client's, or has the IPv4
 * address as its last 32 bits. So nothing of it needs to be stored beside what the client gave.
 */
#pragma once

#include "network_inside.h"

#include <netinet/in.h>

#define IP6_TEXT INET6_ADDRSTRLEN

struct ip6_net {
	struct in6_addr subnet, gateway;
	unsigned prefix; /* 8 to 96 */
};

/* The entry of IPAM.Config that is of IPv6, or of IPv4; NULL: none. */
json *ipam_config(json *spec, bool is_ip6);
/* NULL, or what is wrong with the IPv6 that a network shall be created with (the caller frees it).
 */
char *ip6_check_network(json *body);
/* False: the network has none. */
bool ip6_of_network(const struct network *network, struct ip6_net *net);
/* NULL, or why the endpoint cannot have the address of IPv6 that it asks for (the caller frees it).
 * `address`: its IPv4 address. */
char *ip6_check_endpoint(const struct network *network, json *config, uint32_t address);
/* Of an endpoint's row; "" without IPv6. `net` may be NULL. */
const char *ip6_of_endpoint(const struct network *network, json *endpoint, struct ip6_net *net,
			    char text[IP6_TEXT]);
const char *ip6_text(const struct in6_addr *address, char text[IP6_TEXT]);
