/* SPDX-License-Identifier: Apache-2.0 */
/* POST /networks/create */
#include "body_check.h"
#include "http.h"
#include "name.h"
#include "network_ip6.h"
#include "network_routes.h"
#include "text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define BRIDGE_NAME_MAX 15

struct wish {
	uint32_t subnet, gateway;
	unsigned prefix;
};

/* IPAM.Config: at most one subnet. NULL, or what is wrong (the caller frees it). */
static char *read_ipam(json *body, struct wish *wish)
{
	json *ipam = json_get(body, "IPAM");
	json *list = json_get_array(ipam, "Config");
	json *config = ipam_config(body, false);
	const char *driver = json_get_string(ipam, "Driver", "");
	const char *subnet = json_get_string(config, "Subnet", "");
	const char *gateway = json_get_string(config, "Gateway", "");
	const char *range = json_get_string(config, "IPRange", "");
	uint32_t part;
	unsigned part_prefix;

	if (*driver && strcmp(driver, "default") != 0) {
		return text_format("there is no IPAM driver %.40s, only default", driver);
	}
	if (json_count(list) > (ipam_config(body, true) ? 1u : 0u) + (config ? 1u : 0u)) {
		return text_copy("one subnet of IPv4 for a network, and one of IPv6, no more");
	}
	if (!*subnet && (*gateway || *range)) {
		return text_copy("a gateway or range needs a subnet: --subnet");
	}
	if (*subnet && !subnet_parse(subnet, &wish->subnet, &wish->prefix)) {
		return text_format("invalid subnet %.40s: A.B.C.D/8 to /30", subnet);
	}
	wish->gateway = *subnet ? wish->subnet + 1 : 0;
	if (*gateway && (!ip_parse(gateway, &wish->gateway) ||
			 !ip_within(wish->gateway, wish->subnet, wish->prefix))) {
		return text_format("invalid gateway %.40s: not within %s", gateway, subnet);
	}
	if (*range && (!subnet_parse(range, &part, &part_prefix) || part_prefix < wish->prefix ||
		       !ip_within(part, wish->subnet, wish->prefix))) {
		return text_format("invalid range %.40s: not within %s", range, subnet);
	}
	return NULL;
}

static bool is_bridge_name(const char *name)
{
	size_t length = strlen(name);

	for (const char *next = name; *next; next++) {
		if (!isalnum((unsigned char)*next) && (next == name || !strchr("._-", *next))) {
			return false;
		}
	}
	return length > 0 && length <= BRIDGE_NAME_MAX;
}

static bool bridge_is_taken(const char *bridge)
{
	for (struct network *one = network_first(); one; one = one->next) {
		if (!strcmp(one->bridge, bridge)) {
			return true;
		}
	}
	return false;
}

/* NULL, or what is wrong. */
static char *check(json *body, struct wish *wish, unsigned *status)
{
	const char *name = json_get_string(body, "Name", "");
	const char *driver = json_get_string(body, "Driver", "");
	const char *bridge =
		json_get_string(json_get(body, "Options"), "com.docker.network.bridge.name", NULL);

	*status = 400;
	char *wrong = body_check_network(body);
	if (wrong) {
		return wrong;
	}
	bool is_letter = isalnum((unsigned char)name[0]) && !name[1];
	if (!is_letter && !name_is_valid(name)) {
		return text_format("invalid network name: \"%.60s\"; only "
				   "[a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
				   name);
	}
	for (struct network *one = network_first(); one; one = one->next) {
		if (!strcmp(one->name, name)) {
			*status = one->is_predefined ? 403 : 409;
			return one->is_predefined
				       ? text_format("operation is not permitted on predefined %s "
						     "network",
						     name)
				       : text_format("network with name %s already exists", name);
		}
	}
	if (*driver && strcmp(driver, "bridge") != 0 && strcmp(driver, "default") != 0) {
		*status = 404;
		return text_format("could not find network driver %.40s: there is bridge", driver);
	}
	if (bridge && (!is_bridge_name(bridge) || bridge_is_taken(bridge))) {
		return text_format("bridge name \"%.40s\" is invalid or another network's", bridge);
	}
	char *error = read_ipam(body, wish);
	error = error ? error : ip6_check_network(body);
	if (!error && wish->subnet && subnet_is_taken(wish->subnet, wish->prefix, NULL)) {
		*status = 403;
		error = text_copy("Pool overlaps with other one on this address space");
	}
	return error;
}

static json *make_spec(json *body)
{
	static const char *const keys[] = {"Internal", "Attachable", "Options",
					   "Labels",   "IPAM",       "EnableIPv6"};
	json *spec = json_object_new_object();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (json_get(body, keys[i])) {
			json_set(spec, keys[i], json_object_get(json_get(body, keys[i])));
		}
	}
	return spec;
}

struct creation {
	char id[ID_SIZE];
	struct request *request;
};

/* A network whose bridge cannot be is none. */
static void on_up(void *context, json *result, const char *error, const char *kind)
{
	struct creation *creation = context;
	struct network *network = network_find(creation->id);

	(void)result;
	if (error || !network) {
		if (network) {
			network_delete(network);
		}
		reply_error(creation->request, kind ? reply_status_of(kind) : 500, "%s",
			    error ? error : "the network was removed");
	} else {
		json *reply = json_object_new_object();
		json_set_string(reply, "Id", network->id);
		json_set_string(reply, "Warning", "");
		network_event(network, "create", NULL);
		reply_json(creation->request, 201, reply);
	}
	free(creation);
}

void network_create(struct request *request)
{
	json *body = request_body(request);
	struct wish wish = {0};
	unsigned status;
	char *wrong = check(body, &wish, &status);

	if (reply_wrong(request, status, wrong)) {
		return;
	}
	struct network *network = network_insert(
		json_get_string(body, "Name", ""),
		json_get_string(json_get(body, "Options"), "com.docker.network.bridge.name", NULL),
		make_spec(body));
	if (!network) {
		reply_error(request, 500, "the database does not take the network");
		return;
	}
	if (wish.subnet) {
		network->subnet = wish.subnet;
		network->gateway = wish.gateway;
		network->prefix = wish.prefix;
		network_store_subnet(network);
	}
	struct creation *creation = memory_zeroed(1, sizeof(*creation));
	memcpy(creation->id, network->id, ID_SIZE);
	creation->request = request;
	network_up(network, on_up, creation);
}
