/* SPDX-License-Identifier: Apache-2.0 */
/* `sync`: the kernel's state as the request says, whatever it was before. */
#include "command.h"
#include "netns.h"
#include "port.h"
#include "rules.h"
#include "rules_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct plan {
	struct network *networks;
	size_t network_count;
	struct endpoint *endpoints;
	size_t endpoint_count;
	json *failed, *repaired, *removed; /* of the result, which owns them */
};

static void note_failure(struct plan *plan, const char *name, const struct failure *failure)
{
	json *object = json_object_new_object();

	json_set_string(object, "interface", name);
	json_set_string(object, "error", failure->message);
	json_set_string(object, "kind", failure->kind);
	json_object_array_add(plan->failed, object);
}

static int read_plan(json *request, struct plan *plan, struct failure *failure)
{
	json *networks = json_get_array(request, "networks");
	json *endpoints = json_get_array(request, "endpoints");
	size_t network_count = json_count(networks), endpoint_count = json_count(endpoints);

	if (network_count > NETWORKS_MAX || endpoint_count > ENDPOINTS_MAX) {
		return fail(failure, "bad-input", "more than %d networks or %d endpoints",
			    NETWORKS_MAX, ENDPOINTS_MAX);
	}
	plan->networks = memory_zeroed(network_count, sizeof(*plan->networks));
	plan->endpoints = memory_zeroed(endpoint_count, sizeof(*plan->endpoints));
	for (; plan->network_count < network_count; plan->network_count++) {
		if (request_network(json_at(networks, plan->network_count),
				    &plan->networks[plan->network_count], failure) < 0) {
			return -1;
		}
	}
	while (plan->endpoint_count < endpoint_count) {
		size_t i = plan->endpoint_count++;
		if (request_endpoint(json_at(endpoints, i), &plan->endpoints[i], failure) < 0) {
			return -1;
		}
	}
	return 0;
}

static bool is_planned_bridge(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->network_count; i++) {
		if (strcmp(plan->networks[i].bridge, name) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_planned_endpoint(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->endpoint_count; i++) {
		if (strcmp(plan->endpoints[i].host_interface, name) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_ours_by_index(const struct link_list *links, int index)
{
	for (size_t i = 0; i < links->count; i++) {
		if (links->links[i].index == index) {
			return links->links[i].is_ours;
		}
	}
	return false;
}

/* Bridges with our mark, and veths in them, that the request does not name. */
static void remove_strays(struct context *context, struct plan *plan, const struct link_list *links)
{
	for (size_t i = 0; i < links->count; i++) {
		const struct link_fact *fact = &links->links[i];
		bool is_stray_bridge =
			fact->is_bridge && fact->is_ours && !is_planned_bridge(plan, fact->name);
		bool is_stray_veth = fact->is_veth && is_ours_by_index(links, fact->master) &&
				     !is_planned_endpoint(plan, fact->name);
		if ((is_stray_bridge || is_stray_veth) &&
		    link_delete(&context->netlink, fact->index) == 0) {
			json_append_string(plan->removed, fact->name);
		}
	}
}

static void sync_network(struct context *context, struct plan *plan, const struct network *network,
			 const struct link_list *links)
{
	struct failure failure = {0};
	bool was_there = link_find(links, network->bridge) != NULL;

	if (bridge_make(context, network, &failure) < 0) {
		note_failure(plan, network->bridge, &failure);
	} else if (!was_there) {
		json_append_string(plan->repaired, network->bridge);
	}
}

/* The endpoint of a namespace that is gone has no process either: not repaired, but told. */
static bool can_repair(const struct endpoint *endpoint, struct failure *failure)
{
	if (!endpoint->is_device && access(endpoint->netns, F_OK) < 0) {
		fail(failure, "not-found", "the network namespace %s is gone", endpoint->netns);
		return false;
	}
	return true;
}

static void sync_endpoint(struct context *context, struct plan *plan, struct endpoint *endpoint)
{
	struct failure failure = {0};
	int bridge = netlink_index(&context->netlink, endpoint->bridge);
	int index = netlink_index(&context->netlink, endpoint->host_interface);

	if (index && bridge && !endpoint->is_device) {
		if (link_set_master(&context->netlink, index, bridge) == 0 &&
		    link_set_port(&context->netlink, index, endpoint->isolated) == 0) {
			return;
		}
	}
	if (!can_repair(endpoint, &failure) || endpoint_link(context, endpoint, &failure) < 0) {
		note_failure(plan, endpoint->host_interface, &failure);
	} else if (!index) {
		json_append_string(plan->repaired, endpoint->host_interface);
	}
}

/* Binds all ports anew; an endpoint that loses one keeps none, and is told. */
static int sync_ports(struct context *context, struct plan *plan, struct failure *failure)
{
	int lock = holder_lock(context->run, failure);

	if (lock < 0 || holder_release(context->run, NULL, failure) < 0) {
		return -1;
	}
	for (size_t i = 0; i < plan->endpoint_count; i++) {
		struct endpoint *endpoint = &plan->endpoints[i];
		struct failure own = {0};
		int *sockets;
		size_t count;
		if (endpoint->port_count == 0) {
			continue;
		}
		if (port_bind(endpoint, &sockets, &count, &own) < 0) {
			note_failure(plan, endpoint->host_interface, &own);
			endpoint_free(endpoint);
			continue;
		}
		if (holder_keep(context->run, endpoint->host_interface, sockets, count, &own) < 0) {
			note_failure(plan, endpoint->host_interface, &own);
			endpoint_free(endpoint);
		}
		port_close(sockets, count);
	}
	close(lock);
	return 0;
}

/* Both tables in one transaction: between the old rules and the new there is no moment without. */
static int sync_rules(struct context *context, struct plan *plan, struct failure *failure)
{
	struct text text = {0};

	for (int i = 0; i < 2; i++) {
		int family = i ? AF_INET6 : AF_INET;
		bool is_used = false;
		rules_clear(&text, family);
		for (size_t k = 0; k < plan->network_count; k++) {
			is_used = is_used || plan->networks[k].subnet[i].family;
		}
		if (!is_used) {
			continue;
		}
		rules_base(&text, family, plan->networks, plan->network_count);
		for (size_t k = 0; k < plan->network_count; k++) {
			rules_add_network(&text, family, &plan->networks[k]);
		}
		for (size_t k = 0; k < plan->endpoint_count; k++) {
			rules_add_ports(&text, family, &plan->endpoints[k]);
		}
		if (bridge_has_guard(context)) {
			rules_guard(&text, family);
		}
	}
	int result = rules_run(&text, failure);
	text_free(&text);
	return result;
}

static int apply(struct context *context, struct plan *plan, struct failure *failure)
{
	struct link_list links;

	if (link_list(&context->netlink, &links) < 0) {
		return fail(failure, "io", "cannot list interfaces: %s", strerror(errno));
	}
	if (sync_ports(context, plan, failure) < 0 || sync_rules(context, plan, failure) < 0) {
		free(links.links);
		return -1;
	}
	remove_strays(context, plan, &links);
	bool had_guard = bridge_has_guard(context);
	for (size_t i = 0; i < plan->network_count; i++) {
		sync_network(context, plan, &plan->networks[i], &links);
	}
	for (size_t i = 0; i < plan->endpoint_count; i++) {
		sync_endpoint(context, plan, &plan->endpoints[i]);
	}
	free(links.links);
	return had_guard == bridge_has_guard(context) ? 0 : sync_rules(context, plan, failure);
}

int sync_run(struct context *context, json *request, json **result, struct failure *failure)
{
	struct plan plan = {.failed = json_object_new_array(),
			    .repaired = json_object_new_array(),
			    .removed = json_object_new_array()};

	*result = json_object_new_object();
	json_set(*result, "repaired", plan.repaired);
	json_set(*result, "removed", plan.removed);
	json_set(*result, "failed", plan.failed);
	int status = read_plan(request, &plan, failure);
	if (status == 0) {
		status = apply(context, &plan, failure);
	}
	for (size_t i = 0; i < plan.endpoint_count; i++) {
		endpoint_free(&plan.endpoints[i]);
	}
	free(plan.endpoints);
	free(plan.networks);
	return status;
}
