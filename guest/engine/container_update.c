/* SPDX-License-Identifier: Apache-2.0 */
/* POST /containers/ID/update */
#include "container_routes.h"
#include "http.h"
#include "oci.h"
#include "runtime_call.h"
#include "spec_check.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

struct update {
	struct request *request;
	char id[ID_SIZE];
	json *spec;
};

/* Kept when the runtime has agreed, so that a refused limit does not stop the next start. */
static void on_updated(void *context, const char *error)
{
	struct update *update = context;
	struct container *container = container_find(update->id, NULL);

	if (error || !container) {
		reply_error(update->request, 500, "cannot update the running container: %s",
			    error ? error : "it has gone");
	} else if (container_store_spec(container, update->spec) < 0) {
		reply_error(update->request, 500, "the database does not take the change");
	} else {
		json *reply = json_object_new_object();
		json_set(reply, "Warnings", json_object_new_array());
		container_event(container, "update", NULL, NULL);
		reply_json(update->request, 200, reply);
	}
	json_object_put(update->spec);
	free(update);
}

/* The new limits go to the runtime by a file of the container's folder. */
static void update_running(struct container *container, struct update *update)
{
	char *path = container_path(container, "bundle/resources.json");
	const char *arguments[] = {"update", "--resources", path, container->id, NULL};
	json *resources = oci_resources(json_get(update->spec, "HostConfig"));

	json_object_to_file_ext(path, resources, JSON_C_TO_STRING_PLAIN);
	runtime_call(container, arguments, on_updated, update);
	json_object_put(resources);
	free(path);
}

static bool is_updatable(const char *key)
{
	static const char *const keys[] = {
		"RestartPolicy",     "BlkioWeight", "CpuPeriod",  "CpuQuota",
		"CpuShares",         "CpusetCpus",  "CpusetMems", "Memory",
		"MemorySwap",        "NanoCpus",    "PidsLimit",  "Ulimits",
		"MemoryReservation",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!strcmp(keys[i], key)) {
			return true;
		}
	}
	return false;
}

/* The client sends zeros and empty texts for what is not to change. */
static bool is_given(const char *key, json *value)
{
	if (json_object_is_type(value, json_type_int)) {
		return json_object_get_int64(value) != 0;
	} else if (json_object_is_type(value, json_type_string)) {
		return *json_object_get_string(value) != '\0';
	}
	if (!strcmp(key, "RestartPolicy")) {
		return *json_get_string(value, "Name", "") != '\0';
	}
	return value != NULL;
}

/* False: only the restart policy changed, of which the runtime knows nothing. */
static bool merge_update(json *host, json *body)
{
	bool has_limits = false;

	json_object_object_foreach(body, key, value)
	{
		if (is_updatable(key) && is_given(key, value)) {
			has_limits |= strcmp(key, "RestartPolicy") != 0;
			json_set(host, key, json_object_get(value));
		}
	}
	return has_limits;
}

static void post_update(struct request *request)
{
	struct container *container = container_of_request(request);
	json *body = request_body(request);

	if (!container) {
		return;
	}
	if (reply_wrong(request, 400,
			body ? spec_check_host(body) : text_copy("nothing to update"))) {
		return;
	}
	struct update *update = memory_zeroed(1, sizeof(*update));
	update->request = request;
	update->spec = container_spec(container);
	memcpy(update->id, container->id, ID_SIZE);
	bool has_limits = merge_update(json_get(update->spec, "HostConfig"), body);
	if (has_limits && container->state.is_running) {
		update_running(container, update);
	} else {
		on_updated(update, NULL);
	}
}

const struct route update_routes[1] = {
	{"POST", "/containers/{id}/update", post_update, 0},
};
