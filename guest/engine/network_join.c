/* SPDX-License-Identifier: Apache-2.0 */
/* One endpoint: into a network and out of it. The row is there as long as the kernel may have it.
 */
#include "engine.h"
#include "network_inside.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

struct joining {
	struct container *container;
	char network[ID_SIZE];
	json *config, *ports, *endpoint;
	bool is_first, was_tried;
	network_done_fn done;
	void *context;
};

static void attach(struct joining *joining, struct network *network);

static void finish(struct joining *joining, const char *error)
{
	joining->done(joining->context, error);
	json_object_put(joining->config);
	json_object_put(joining->ports);
	json_object_put(joining->endpoint);
	free(joining);
}

static void on_names(void *context, const char *error)
{
	if (error) {
		engine_log("%s", error); /* it runs without names */
	}
	finish(context, NULL);
}

static void on_up(void *context, json *result, const char *error, const char *kind)
{
	struct joining *joining = context;
	struct network *network = network_find(joining->network);

	(void)result;
	(void)kind;
	if (error || !network) {
		finish(joining, error ? error : "the network was removed");
		return;
	}
	attach(joining, network);
}

/* Somebody took our bridge away: once more with a new one. */
static bool try_again(struct joining *joining, struct network *network, const char *kind)
{
	if (joining->was_tried || strcmp(kind, "not-found") != 0) {
		return false;
	}
	joining->was_tried = true;
	network->is_up = false;
	endpoint_delete(joining->endpoint);
	json_object_put(joining->endpoint);
	joining->endpoint = NULL;
	network_up(network, on_up, joining);
	return true;
}

static void on_attached(void *context, json *result, const char *error, const char *kind)
{
	struct joining *joining = context;
	struct network *network = network_find(joining->network);

	if (result && network && endpoint_store_result(joining->endpoint, result) == 0) {
		network_event(network, "connect", joining->container->id);
		network_dns_update(network, NULL, on_names, joining);
		return;
	}
	if (error && network && try_again(joining, network, kind)) {
		return;
	}
	char *words = text_format("failed to set up container networking: %s",
				  error ? error : "the database does not take the endpoint");
	if (error) {
		/* bh-network left nothing of it. */
		endpoint_delete(joining->endpoint);
	}
	finish(joining, words);
	free(words);
}

static void attach(struct joining *joining, struct network *network)
{
	char *error = NULL;

	joining->endpoint = endpoint_make(joining->container, network, joining->config, &error);
	if (!joining->endpoint) {
		finish(joining, error);
		free(error);
		return;
	}
	network_job("attach",
		    endpoint_request(joining->endpoint, network, json_object_get(joining->ports),
				     joining->is_first),
		    false, on_attached, joining);
}

void network_join(struct container *container, json *spec, struct network *network, json *config,
		  bool is_first, network_done_fn done, void *context)
{
	struct joining *joining = memory_zeroed(1, sizeof(*joining));

	joining->container = container;
	memcpy(joining->network, network->id, ID_SIZE);
	joining->config = json_object_get(config);
	joining->ports = is_first && !network_is_internal(network) ? network_port_requests(spec)
								   : json_object_new_array();
	joining->is_first = is_first;
	joining->done = done;
	joining->context = context;
	network_up(network, on_up, joining);
}

struct leaving {
	json *endpoint;
	network_done_fn done;
	void *context;
};

static void finish_leaving(void *context, const char *error)
{
	struct leaving *leaving = context;

	leaving->done(leaving->context, error);
	json_object_put(leaving->endpoint);
	free(leaving);
}

static void on_detached(void *context, json *result, const char *error, const char *kind)
{
	struct leaving *leaving = context;
	struct network *network = network_find(json_get_string(leaving->endpoint, "network", ""));

	(void)result;
	(void)kind;
	if (error) {
		engine_log("%s", error);
	}
	/* What could not be taken back is the next sync's. */
	endpoint_delete(leaving->endpoint);
	if (!network) {
		finish_leaving(leaving, NULL);
		return;
	}
	network_event(network, "disconnect", json_get_string(leaving->endpoint, "container", ""));
	network_dns_update(network, json_get_string(leaving->endpoint, "container", ""),
			   finish_leaving, leaving);
}

void network_leave(json *endpoint, network_done_fn done, void *context)
{
	struct network *network = network_find(json_get_string(endpoint, "network", ""));

	if (!network) {
		endpoint_delete(endpoint);
		done(context, NULL);
		return;
	}
	struct leaving *leaving = memory_zeroed(1, sizeof(*leaving));
	leaving->endpoint = json_object_get(endpoint);
	leaving->done = done;
	leaving->context = context;
	network_job("detach",
		    endpoint_request(endpoint, network,
				     json_object_get(json_get_array(endpoint, "ports")), false),
		    false, on_detached, leaving);
}
