/* SPDX-License-Identifier: Apache-2.0 */
/* POST /networks/ID/connect and /disconnect */
#include "body_check.h"
#include "http.h"
#include "network_inside.h"
#include "network_routes.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

struct change {
	struct request *request;
	char container[ID_SIZE];
	json *spec;
};

static void finish(void *context, const char *error)
{
	struct change *change = context;
	struct container *container = container_find(change->container, NULL);

	if (error) {
		reply_error(change->request, 500, "%s", error);
	} else if (!container || container_store_spec(container, change->spec) < 0) {
		reply_error(change->request, 500, "the container is gone, or the database refuses");
	} else {
		reply_empty(change->request, 200);
	}
	json_object_put(change->spec);
	free(change);
}

static struct change *begin(struct request *request, struct container *container, json *spec)
{
	struct change *change = memory_zeroed(1, sizeof(*change));

	change->request = request;
	memcpy(change->container, container->id, ID_SIZE);
	change->spec = spec;
	return change;
}

static struct container *find_container(struct request *request)
{
	const char *name = json_get_string(request_body(request), "Container", "");

	if (reply_wrong(request, 400, body_check_connect(request_body(request)))) {
		return NULL;
	}
	struct container *container = *name ? container_find(name, NULL) : NULL;

	if (!container) {
		reply_error(request, *name ? 404 : 400, "No such container: %s", name);
	}
	return container;
}

static bool is_in_plan(json *spec, const struct network *network)
{
	json *plan = network_plan(spec);
	bool is_there = false;

	for (size_t i = 0; i < json_count(plan); i++) {
		json *item = json_at(plan, i);
		is_there = is_there || network_find(json_get_string(item, "name", "")) == network;
	}
	json_object_put(plan);
	return is_there;
}

/* NULL, or why the container cannot join it. */
static const char *why_not(const struct network *network, json *spec)
{
	const char *mode = network_mode_of(spec);

	if (!*network->bridge) {
		return "container cannot be connected to the networks host and none";
	}
	if (!network_mode_has_networks(mode)) {
		return "container of network mode host, none or container:ID cannot be connected "
		       "to any other network";
	}
	return is_in_plan(spec, network) ? "the container is in the network already" : NULL;
}

void network_connect_container(struct request *request)
{
	struct network *network = network_of_request(request);
	struct container *container = network ? find_container(request) : NULL;

	if (!container) {
		return;
	}
	json *config = json_get_object(request_body(request), "EndpointConfig");
	json *spec = container_spec(container);
	const char *refusal = why_not(network, spec);
	if (refusal) {
		reply_error(request, 403, "%s: %s", network->name, refusal);
		json_object_put(spec);
		return;
	}
	json *endpoints = endpoints_of_container(container->id);
	bool is_first = json_count(endpoints) == 0;
	json_object_put(endpoints);
	network_plan_add(spec, network->name, config);
	struct change *change = begin(request, container, spec);
	if (!container->state.is_running || container->is_ending) {
		finish(change, NULL);
		return;
	}
	network_join(container, spec, network, config, is_first, finish, change);
}

void network_disconnect_container(struct request *request)
{
	struct network *network = network_of_request(request);
	struct container *container = network ? find_container(request) : NULL;

	if (!container) {
		return;
	}
	json *spec = container_spec(container);
	if (!is_in_plan(spec, network)) {
		reply_error(request, 403, "container %s is not connected to network %s",
			    container->id, network->name);
		json_object_put(spec);
		return;
	}
	network_plan_remove(spec, network->name);
	json *endpoints = endpoints_of_container(container->id);
	json *endpoint = endpoint_find(endpoints, network);
	struct change *change = begin(request, container, spec);
	if (endpoint) {
		network_leave(endpoint, finish, change);
	} else {
		finish(change, NULL);
	}
	json_object_put(endpoints);
}
