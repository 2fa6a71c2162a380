/* SPDX-License-Identifier: Apache-2.0 */
/* At the engine's start: the kernel's state as the database says. */
#include "engine.h"
#include "network_inside.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static void on_synced(void *context, json *result, const char *error, const char *kind)
{
	json *failed = json_get(result, "failed");

	(void)context;
	(void)kind;
	if (error) {
		engine_log("networks: %s", error);
		return;
	}
	for (size_t i = 0; i < json_count(failed); i++) {
		json *one = json_at(failed, i);
		engine_log("network interface %s: %s", json_get_string(one, "interface", ""),
			   json_get_string(one, "error", ""));
	}
	for (struct network *one = network_first(); one; one = one->next) {
		one->is_up = one->subnet != 0;
		if (one->is_up) {
			network_dns_update(one, NULL, network_log, NULL);
		}
	}
}

/* Rows of containers that do not run: a kill came between their row and their process, or their end
 * and its clean-up. What the kernel has of them is not in the request, and goes. */
static bool is_alive(json *endpoint)
{
	struct container *container =
		container_find(json_get_string(endpoint, "container", ""), NULL);

	return container && (container->state.is_running || container->is_ending);
}

/* Namespaces of containers that do not run. */
static void sweep_netns(void)
{
	char *path = engine_run_path("netns");
	DIR *list = opendir(path);
	struct dirent *entry;

	while (list && (entry = readdir(list))) {
		struct container *container =
			entry->d_name[0] == '.' ? NULL : container_find(entry->d_name, NULL);
		if (id_is_hex(entry->d_name) &&
		    !(container && (container->state.is_running || container->is_ending))) {
			network_job_logged("netns-delete", netns_request(entry->d_name), false);
		}
	}
	if (list) {
		closedir(list);
	}
	free(path);
}

static void add_endpoints(json *list)
{
	json *endpoints = endpoints_all();
	const char *former = "";

	for (size_t i = 0; i < json_count(endpoints); i++) {
		json *endpoint = json_at(endpoints, i);
		struct network *network = network_find(json_get_string(endpoint, "network", ""));
		const char *container = json_get_string(endpoint, "container", "");
		if (!network || !is_alive(endpoint)) {
			endpoint_delete(endpoint);
			continue;
		}
		json_object_array_add(
			list, endpoint_request(endpoint, network,
					       json_object_get(json_get_array(endpoint, "ports")),
					       strcmp(container, former) != 0));
		former = container;
	}
	json_object_put(endpoints);
}

void network_sync(void)
{
	json *request = json_object_new_object();
	json *networks = json_object_new_array();
	json *endpoints = json_object_new_array();
	json *rows = endpoints_all();
	bool has_rows = json_count(rows) > 0;

	json_object_put(rows);
	json_set(request, "networks", networks);
	json_set(request, "endpoints", endpoints);
	add_endpoints(endpoints);
	for (struct network *one = network_first(); one; one = one->next) {
		if (one->subnet) {
			json *device = device_request(one);
			json_object_array_add(networks, network_request(one));
			if (device) {
				json_object_array_add(endpoints, device);
			}
		}
	}
	sweep_netns();
	/* Without containers in networks nothing is touched: bridges come up when they are needed.
	 */
	if (!has_rows) {
		json_object_put(request);
		request = NULL;
	}
	network_job_open(request, on_synced, NULL);
}
