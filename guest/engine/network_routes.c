/* SPDX-License-Identifier: Apache-2.0 */
/* /networks: what there is, and its end. */
#include "network_routes.h"
#include "engine.h"
#include "filter.h"
#include "http.h"
#include "moment.h"
#include "network_ip6.h"
#include "query.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static json *object_or_empty(json *value)
{
	return json_object_is_type(value, json_type_object) ? json_object_get(value)
							    : json_object_new_object();
}

static const char *driver_of(const struct network *network)
{
	return *network->bridge ? "bridge" : !strcmp(network->name, "none") ? "null" : "host";
}

static json *ipam_view(const struct network *network)
{
	json *ipam = json_object_new_object();
	json *list = json_object_new_array();
	const char *range = json_get_string(ipam_config(network->spec, false), "IPRange", "");
	char text[IP_TEXT], text6[IP6_TEXT];
	struct ip6_net net;

	json_set_string(ipam, "Driver", "default");
	json_set(ipam, "Options", NULL);
	if (network->subnet) {
		json *config = json_object_new_object();
		char *subnet =
			text_format("%s/%u", ip_text(network->subnet, text), network->prefix);
		json_set_string(config, "Subnet", subnet);
		if (*range) {
			json_set_string(config, "IPRange", range);
		}
		json_set_string(config, "Gateway", ip_text(network->gateway, text));
		json_object_array_add(list, config);
		free(subnet);
	}
	if (ip6_of_network(network, &net)) {
		json *config = json_object_new_object();
		char *subnet = text_format("%s/%u", ip6_text(&net.subnet, text6), net.prefix);
		json_set_string(config, "Subnet", subnet);
		json_set_string(config, "Gateway", ip6_text(&net.gateway, text6));
		json_object_array_add(list, config);
		free(subnet);
	}
	json_set(ipam, "Config", list);
	return ipam;
}

static json *options_view(const struct network *network)
{
	json *given = json_get_object(network->spec, "Options");

	if (network->is_predefined && *network->bridge) {
		json *options = json_object_new_object();
		json_set_string(options, "com.docker.network.bridge.default_bridge", "true");
		json_set_string(options, "com.docker.network.bridge.name", network->bridge);
		return options;
	}
	return object_or_empty(given);
}

static json *containers_view(const struct network *network)
{
	json *containers = json_object_new_object();
	json *endpoints = endpoints_of_network(network->id);

	for (size_t i = 0; i < json_count(endpoints); i++) {
		json *endpoint = json_at(endpoints, i);
		const char *id = json_get_string(endpoint, "container", "");
		struct container *container = container_find(id, NULL);
		json *view = json_object_new_object();
		char text[IP_TEXT], text6[IP6_TEXT];
		struct ip6_net net;
		char *address = text_format("%s/%u", endpoint_ip(endpoint, text), network->prefix);
		const char *plain6 = ip6_of_endpoint(network, endpoint, &net, text6);
		char *address6 = *plain6 ? text_format("%s/%u", plain6, net.prefix) : text_copy("");
		json_set_string(view, "Name", container ? container->name : "");
		json_set_string(view, "EndpointID", json_get_string(endpoint, "id", ""));
		json_set_string(view, "MacAddress", json_get_string(endpoint, "mac", ""));
		json_set_string(view, "IPv4Address", address);
		json_set_string(view, "IPv6Address", address6);
		json_set(containers, id, view);
		free(address);
		free(address6);
	}
	json_object_put(endpoints);
	return containers;
}

static json *describe(const struct network *network, bool with_containers)
{
	json *view = json_object_new_object();

	json_set_string(view, "Name", network->name);
	json_set_string(view, "Id", network->id);
	json_set(view, "Created", moment_json(network->created));
	json_set_string(view, "Scope", "local");
	json_set_string(view, "Driver", driver_of(network));
	json_set_bool(view, "EnableIPv4", true);
	json_set_bool(view, "EnableIPv6", json_get_bool(network->spec, "EnableIPv6", false));
	json_set(view, "IPAM", ipam_view(network));
	json_set_bool(view, "Internal", network_is_internal(network));
	json_set_bool(view, "Attachable", json_get_bool(network->spec, "Attachable", false));
	json_set_bool(view, "Ingress", false);
	json_set(view, "ConfigFrom", json_pair("Network", ""));
	json_set_bool(view, "ConfigOnly", false);
	json_set(view, "Containers",
		 with_containers ? containers_view(network) : json_object_new_object());
	json_set(view, "Options", options_view(network));
	json_set(view, "Labels", object_or_empty(json_get(network->spec, "Labels")));
	return view;
}

static bool has_endpoints(const struct network *network)
{
	json *endpoints = endpoints_of_network(network->id);
	bool result = json_count(endpoints) > 0;

	json_object_put(endpoints);
	return result;
}

static bool is_wanted(const struct network *network, json *filter)
{
	bool is_dangling = !network->is_predefined && !has_endpoints(network);

	return filter_match_part(filter, "name", network->name) &&
	       filter_match_prefix(filter, "id", network->id) &&
	       filter_match(filter, "driver", driver_of(network)) &&
	       filter_match(filter, "scope", "local") &&
	       filter_match(filter, "type", network->is_predefined ? "builtin" : "custom") &&
	       filter_match_labels(filter, "label", json_get(network->spec, "Labels")) &&
	       filter_bool(filter, "dangling", is_dangling) == is_dangling;
}

static void network_get_all(struct request *request)
{
	static const char *const known[] = {"name", "id",    "driver",   "scope",
					    "type", "label", "dangling", NULL};
	json *filter = query_filter(request, known);

	if (!filter) {
		return;
	}
	json *list = json_object_new_array();
	for (struct network *one = network_first(); one; one = one->next) {
		if (is_wanted(one, filter)) {
			json_object_array_add(list, describe(one, false));
		}
	}
	json_object_put(filter);
	reply_json(request, 200, list);
}

static void network_get(struct request *request)
{
	struct network *network = network_of_request(request);

	if (network) {
		reply_json(request, 200, describe(network, true));
	}
}

struct removal {
	char id[ID_SIZE];
	struct request *request; /* NULL: of a prune */
};

static void on_down(void *context, json *result, const char *error, const char *kind)
{
	struct removal *removal = context;
	struct network *network = network_find(removal->id);

	(void)result;
	(void)kind;
	if (error) {
		engine_log("%s",
			   error); /* the row is gone or goes, and the next sync takes the rest */
	}
	if (network && has_endpoints(network)) {
		network->is_up = false;
		reply_error(removal->request, 403, "network %s has active endpoints",
			    network->name);
	} else if (network) {
		network_event(network, "destroy", NULL);
		if (network_delete(network) < 0) {
			reply_error(removal->request, 500, "the database does not take it");
		} else {
			reply_empty(removal->request, 204);
		}
	} else {
		reply_empty(removal->request, 204);
	}
	free(removal);
}

static void network_remove(struct request *request)
{
	struct network *network = network_of_request(request);

	if (!network) {
		return;
	}
	if (network->is_predefined) {
		reply_error(request, 403, "%s is a pre-defined network and cannot be removed",
			    network->name);
		return;
	}
	if (has_endpoints(network)) {
		reply_error(request, 403,
			    "error while removing network: network %s id %s has active endpoints",
			    network->name, network->id);
		return;
	}
	struct removal *removal = memory_zeroed(1, sizeof(*removal));
	memcpy(removal->id, network->id, ID_SIZE);
	removal->request = request;
	network_job("bridge-down", network_request(network), true, on_down, removal);
}

static void network_prune(struct request *request)
{
	static const char *const known[] = {"label", "label!", "until", NULL};
	int64_t until;
	json *filter = prune_filter(request, known, &until);
	json *removed = json_object_new_array();
	struct network *next;

	if (!filter) {
		json_object_put(removed);
		return;
	}
	for (struct network *one = network_first(); one; one = next) {
		next = one->next;
		if (one->is_predefined || has_endpoints(one) || one->created >= until ||
		    !prune_matches(filter, json_get(one->spec, "Labels"))) {
			continue;
		}
		json *down = network_request(one);
		char *name = text_copy(one->name);
		network_event(one, "destroy", NULL);
		if (network_delete(one) == 0) {
			json_append_string(removed, name);
			network_job_logged("bridge-down", down, true);
		} else {
			json_object_put(down);
		}
		free(name);
	}
	json_object_put(filter);
	json *reply = json_object_new_object();
	json_set(reply, "NetworksDeleted", removed);
	reply_json(request, 200, reply);
}

const struct route network_routes[7] = {
	{"GET", "/networks", network_get_all, 0},
	{"POST", "/networks/create", network_create, 0},
	{"POST", "/networks/prune", network_prune, 0},
	{"GET", "/networks/{id}", network_get, 0},
	{"DELETE", "/networks/{id}", network_remove, 0},
	{"POST", "/networks/{id}/connect", network_connect_container, 0},
	{"POST", "/networks/{id}/disconnect", network_disconnect_container, 0},
};
