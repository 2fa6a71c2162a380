/* SPDX-License-Identifier: Apache-2.0 */
/* Bridges come up when they are needed. */
#include "network_inside.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

struct coming_up {
	char id[ID_SIZE];
	bool chooses; /* the subnet is ours to choose */
	unsigned candidate;
	job_done_fn done;
	void *context;
};

static void try_next(struct coming_up *up, struct network *network);

static void finish(struct coming_up *up, const char *error, const char *kind)
{
	up->done(up->context, NULL, error, kind);
	free(up);
}

static void on_device(void *context, json *result, const char *error, const char *kind)
{
	(void)result;
	finish(context, error, kind);
}

/* The bridge is there; its interface of the host last. */
static void add_device(struct coming_up *up, const struct network *network)
{
	json *request = device_request(network);

	if (request) {
		network_job("attach", request, false, on_device, up);
	} else {
		finish(up, NULL, NULL);
	}
}

static void on_up(void *context, json *result, const char *error, const char *kind)
{
	struct coming_up *up = context;
	struct network *network = network_find(up->id);

	if (!network) {
		finish(up, "the network was removed", "not-found");
	} else if (result) {
		network->is_up = true;
		if (up->chooses && network_store_subnet(network) < 0) {
			finish(up, "the database does not take the network's subnet", "io");
		} else {
			add_device(up, network);
		}
	} else if (up->chooses && !strcmp(kind, "conflict")) {
		/* Somebody else's interface is in that subnet. */
		try_next(up, network);
	} else {
		if (up->chooses) {
			network->subnet = network->gateway = network->prefix = 0;
		}
		finish(up, error, kind);
	}
}

static void start(struct coming_up *up, struct network *network)
{
	network_job("bridge-up", network_request(network), true, on_up, up);
}

static void try_next(struct coming_up *up, struct network *network)
{
	uint32_t subnet;
	unsigned prefix;

	while (subnet_candidate(up->candidate++, &subnet, &prefix)) {
		if (!subnet_is_taken(subnet, prefix, network)) {
			network->subnet = subnet;
			network->prefix = prefix;
			network->gateway = subnet + 1;
			start(up, network);
			return;
		}
	}
	network->subnet = network->gateway = network->prefix = 0;
	finish(up, "all predefined address pools have been fully subnetted; give --subnet",
	       "conflict");
}

void network_up(struct network *network, job_done_fn done, void *context)
{
	if (network->is_up) {
		done(context, NULL, NULL, NULL);
		return;
	}
	struct coming_up *up = memory_zeroed(1, sizeof(*up));
	memcpy(up->id, network->id, ID_SIZE);
	up->done = done;
	up->context = context;
	up->chooses = network->subnet == 0;
	if (up->chooses) {
		try_next(up, network);
	} else {
		start(up, network);
	}
}
