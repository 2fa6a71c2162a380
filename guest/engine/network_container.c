/* SPDX-License-Identifier: Apache-2.0 */
/* A container's networks over its life: what network.h promises to the rest of the engine. */
#include "engine.h"
#include "network.h"
#include "network_inside.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *network_check(json *host, unsigned *status)
{
	const char *mode = json_get_string(host, "NetworkMode", "default");

	if (!strncmp(mode, "container:", 10)) {
		if (!container_find(mode + 10, NULL)) {
			*status = 404;
			return text_format("No such container: %s", mode + 10);
		}
		if (json_count(json_get(host, "Dns"))) {
			*status = 400;
			return text_copy("conflicting options: dns and the network mode: it shares "
					 "the other "
					 "container's");
		}
	}
	/* A network that is missing is told at the start: at the creation the client would take 404
	 * for a missing image, and pull it. */
	char *error = network_port_check(host);
	*status = error ? 400 : *status;
	return error;
}

struct connecting {
	struct container *container;
	json *spec, *plan;
	size_t next;
	network_done_fn done;
	void *context;
};

static void finish_connecting(struct connecting *connecting, const char *error)
{
	connecting->done(connecting->context, error);
	json_object_put(connecting->spec);
	json_object_put(connecting->plan);
	free(connecting);
}

/* One network after the other: eth0 is the first's. */
static void connect_next(void *context, const char *error)
{
	struct connecting *connecting = context;

	if (error || connecting->next == json_count(connecting->plan)) {
		finish_connecting(connecting, error);
		return;
	}
	size_t index = connecting->next++;
	json *item = json_at(connecting->plan, index);
	const char *name = json_get_string(item, "name", "");
	struct network *network = network_find(name);
	if (!network || !*network->bridge) {
		char *words = text_format("network %s not found", name);
		finish_connecting(connecting, words);
		free(words);
		return;
	}
	network_join(connecting->container, connecting->spec, network, json_get(item, "config"),
		     index == 0, connect_next, connecting);
}

void network_connect(struct container *container, json *spec, network_done_fn done, void *context)
{
	const char *mode = network_mode_of(spec);

	if (!strncmp(mode, "container:", 10)) {
		struct container *other = container_find(mode + 10, NULL);
		if (!other || !other->state.is_running) {
			done(context, "the container whose network it shares is not running");
			return;
		}
	}
	struct connecting *connecting = memory_zeroed(1, sizeof(*connecting));
	connecting->container = container;
	connecting->spec = json_object_get(spec);
	connecting->plan = network_plan(spec);
	connecting->done = done;
	connecting->context = context;
	connect_next(connecting, NULL);
}

struct disconnecting {
	char id[ID_SIZE];
	json *endpoints;
	size_t next;
	network_done_fn done;
	void *context;
};

static void on_netns_deleted(void *context, json *result, const char *error, const char *kind)
{
	struct disconnecting *disconnecting = context;

	(void)result;
	(void)kind;
	disconnecting->done(disconnecting->context, error);
	json_object_put(disconnecting->endpoints);
	free(disconnecting);
}

static void disconnect_next(void *context, const char *ignored)
{
	struct disconnecting *disconnecting = context;

	(void)ignored;
	if (disconnecting->next < json_count(disconnecting->endpoints)) {
		network_leave(json_at(disconnecting->endpoints, disconnecting->next++),
			      disconnect_next, disconnecting);
		return;
	}
	network_job("netns-delete", netns_request(disconnecting->id), false, on_netns_deleted,
		    disconnecting);
}

void network_disconnect(struct container *container, network_done_fn done, void *context)
{
	json *endpoints = endpoints_of_container(container->id);

	char *netns = engine_run_path("netns/%s", container->id);
	bool is_there = json_count(endpoints) > 0 || access(netns, F_OK) == 0;

	free(netns);
	if (!is_there) {
		json_object_put(endpoints);
		done(context, NULL);
		return;
	}
	struct disconnecting *disconnecting = memory_zeroed(1, sizeof(*disconnecting));
	memcpy(disconnecting->id, container->id, ID_SIZE);
	disconnecting->endpoints = endpoints;
	disconnecting->done = done;
	disconnecting->context = context;
	disconnect_next(disconnecting, NULL);
}

char *network_namespace(struct container *container, json *spec)
{
	const char *mode = network_mode_of(spec);

	if (!strcmp(mode, "host")) {
		return NULL;
	}
	if (!strncmp(mode, "container:", 10)) {
		struct container *other = container_find(mode + 10, NULL);
		return other ? text_format("/proc/%d/ns/net", (int)other->state.pid)
			     : text_copy("");
	}
	json *plan = network_plan(spec);
	bool has_networks = json_count(plan) > 0;
	json_object_put(plan);
	return has_networks ? engine_run_path("netns/%s", container->id) : text_copy("");
}
