/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and subnets of IPv4. */
#include "db.h"
#include "network_inside.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_MIN 8
#define PREFIX_MAX 30

static uint32_t mask_of(unsigned prefix)
{
	return prefix == 0 ? 0 : ~UINT32_C(0) << (32 - prefix);
}

bool ip_parse(const char *text, uint32_t *address)
{
	struct in_addr bytes;

	if (inet_pton(AF_INET, text, &bytes) != 1) {
		return false;
	}
	*address = ntohl(bytes.s_addr);
	return true;
}

const char *ip_text(uint32_t address, char text[IP_TEXT])
{
	snprintf(text, IP_TEXT, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
		 address >> 8 & 255, address & 255);
	return text;
}

bool subnet_parse(const char *text, uint32_t *subnet, unsigned *prefix)
{
	char address[IP_TEXT];
	const char *slash = strchr(text, '/');
	char *end;

	if (!slash || slash - text >= IP_TEXT || slash[1] < '0' || slash[1] > '9') {
		return false;
	}
	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	unsigned long length = strtoul(slash + 1, &end, 10);
	if (*end || length < PREFIX_MIN || length > PREFIX_MAX || !ip_parse(address, subnet)) {
		return false;
	}
	*prefix = (unsigned)length;
	*subnet &= mask_of(*prefix);
	return true;
}

bool ip_within(uint32_t address, uint32_t subnet, unsigned prefix)
{
	return ((address ^ subnet) & mask_of(prefix)) == 0;
}

/* As Docker's: 172.17.0.0/16 to 172.31.0.0/16, then 192.168.0.0/20 and on. */
bool subnet_candidate(unsigned index, uint32_t *subnet, unsigned *prefix)
{
	if (index < 15) {
		*subnet = (UINT32_C(172) << 24) | ((17 + index) << 16);
		*prefix = 16;
		return true;
	}
	*subnet = (UINT32_C(192) << 24) | (UINT32_C(168) << 16) | ((index - 15) << 12);
	*prefix = 20;
	return index < 15 + 16;
}

bool subnet_is_taken(uint32_t subnet, unsigned prefix, const struct network *except)
{
	for (struct network *one = network_first(); one; one = one->next) {
		unsigned shorter = one->prefix < prefix ? one->prefix : prefix;
		if (one != except && one->subnet && ip_within(subnet, one->subnet, shorter)) {
			return true;
		}
	}
	return false;
}

static bool is_used(const struct network *network, uint32_t address)
{
	return address == network->gateway ||
	       db_number("SELECT count(*) FROM endpoint WHERE network = ? AND address = ?", "ti",
			 network->id, (int64_t)address) > 0;
}

/* The part of the subnet that addresses are given of: IPAM's IPRange, or all. */
static void find_range(const struct network *network, uint32_t *first, uint32_t *last)
{
	json *list = json_get(json_get(network->spec, "IPAM"), "Config");
	const char *range = json_get_string(
		json_object_is_type(list, json_type_array) && json_count(list) ? json_at(list, 0)
									       : NULL,
		"IPRange", "");
	uint32_t subnet;
	unsigned prefix;

	*first = network->subnet + 1;
	*last = (network->subnet | ~mask_of(network->prefix)) - 1;
	if (*range && subnet_parse(range, &subnet, &prefix)) {
		uint32_t end = subnet | ~mask_of(prefix);
		*first = subnet > *first ? subnet : *first;
		*last = end < *last ? end : *last;
	}
}

uint32_t address_choose(const struct network *network, uint32_t wanted)
{
	uint32_t first, last;

	if (wanted) {
		return ip_within(wanted, network->subnet, network->prefix) &&
				       !is_used(network, wanted)
			       ? wanted
			       : 0;
	}
	find_range(network, &first, &last);
	/* The first gap between those in use. */
	uint32_t next = first;
	sqlite3_stmt *query = db_query("SELECT address FROM endpoint WHERE network = ? AND address"
				       " >= ? ORDER BY address",
				       "ti", network->id, (int64_t)first);
	next += next == network->gateway;
	while (next <= last && db_step(query) && (uint32_t)db_int(query, 0) == next) {
		next++;
		next += next == network->gateway;
	}
	db_done(query);
	return next <= last ? next : 0;
}
