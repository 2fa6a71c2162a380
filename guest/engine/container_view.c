/* SPDX-License-Identifier: Apache-2.0 */
/* GET /containers/json, /containers/ID/json */
#include "container_routes.h"
#include "engine.h"
#include "exec.h"
#include "filter.h"
#include "health.h"
#include "http.h"
#include "image.h"
#include "moment.h"
#include "network.h"
#include "oci.h"
#include "partition_view.h"
#include "rootfs.h"
#include "text.h"
#include "usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_moment(json *object, const char *key, int64_t moment)
{
	char text[MOMENT_TEXT];

	json_set_string(object, key, moment_text(moment, text));
}

/* 5 seconds, 3 minutes, ... as the client writes it beside "Up". */
static void append_age(struct text *text, int64_t nanoseconds)
{
	int64_t seconds = nanoseconds / MOMENT_SECOND;
	int64_t hours = (seconds + 1800) / 3600;

	if (seconds < 1) {
		text_puts(text, "Less than a second");
	} else if (seconds == 1) {
		text_puts(text, "1 second");
	} else if (seconds < 60) {
		text_printf(text, "%lld seconds", (long long)seconds);
	} else if (seconds < 120) {
		text_puts(text, "About a minute");
	} else if (seconds < 3600) {
		text_printf(text, "%lld minutes", (long long)(seconds / 60));
	} else if (hours == 1) {
		text_puts(text, "About an hour");
	} else if (hours < 48) {
		text_printf(text, "%lld hours", (long long)hours);
	} else if (hours < 24 * 7 * 2) {
		text_printf(text, "%lld days", (long long)(hours / 24));
	} else if (hours < 24 * 30 * 2) {
		text_printf(text, "%lld weeks", (long long)(hours / 24 / 7));
	} else if (hours < 24 * 365 * 2) {
		text_printf(text, "%lld months", (long long)(hours / 24 / 30));
	} else {
		text_printf(text, "%lld years", (long long)(hours / 24 / 365));
	}
}

static char *status_words(struct container *container)
{
	const struct container_state *state = &container->state;
	struct text text = {0};
	int64_t now = moment_now();

	if (state->is_running) {
		text_puts(&text, "Up ");
		append_age(&text, now - state->started);
		text_puts(&text, state->is_paused ? " (Paused)" : health_suffix(container));
	} else if (state->is_dead) {
		text_puts(&text, container->is_removing ? "Removal In Progress" : "Dead");
	} else if (!state->started && !state->error) {
		text_puts(&text, "Created");
	} else {
		text_printf(&text, "%s (%d) ", state->is_restarting ? "Restarting" : "Exited",
			    state->exit_code);
		append_age(&text, now - state->finished);
		text_puts(&text, " ago");
	}
	return text.data;
}

static json *command_words(json *spec)
{
	struct text text = {0};
	json *command = json_get(spec, "Command");

	for (size_t i = 0; i < json_count(command); i++) {
		const char *word = json_string_at(command, i);
		bool is_quoted = i && strpbrk(word, " \t\n'\"");
		text_printf(&text, is_quoted ? "%s'%s'" : "%s%s", i ? " " : "", word);
	}
	json *value = json_object_new_string(text.data ? text.data : "");
	text_free(&text);
	return value;
}

static json *list_entry(struct container *container, json *spec)
{
	json *entry = json_object_new_object();
	json *names = json_object_new_array();
	json *host = json_object_new_object();
	char *name = text_format("/%s", container->name);
	char *status = status_words(container);

	json_append_string(names, name);
	json_set_string(entry, "Id", container->id);
	json_set(entry, "Names", names);
	json_set_string(entry, "Image", container->image_name);
	json_set_string(entry, "ImageID", container->image);
	json_set(entry, "Command", command_words(spec));
	json_set_int(entry, "Created", container->created / MOMENT_SECOND);
	json_set(entry, "Ports", network_ports(container, spec));
	json_set(entry, "Labels", json_object_get(json_get(json_get(spec, "Config"), "Labels")));
	json_set_string(entry, "State", container_status(container));
	json_set_string(entry, "Status", status);
	json_set_string(host, "NetworkMode",
			json_get_string(json_get(spec, "HostConfig"), "NetworkMode", ""));
	json_set(entry, "HostConfig", host);
	json_set(entry, "NetworkSettings", network_summary(container, spec));
	json_set(entry, "Mounts", json_object_get(json_get(spec, "Mounts")));
	free(status);
	free(name);
	return entry;
}

/* Filters that need the spec. */
static bool matches_spec(json *filter, json *spec)
{
	json *mounts = json_get(spec, "Mounts");
	bool has_volume = !filter_has(filter, "volume");
	const char *network =
		json_get_string(json_get(spec, "HostConfig"), "NetworkMode", "default");

	for (size_t i = 0; !has_volume && i < json_count(mounts); i++) {
		json *mount = json_object_array_get_idx(mounts, i);
		has_volume =
			filter_match(filter, "volume", json_get_string(mount, "Name", "")) ||
			filter_match(filter, "volume", json_get_string(mount, "Destination", ""));
	}
	return has_volume &&
	       filter_match_labels(filter, "label", json_get(json_get(spec, "Config"), "Labels")) &&
	       filter_match(filter, "network", strcmp(network, "default") ? network : "bridge");
}

static bool matches_ancestor(json *filter, struct container *container)
{
	json *list = json_get(filter, "ancestor");

	for (size_t i = 0; i < json_count(list); i++) {
		char *image = image_find(json_string_at(list, i), NULL);
		bool is_it = image && !strcmp(image, container->image);
		free(image);
		if (is_it || !strcmp(json_string_at(list, i), container->image_name)) {
			return true;
		}
	}
	return json_count(list) == 0;
}

/* "before" and "since" name containers. */
static bool matches_age(json *filter, struct container *container)
{
	const char *before = filter_value(filter, "before");
	const char *since = filter_value(filter, "since");
	struct container *older = since ? container_find(since, NULL) : NULL;
	struct container *newer = before ? container_find(before, NULL) : NULL;

	return (!before || (newer && container->created < newer->created)) &&
	       (!since || (older && container->created > older->created));
}

static bool matches(json *filter, struct container *container)
{
	char code[16];
	char *slashed = text_format("/%s", container->name);
	const char *exited = filter_value(filter, "exited");

	snprintf(code, sizeof(code), "%d", container->state.exit_code);
	bool matched = filter_match_prefix(filter, "id", container->id) &&
		       (filter_match_part(filter, "name", container->name) ||
			filter_match_part(filter, "name", slashed)) &&
		       filter_match(filter, "status", container_status(container)) &&
		       filter_match(filter, "health", health_status(container)) &&
		       (!exited || (!container->state.is_running && container->state.started &&
				    filter_match(filter, "exited", code))) &&
		       filter_bool(filter, "is-task", false) == false &&
		       matches_ancestor(filter, container) && matches_age(filter, container);
	free(slashed);
	return matched;
}

static json *list_filter(struct request *request)
{
	static const char *const known[] = {"id",      "name",     "status",    "exited",
					    "label",   "ancestor", "before",    "since",
					    "volume",  "network",  "health",    "is-task",
					    "publish", "expose",   "isolation", NULL};
	const char *error;
	json *filter = filter_parse(request_query(request, "filters"), &error);

	if (!filter) {
		reply_error(request, 400, "invalid filter: %s", error);
		return NULL;
	}
	const char *unknown = filter_unknown(filter, known);
	if (unknown) {
		reply_error(request, 400, "invalid filter '%.60s'", unknown);
		json_object_put(filter);
		return NULL;
	}
	return filter;
}

/* The newest first. */
static json *reversed(json *list, int64_t limit)
{
	json *turned = json_object_new_array();

	for (size_t i = json_count(list); i > 0 && limit != 0; i--, limit--) {
		json_object_array_add(turned,
				      json_object_get(json_object_array_get_idx(list, i - 1)));
	}
	json_object_put(list);
	return turned;
}

static void get_list(struct request *request)
{
	int64_t limit = -1;
	bool all = request_query_bool(request, "all", false);

	if (!request_query_int(request, "limit", &limit)) {
		return;
	}
	json *filter = list_filter(request);
	if (!filter) {
		return;
	}
	limit = limit > 0 ? limit : -1;
	all = all || limit > 0 || filter_has(filter, "status") || filter_has(filter, "exited");
	json *list = json_object_new_array();
	for (struct container *one = container_first(); one; one = one->next) {
		if ((all || one->state.is_running) && matches(filter, one)) {
			json *spec = container_spec(one);
			if (matches_spec(filter, spec)) {
				json_object_array_add(list, list_entry(one, spec));
			}
			json_object_put(spec);
		}
	}
	json_object_put(filter);
	list = reversed(list, limit);
	if (request_query_bool(request, "size", false)) {
		usage_reply(request, list, json_object_get(list));
	} else {
		reply_json(request, 200, list);
	}
}

json *container_summaries(void)
{
	json *list = json_object_new_array();

	for (struct container *one = container_first(); one; one = one->next) {
		json *spec = container_spec(one);
		json_object_array_add(list, list_entry(one, spec));
		json_object_put(spec);
	}
	return list;
}

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
	set_moment(view, "StartedAt", state->started);
	set_moment(view, "FinishedAt", state->finished);
	if (container->health) {
		json_set(view, "Health", health_view(container));
	}
	return view;
}

static void set_path(json *view, const char *key, struct container *container, const char *name)
{
	char *path = container_path(container, name);

	json_set_string(view, key, path);
	free(path);
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

json *container_describe(struct container *container)
{
	json *spec = container_spec(container);
	json *view = json_object_new_object();
	char *name = text_format("/%s", container->name);

	json_set_string(view, "Id", container->id);
	set_moment(view, "Created", container->created);
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

const struct route view_routes[2] = {
	{"GET", "/containers/json", get_list, 0},
	{"GET", "/containers/{id}/json", get_inspect, 0},
};
