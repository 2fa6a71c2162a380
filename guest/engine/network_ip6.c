/* SPDX-License-Identifier: Apache-2.0 */
#include "network_ip6.h"
#include "text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_MIN 8
#define PREFIX_MAX 96 /* an IPv4 address must fit behind it */
#define OWN_PREFIX 64

const char *ip6_text(const struct in6_addr *address, char text[IP6_TEXT])
{
	return inet_ntop(AF_INET6, address, text, IP6_TEXT);
}

json *ipam_config(json *spec, bool is_ip6)
{
	json *list = json_get_array(json_get(spec, "IPAM"), "Config");

	for (size_t i = 0; i < json_count(list); i++) {
		json *config = json_at(list, i);
		if (is_ip6 == (strchr(json_get_string(config, "Subnet", ""), ':') != NULL)) {
			return config;
		}
	}
	return NULL;
}

static bool is_within(const struct in6_addr *address, const struct in6_addr *subnet,
		      unsigned prefix)
{
	for (unsigned bit = 0; bit < prefix; bit++) {
		unsigned mask = 0x80u >> bit % 8;
		if ((address->s6_addr[bit / 8] ^ subnet->s6_addr[bit / 8]) & mask) {
			return false;
		}
	}
	return true;
}

static bool parse_subnet(const char *text, struct ip6_net *net)
{
	char address[IP6_TEXT];
	const char *slash = strchr(text, '/');
	char *end;

	if (!slash || slash - text >= IP6_TEXT || slash[1] < '0' || slash[1] > '9') {
		return false;
	}
	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	unsigned long prefix = strtoul(slash + 1, &end, 10);
	if (*end || prefix < PREFIX_MIN || prefix > PREFIX_MAX ||
	    inet_pton(AF_INET6, address, &net->subnet) != 1) {
		return false;
	}
	net->prefix = (unsigned)prefix;
	for (unsigned bit = net->prefix; bit < 128; bit++) {
		net->subnet.s6_addr[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	}
	/* Loopback and mapped IPv4, link-local, multicast. */
	return net->subnet.s6_addr[0] && net->subnet.s6_addr[0] < 0xfe;
}

static void first_of(const struct ip6_net *net, struct in6_addr *address)
{
	*address = net->subnet;
	address->s6_addr[15] |= 1;
}

/* NULL, or what is wrong. */
static char *read_config(json *config, struct ip6_net *net)
{
	const char *subnet = json_get_string(config, "Subnet", "");
	const char *gateway = json_get_string(config, "Gateway", "");

	if (!parse_subnet(subnet, net)) {
		return text_format(
			"invalid subnet %.60s: an IPv6 one is A:B::/%d to /%d, neither link-local "
			"nor multicast",
			subnet, PREFIX_MIN, PREFIX_MAX);
	}
	if (*json_get_string(config, "IPRange", "")) {
		return text_copy(
			"a range of IPv6 is not supported: addresses follow from those of IPv4");
	}
	first_of(net, &net->gateway);
	if (*gateway && (inet_pton(AF_INET6, gateway, &net->gateway) != 1 ||
			 !is_within(&net->gateway, &net->subnet, net->prefix))) {
		return text_format("invalid gateway %.60s: not within %.60s", gateway, subnet);
	}
	return NULL;
}

static bool is_taken(const struct ip6_net *net)
{
	for (struct network *one = network_first(); one; one = one->next) {
		struct ip6_net other;
		if (ip6_of_network(one, &other)) {
			unsigned shorter = other.prefix < net->prefix ? other.prefix : net->prefix;
			if (is_within(&net->subnet, &other.subnet, shorter)) {
				return true;
			}
		}
	}
	return false;
}

char *ip6_check_network(json *body)
{
	json *config = ipam_config(body, true);
	struct ip6_net net;

	if (!config) {
		return NULL;
	}
	if (!json_get_bool(body, "EnableIPv6", false)) {
		return text_copy("a subnet of IPv6 needs --ipv6");
	}
	char *error = read_config(config, &net);
	if (!error && is_taken(&net)) {
		error = text_copy("Pool overlaps with other one on this address space");
	}
	return error;
}

static void own_subnet(const struct network *network, struct ip6_net *net)
{
	net->subnet = (struct in6_addr){.s6_addr = {0xfd}};
	for (size_t i = 1; i < 8; i++) {
		char digits[3] = {network->id[2 * i], network->id[2 * i + 1], '\0'};
		net->subnet.s6_addr[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	net->prefix = OWN_PREFIX;
	first_of(net, &net->gateway);
}

bool ip6_of_network(const struct network *network, struct ip6_net *net)
{
	json *config = ipam_config(network->spec, true);

	if (!json_get_bool(network->spec, "EnableIPv6", false)) {
		return false;
	}
	char *error = config ? read_config(config, net) : NULL;
	if (!config || error) {
		own_subnet(network, net);
	}
	free(error);
	return true;
}

/* The IPv4 address behind the prefix. */
static void derive(const struct ip6_net *net, uint32_t address, struct in6_addr *result)
{
	uint32_t bytes = htonl(address);

	*result = net->subnet;
	memcpy(&result->s6_addr[12], &bytes, sizeof(bytes));
}

static const char *wanted_of(json *config)
{
	return json_get_string(json_get(config, "IPAMConfig"), "IPv6Address", "");
}

/* Could be derived for an endpoint of the network. */
static bool is_derived(const struct network *network, const struct ip6_net *net,
		       const struct in6_addr *address)
{
	struct in6_addr same;
	uint32_t bytes;

	memcpy(&bytes, &address->s6_addr[12], sizeof(bytes));
	derive(net, ntohl(bytes), &same);
	return memcmp(&same, address, sizeof(same)) == 0 &&
	       ip_within(ntohl(bytes), network->subnet, network->prefix);
}

static bool is_used(const struct network *network, const char *address)
{
	json *endpoints = endpoints_of_network(network->id);
	bool is_found = false;

	for (size_t i = 0; i < json_count(endpoints) && !is_found; i++) {
		char text[IP6_TEXT];
		json *endpoint = json_at(endpoints, i);
		is_found = !strcmp(ip6_of_endpoint(network, endpoint, NULL, text), address);
	}
	json_object_put(endpoints);
	return is_found;
}

char *ip6_check_endpoint(const struct network *network, json *config, uint32_t address)
{
	const char *wanted = wanted_of(config);
	struct in6_addr given, own;
	struct ip6_net net;
	char text[IP6_TEXT];

	if (!*wanted) {
		return NULL;
	}
	if (!ip6_of_network(network, &net)) {
		return text_format("network %s has no IPv6: it was made without --ipv6",
				   network->name);
	}
	if (inet_pton(AF_INET6, wanted, &given) != 1) {
		return text_format("invalid IPv6 address: %.60s", wanted);
	}
	derive(&net, address, &own);
	bool is_own = memcmp(&given, &own, sizeof(own)) == 0;
	if (!is_within(&given, &net.subnet, net.prefix) ||
	    memcmp(&given, &net.gateway, sizeof(given)) == 0 ||
	    memcmp(&given, &net.subnet, sizeof(given)) == 0 ||
	    (!is_own && is_derived(network, &net, &given)) ||
	    is_used(network, ip6_text(&given, text))) {
		return text_format(
			"Address %.60s is in use, not of network %s, or one that follows from an "
			"IPv4 address",
			wanted, network->name);
	}
	return NULL;
}

const char *ip6_of_endpoint(const struct network *network, json *endpoint, struct ip6_net *net,
			    char text[IP6_TEXT])
{
	struct in6_addr address;
	struct ip6_net room;

	net = net ? net : &room;
	if (!network || !endpoint || !ip6_of_network(network, net)) {
		return "";
	}
	if (inet_pton(AF_INET6, wanted_of(json_get(endpoint, "config")), &address) != 1) {
		derive(net, (uint32_t)json_get_int(endpoint, "address", 0), &address);
	}
	return ip6_text(&address, text);
}
