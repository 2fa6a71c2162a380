/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MTU_MIN 68 /* RFC 791 */
#define MTU_MAX 65535

bool address_parse(const char *text, struct address *address)
{
	char part[ADDRESS_TEXT_MAX];
	size_t length = strcspn(text, "/");
	struct address result = {.family = memchr(text, ':', length) ? AF_INET6 : AF_INET};
	unsigned long most = result.family == AF_INET6 ? 128 : 32;

	if (length == 0 || length >= sizeof(part)) {
		return false;
	}
	memcpy(part, text, length);
	part[length] = '\0';
	if (inet_pton(result.family, part, result.bytes) != 1) {
		return false;
	}
	result.prefix = (uint8_t)most;
	if (text[length] == '/') {
		char *end;
		const char *digits = text + length + 1;
		unsigned long prefix = strtoul(digits, &end, 10);
		if (!isdigit((unsigned char)digits[0]) || *end || prefix > most) {
			return false;
		}
		result.prefix = (uint8_t)prefix;
	}
	*address = result;
	return true;
}

bool address_within(const struct address *address, const struct address *subnet)
{
	unsigned whole = subnet->prefix / 8, rest = subnet->prefix % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	return address->family == subnet->family &&
	       memcmp(address->bytes, subnet->bytes, whole) == 0 &&
	       (rest == 0 || ((address->bytes[whole] ^ subnet->bytes[whole]) & mask) == 0);
}

const char *address_text(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
	if (!inet_ntop(address->family, address->bytes, text, ADDRESS_TEXT_MAX)) {
		text[0] = '\0';
	}
	return text;
}

bool interface_name_is_valid(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length >= IFNAMSIZ || !isalnum((unsigned char)name[0])) {
		return false;
	}
	for (const char *next = name; *next; next++) {
		if (!isalnum((unsigned char)*next) && !strchr("._-", *next)) {
			return false;
		}
	}
	return strcmp(name, "lo") != 0 && strcmp(name, "all") != 0 && strcmp(name, "default") != 0;
}

bool mac_parse(const char *text, uint8_t mac[MAC_SIZE])
{
	unsigned part[MAC_SIZE];
	char end;

	if (strlen(text) != 17 ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &part[0], &part[1], &part[2], &part[3],
		   &part[4], &part[5], &end) != MAC_SIZE) {
		return false;
	}
	for (int i = 0; i < MAC_SIZE; i++) {
		mac[i] = (uint8_t)part[i];
	}
	/* Not a group's, not all zero. */
	return !(mac[0] & 1) && memcmp(mac, (uint8_t[MAC_SIZE]){0}, MAC_SIZE) != 0;
}

static int get_interface(json *request, const char *key, char name[IFNAMSIZ],
			 struct failure *failure)
{
	const char *value = json_get_string(request, key, "");

	if (!interface_name_is_valid(value)) {
		return fail(failure, "bad-input",
			    "\"%s\": \"%.40s\" is no name of an interface: 1 to 15 letters, "
			    "digits, '.', '_', '-'",
			    key, value);
	}
	snprintf(name, IFNAMSIZ, "%s", value);
	return 0;
}

/* Member of the family, or family 0 when it is absent or "". */
static int get_address(json *request, const char *key, int family, struct address *address,
		       struct failure *failure)
{
	const char *value = json_get_string(request, key, "");

	*address = (struct address){0};
	if (*value && (!address_parse(value, address) || address->family != family)) {
		return fail(failure, "bad-input", "\"%s\": \"%.60s\" is no %s address", key, value,
			    family == AF_INET ? "IPv4" : "IPv6");
	}
	return 0;
}

static int get_mtu(json *request, uint32_t *mtu, struct failure *failure)
{
	int64_t value = json_get_int(request, "mtu", 0);

	if (value != 0 && (value < MTU_MIN || value > MTU_MAX)) {
		return fail(failure, "bad-input", "\"mtu\": %lld is not within %d to %d",
			    (long long)value, MTU_MIN, MTU_MAX);
	}
	*mtu = (uint32_t)value;
	return 0;
}

int request_network_name(json *request, struct network *network, struct failure *failure)
{
	*network = (struct network){0};
	if (get_interface(request, "bridge", network->bridge, failure) < 0 ||
	    get_address(request, "subnet", AF_INET, &network->subnet[0], failure) < 0 ||
	    get_address(request, "subnet6", AF_INET6, &network->subnet[1], failure) < 0) {
		return -1;
	}
	return 0;
}

static void clear_host_part(struct address *subnet)
{
	for (unsigned bit = subnet->prefix; bit < sizeof(subnet->bytes) * 8; bit++) {
		subnet->bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	}
}

int request_network(json *request, struct network *network, struct failure *failure)
{
	static const char *const gateways[] = {"gateway", "gateway6"};

	if (request_network_name(request, network, failure) < 0 ||
	    get_mtu(request, &network->mtu, failure) < 0) {
		return -1;
	}
	for (int i = 0; i < 2; i++) {
		struct address *subnet = &network->subnet[i], *gateway = &network->gateway[i];
		if (get_address(request, gateways[i], i ? AF_INET6 : AF_INET, gateway, failure) <
		    0) {
			return -1;
		}
		if (gateway->family && !address_within(gateway, subnet)) {
			return fail(failure, "bad-input", "\"%s\" is not within the subnet",
				    gateways[i]);
		}
		clear_host_part(subnet);
		gateway->prefix = subnet->prefix;
	}
	network->masquerade = json_get_bool(request, "masquerade", true);
	network->internal = json_get_bool(request, "internal", false);
	network->isolated = json_get_bool(request, "isolated", false);
	return 0;
}

int request_netns(json *request, char *path, size_t size, struct failure *failure)
{
	const char *value = json_get_string(request, "netns", "");

	if (value[0] != '/' || strlen(value) >= size || strstr(value, "/../") ||
	    strstr(value, "/./") || value[strlen(value) - 1] == '/') {
		return fail(failure, "bad-input",
			    "\"netns\": \"%.60s\" is no absolute path of a file, shorter than %zu",
			    value, size);
	}
	snprintf(path, size, "%s", value);
	return 0;
}

static int get_places(json *request, struct endpoint *endpoint, struct failure *failure)
{
	const char *device = json_get(request, "device") ? "device" : "tap";

	endpoint->is_device = json_get(request, device) != NULL;
	if (get_interface(request, "bridge", endpoint->bridge, failure) < 0) {
		return -1;
	}
	if (endpoint->is_device) {
		return get_interface(request, device, endpoint->host_interface, failure);
	}
	if (request_netns(request, endpoint->netns, sizeof(endpoint->netns), failure) < 0 ||
	    get_interface(request, "interface", endpoint->interface, failure) < 0) {
		return -1;
	}
	return get_interface(request, "host_interface", endpoint->host_interface, failure);
}

int request_endpoint(json *request, struct endpoint *endpoint, struct failure *failure)
{
	const char *mac = json_get_string(request, "mac", "");

	*endpoint = (struct endpoint){0};
	if (get_places(request, endpoint, failure) < 0 ||
	    get_address(request, "address", AF_INET, &endpoint->address[0], failure) < 0 ||
	    get_address(request, "gateway", AF_INET, &endpoint->gateway[0], failure) < 0 ||
	    get_address(request, "address6", AF_INET6, &endpoint->address[1], failure) < 0 ||
	    get_address(request, "gateway6", AF_INET6, &endpoint->gateway[1], failure) < 0 ||
	    get_mtu(request, &endpoint->mtu, failure) < 0) {
		return -1;
	}
	endpoint->has_mac = *mac != '\0';
	if (*mac && !mac_parse(mac, endpoint->mac)) {
		return fail(failure, "bad-input",
			    "\"mac\": \"%.40s\" is no address like 02:42:ac:11:00:02", mac);
	}
	endpoint->isolated = json_get_bool(request, "isolated", false);
	return request_ports(json_get(request, "ports"), endpoint, failure);
}

void endpoint_free(struct endpoint *endpoint)
{
	free(endpoint->ports);
	endpoint->ports = NULL;
	endpoint->port_count = 0;
}
