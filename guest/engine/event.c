/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"
#include "filter.h"
#include "http.h"
#include "loop.h"
#include "moment.h"
#include "query.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define EVENT_KEPT    256
#define EVENT_BACKLOG (4u * 1024 * 1024) /* a listener that does not read is let go */

struct listener {
	struct stream *stream;
	json *filter;
	int64_t until; /* 0: for ever */
	struct loop_timer *timer;
	struct listener *next;
};

static struct listener *listeners;
static struct {
	int64_t moment;
	json *event;
} kept[EVENT_KEPT];
static size_t kept_count;

static void listener_free(struct listener *listener)
{
	struct listener **place = &listeners;

	while (*place && *place != listener) {
		place = &(*place)->next;
	}
	if (*place) {
		*place = listener->next;
	}
	loop_cancel(listener->timer);
	json_object_put(listener->filter);
	free(listener);
}

static bool matches_actor(json *filter, const char *type, json *event)
{
	json *actor = json_get(event, "Actor");
	const char *name = json_get_string(json_get(actor, "Attributes"), "name", "");

	if (!filter_has(filter, type) || strcmp(json_get_string(event, "Type", ""), type) != 0) {
		return !filter_has(filter, type);
	}
	return filter_match_prefix(filter, type, json_get_string(actor, "ID", "")) ||
	       filter_match(filter, type, name);
}

static bool matches(json *filter, json *event)
{
	static const char *const types[] = {"container", "image", "volume", "network"};
	const char *action = json_get_string(event, "Action", "");
	char *head = text_format("%.*s", (int)strcspn(action, ":"), action);
	bool matched =
		filter_match(filter, "type", json_get_string(event, "Type", "")) &&
		(filter_match(filter, "event", action) || filter_match(filter, "event", head)) &&
		filter_match_labels(filter, "label",
				    json_get(json_get(event, "Actor"), "Attributes"));

	free(head);
	for (size_t i = 0; matched && i < 4; i++) {
		matched = matches_actor(filter, types[i], event);
	}
	return matched;
}

static json *make_event(const char *type, const char *action, const char *id, const char *from,
			json *attributes, int64_t now)
{
	json *event = json_object_new_object();
	json *actor = json_object_new_object();

	if (!strcmp(type, "container") || !strcmp(type, "image")) {
		json_set_string(event, "status", action);
		json_set_string(event, "id", id);
		if (from) {
			json_set_string(event, "from", from);
		}
	}
	json_set_string(event, "Type", type);
	json_set_string(event, "Action", action);
	json_set_string(actor, "ID", id);
	json_set(actor, "Attributes", attributes ? attributes : json_object_new_object());
	json_set(event, "Actor", actor);
	json_set_string(event, "scope", "local");
	json_set_int(event, "time", now / MOMENT_SECOND);
	json_set_int(event, "timeNano", now);
	return event;
}

void event_send(const char *type, const char *action, const char *id, const char *from,
		json *attributes)
{
	int64_t now = moment_now();
	json *event = make_event(type, action, id, from, attributes, now);
	size_t place = kept_count++ % EVENT_KEPT;
	struct listener *next;

	json_object_put(kept[place].event);
	kept[place].event = event;
	kept[place].moment = now;
	for (struct listener *listener = listeners; listener; listener = next) {
		next = listener->next;
		if (!matches(listener->filter, event)) {
			continue;
		}
		stream_json(listener->stream, event);
		if (stream_pending(listener->stream) > EVENT_BACKLOG) {
			stream_abort(listener->stream);
			listener_free(listener);
		}
	}
}

static void on_gone(void *context)
{
	listener_free(context);
}

static void on_until(void *context)
{
	struct listener *listener = context;

	listener->timer = NULL;
	stream_end(listener->stream);
	listener_free(listener);
}

static void send_kept(struct listener *listener, int64_t since, int64_t until)
{
	size_t first = kept_count > EVENT_KEPT ? kept_count - EVENT_KEPT : 0;

	for (size_t i = first; i < kept_count; i++) {
		size_t place = i % EVENT_KEPT;
		if (kept[place].moment >= since && (!until || kept[place].moment <= until) &&
		    matches(listener->filter, kept[place].event)) {
			stream_json(listener->stream, kept[place].event);
		}
	}
}

static void get_events(struct request *request)
{
	int64_t since = 0;
	int64_t until = 0;

	if (!query_moment(request, "since", &since) || !query_moment(request, "until", &until)) {
		return;
	}
	json *filter = query_filter(request, NULL);
	if (!filter) {
		return;
	}
	struct listener *listener = memory_zeroed(1, sizeof(*listener));
	listener->filter = filter;
	listener->stream = reply_stream(request, 200, "application/json", on_gone, NULL, listener);
	if (!listener->stream) {
		listener_free(listener);
		return;
	}
	listener->next = listeners;
	listeners = listener;
	if (since || (until && until <= moment_now())) {
		send_kept(listener, since, until);
	}
	if (until) {
		int64_t left = (until - moment_now()) / 1000000 + 1;
		listener->timer = loop_after(left > 0 ? left : 0, on_until, listener);
	}
}

const struct route event_routes[1] = {
	{"GET", "/events", get_events, 0},
};
