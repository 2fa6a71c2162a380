/* SPDX-License-Identifier: Apache-2.0 */
/* GET /containers/ID/json */
#include "container_routes.h"
#include "exec.h"
#include "health.h"
#include "http.h"
#include "moment.h"
#include "network.h"
#include "oci.h"
#include "partition_view.h"
#include "rootfs.h"
#include "text.h"
#include "usage.h"

#include <stdlib.h>

static json *state_view(struct container *container)
{
	const struct container_state *state = &container->state;
	json *view = json_object_new_object();

	json_set_string(view, "Status", container_status(container));
	json_set_bool(view, "Running", state->is_running);
	json_set_bool(view, "Paused", state->is_paused);
	json_set_bool(view, "Restarting", state->is_restarting);
	json_set_bool(view, "OOMKilled", state->is_oom_killed);
	json_set_bool(view, "Dead", state->is_dead);
	json_set_int(view, "Pid", state->is_running ? state->pid : 0);
	json_set_int(view, "ExitCode", state->exit_code);
	json_set_string(view, "Error", state->error ? state->error : "");
	json_set(view, "StartedAt", moment_json(state->started));
	json_set(view, "FinishedAt", moment_json(state->finished));
	if (container->health) {
		json_set(view, "Health", health_view(container));
	}
	return view;
}

static void set_path(json *view, const char *key, struct container *container, const char *name)
{

	json_set_owned(view, key, container_path(container, name));
}

static json *driver_view(struct container *container)
{
	json *view = json_object_new_object();
	json *data = json_object_new_object();
	json *lowers = rootfs_lowers(container);
	struct text text = {0};

	for (size_t i = 0; i < json_count(lowers); i++) {
		text_printf(&text, "%s%s", i ? ":" : "", json_string_at(lowers, i));
	}
	json_set_string(data, "LowerDir", text.data ? text.data : "");
	set_path(data, "MergedDir", container, "rootfs");
	set_path(data, "UpperDir", container, "upper");
	set_path(data, "WorkDir", container, "work");
	json_set(view, "Data", data);
	json_set_string(view, "Name", "overlay2");
	json_object_put(lowers);
	text_free(&text);
	return view;
}

static json *arguments_view(json *spec)
{
	json *command = json_get(spec, "Command");
	json *list = json_object_new_array();

	for (size_t i = 1; i < json_count(command); i++) {
		json_append_string(list, json_string_at(command, i));
	}
	return list;
}

static void set_files(json *view, struct container *container)
{
	char *log = text_format("%s-json.log", container->id);

	set_path(view, "ResolvConfPath", container, "resolv.conf");
	set_path(view, "HostnamePath", container, "hostname");
	set_path(view, "HostsPath", container, "hosts");
	set_path(view, "LogPath", container, log);
	free(log);
}

static json *container_describe(struct container *container)
{
	json *spec = container_spec(container);
	json *view = json_object_new_object();
	char *name = text_format("/%s", container->name);

	json_set_string(view, "Id", container->id);
	json_set(view, "Created", moment_json(container->created));
	json_set_string(view, "Path", json_get_string(spec, "Path", ""));
	json_set(view, "Args", arguments_view(spec));
	json_set(view, "State", state_view(container));
	json_set_string(view, "Image", container->image);
	set_files(view, container);
	json_set_string(view, "Name", name);
	json_set_int(view, "RestartCount", container->state.restart_count);
	json_set_string(view, "Driver", "overlay2");
	json_set_string(view, "Platform", "linux");
	oci_view_labels(view, json_get(spec, "HostConfig"));
	json_set(view, "ExecIDs", exec_ids(container));
	json_set(view, "HostConfig", json_object_get(json_get(spec, "HostConfig")));
	json_set(view, "GraphDriver", driver_view(container));
	json_set(view, "Mounts", json_object_get(json_get(spec, "Mounts")));
	json_set(view, "Config", json_object_get(json_get(spec, "Config")));
	json_set(view, "NetworkSettings", network_settings(container, spec));
	json *partition = partition_view(container);
	if (partition) {
		json_set(view, "Partition", partition);
	}
	json_object_put(spec);
	free(name);
	return view;
}

static void get_inspect(struct request *request)
{
	struct container *container = container_of_request(request);

	if (!container) {
		return;
	}
	json *view = container_describe(container);
	if (request_query_bool(request, "size", false)) {
		json *entries = json_object_new_array();
		json_object_array_add(entries, json_object_get(view));
		usage_reply(request, view, entries);
	} else {
		reply_json(request, 200, view);
	}
}

const struct route view_routes[1] = {
	{"GET", "/containers/{id}/json", get_inspect, 0},
};
