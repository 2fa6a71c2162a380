/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

#include <stdarg.h>
#include <stdlib.h>

/* What differs between the families. */
struct words {
	const char *table;    /* "ip", "ip6" */
	const char *type;     /* of an address */
	const char *loopback; /* never from or to another host */
};

static const struct words words_of[] = {
	{"ip", "ipv4_addr", "127.0.0.0/8"},
	{"ip6", "ipv6_addr", "::1"},
};

static unsigned version(int family)
{
	return family == AF_INET6;
}

/* "add rule ip bulkhead ..." for VERB "add" and the rest "rule", "...". */
static void command(struct text *text, int family, const char *verb, const char *object,
		    const char *format, ...) __attribute__((format(printf, 5, 6)));
static void command(struct text *text, int family, const char *verb, const char *object,
		    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *rest = text_vformat(format, arguments);
	va_end(arguments);
	text_printf(text, "%s %s %s bulkhead %s\n", verb, object, words_of[version(family)].table,
		    rest);
	free(rest);
}

#define ADD(object, ...) command(text, family, "add", object, __VA_ARGS__)

static void add_sets(struct text *text, int family)
{
	const char *type = words_of[version(family)].type;

	ADD("set", "bridges { type ifname; }");
	ADD("set", "internal { type ifname; }");
	ADD("set", "same { type ifname . ifname; }");
	ADD("map", "networks { type %s : verdict; flags interval; }", type);
	ADD("map", "ports { type inet_proto . inet_service : %s . inet_service; }", type);
	ADD("map", "addressed { type %s . inet_proto . inet_service : %s . inet_service; }", type,
	    type);
}

/* A loopback address of another machine or a container is forged, and route_localnet as well as
 * the translation of published ports would let it in. */
static void add_raw(struct text *text, int family)
{
	const struct words *words = &words_of[version(family)];

	ADD("chain", "raw { type filter hook prerouting priority raw; policy accept; }");
	ADD("rule", "raw iifname != \"lo\" %s daddr %s drop", words->table, words->loopback);
	ADD("rule", "raw iifname != \"lo\" %s saddr %s drop", words->table, words->loopback);
}

static void add_nat(struct text *text, int family)
{
	const struct words *words = &words_of[version(family)];

	ADD("chain", "published");
	ADD("rule", "published dnat to %s daddr . meta l4proto . th dport map @addressed",
	    words->table);
	ADD("rule", "published dnat to meta l4proto . th dport map @ports");
	ADD("chain", "prerouting { type nat hook prerouting priority dstnat; policy accept; }");
	ADD("rule", "prerouting fib daddr type local jump published");
	ADD("chain", "output { type nat hook output priority -100; policy accept; }");
	ADD("rule", "output fib daddr type local jump published");
	ADD("chain", "postrouting { type nat hook postrouting priority srcnat; policy accept; }");
	ADD("rule", "postrouting %s saddr %s oifname @bridges masquerade", words->table,
	    words->loopback);
	ADD("rule", "postrouting %s saddr vmap @networks", words->table);
}

static void add_forward(struct text *text, int family)
{
	ADD("chain", "guard");
	ADD("chain", "forward { type filter hook forward priority filter; policy accept; }");
	ADD("rule", "forward ct state established,related accept");
	ADD("rule", "forward iifname . oifname @same accept");
	ADD("rule", "forward iifname @internal drop");
	ADD("rule", "forward oifname @internal drop");
	ADD("rule", "forward ct status dnat accept");
	ADD("rule", "forward oifname @bridges drop");
	ADD("rule", "forward iifname != @bridges jump guard");
}

void rules_base(struct text *text, int family, const struct network *networks, size_t count)
{
	text_printf(text, "create table %s bulkhead\n", words_of[version(family)].table);
	for (size_t i = 0; i < count; i++) {
		if (networks[i].subnet[version(family)].family) {
			ADD("chain", "from-%s", networks[i].bridge);
		}
	}
	add_sets(text, family);
	add_raw(text, family);
	add_nat(text, family);
	add_forward(text, family);
}

void rules_clear(struct text *text, int family)
{
	text_printf(text, "add table %s bulkhead\n", words_of[version(family)].table);
	text_printf(text, "delete table %s bulkhead\n", words_of[version(family)].table);
}

/* The elements of a network's sets. */
static void network_elements(struct text *text, int family, const char *verb,
			     const struct network *network)
{
	const char *bridge = network->bridge;
	const struct address *subnet = &network->subnet[version(family)];
	char address[ADDRESS_TEXT_MAX];

	command(text, family, verb, "element", "bridges { \"%s\" }", bridge);
	command(text, family, verb, "element", "same { \"%s\" . \"%s\" }", bridge, bridge);
	command(text, family, verb, "element", "networks { %s/%u : jump from-%s }",
		address_text(subnet, address), subnet->prefix, bridge);
}

/* What leaves a network: back to its own bridge only as a published port has sent it there
 * (hairpin), where the answer must come by the host; to anywhere else with the host's address. */
void rules_add_network(struct text *text, int family, const struct network *network)
{
	const char *bridge = network->bridge;

	if (!network->subnet[version(family)].family) {
		return;
	}
	ADD("chain", "from-%s", bridge);
	command(text, family, "flush", "chain", "from-%s", bridge);
	ADD("rule", "from-%s oifname \"%s\" ct status dnat masquerade", bridge, bridge);
	ADD("rule", "from-%s oifname \"%s\" return", bridge, bridge);
	if (network->masquerade && !network->internal) {
		ADD("rule", "from-%s masquerade", bridge);
	}
	network_elements(text, family, "add", network);
	ADD("element", "internal { \"%s\" }", bridge);
	if (!network->internal) {
		command(text, family, "delete", "element", "internal { \"%s\" }", bridge);
	}
}

void rules_delete_network(struct text *text, int family, const struct network *network)
{
	if (!network->subnet[version(family)].family) {
		return;
	}
	/* What is missing is added first, so that the deletion finds it. */
	ADD("chain", "from-%s", network->bridge);
	network_elements(text, family, "add", network);
	ADD("element", "internal { \"%s\" }", network->bridge);
	network_elements(text, family, "delete", network);
	command(text, family, "delete", "element", "internal { \"%s\" }", network->bridge);
	command(text, family, "flush", "chain", "from-%s", network->bridge);
	command(text, family, "delete", "chain", "from-%s", network->bridge);
}

static void port_element(struct text *text, int family, const char *verb,
			 const struct endpoint *endpoint, const struct port *port)
{
	const struct address *address = &endpoint->address[version(family)];
	const char *protocol = port_protocol_name(port->protocol);
	char container[ADDRESS_TEXT_MAX], host[ADDRESS_TEXT_MAX];

	if (!address->family || (port->host.family && port->host.family != family)) {
		return;
	}
	address_text(address, container);
	if (port->host.family) {
		command(text, family, verb, "element", "addressed { %s . %s . %u : %s . %u }",
			address_text(&port->host, host), protocol, port->host_port, container,
			port->container_port);
	} else {
		command(text, family, verb, "element", "ports { %s . %u : %s . %u }", protocol,
			port->host_port, container, port->container_port);
	}
}

void rules_add_ports(struct text *text, int family, const struct endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->port_count; i++) {
		port_element(text, family, "add", endpoint, &endpoint->ports[i]);
	}
}

void rules_delete_ports(struct text *text, int family, const struct endpoint *endpoint)
{
	rules_add_ports(text, family, endpoint);
	for (size_t i = 0; i < endpoint->port_count; i++) {
		port_element(text, family, "delete", endpoint, &endpoint->ports[i]);
	}
}

void rules_guard(struct text *text, int family)
{
	command(text, family, "flush", "chain", "guard");
	ADD("rule", "guard drop");
}
