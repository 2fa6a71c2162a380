/* SPDX-License-Identifier: Apache-2.0 */
/* GET /containers/json */
#include "container_routes.h"
#include "filter.h"
#include "health.h"
#include "http.h"
#include "image.h"
#include "moment.h"
#include "network.h"
#include "query.h"
#include "text.h"
#include "usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	json_set(entry, "HostConfig",
		 json_pair("NetworkMode",
			   json_get_string(json_get(spec, "HostConfig"), "NetworkMode", "")));
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
		json *mount = json_at(mounts, i);
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

/* The newest first. */
static json *reversed(json *list, int64_t limit)
{
	json *turned = json_object_new_array();

	for (size_t i = json_count(list); i > 0 && limit != 0; i--, limit--) {
		json_object_array_add(turned, json_object_get(json_at(list, i - 1)));
	}
	json_object_put(list);
	return turned;
}

static void get_list(struct request *request)
{
	static const char *const known[] = {"id",      "name",     "status",    "exited",
					    "label",   "ancestor", "before",    "since",
					    "volume",  "network",  "health",    "is-task",
					    "publish", "expose",   "isolation", NULL};
	int64_t limit = -1;
	bool all = request_query_bool(request, "all", false);

	if (!request_query_int(request, "limit", &limit)) {
		return;
	}
	json *filter = query_filter(request, known);
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

const struct route list_routes[1] = {
	{"GET", "/containers/json", get_list, 0},
};
