/* SPDX-License-Identifier: Apache-2.0 */
#include "life.h"
#include "http.h"
#include "text.h"
#include "wait.h"

#include <stdlib.h>
#include <string.h>

struct waiter {
	struct waiter *next;
	enum wait_condition condition;
	wait_fn done;
	void *context;
};

struct waiter *container_wait_add(struct container *container, enum wait_condition condition,
				  wait_fn done, void *context)
{
	struct waiter *waiter = memory_zeroed(1, sizeof(*waiter));

	waiter->condition = condition;
	waiter->done = done;
	waiter->context = context;
	waiter->next = container->waiters;
	container->waiters = waiter;
	return waiter;
}

static void take_out(struct waiter **list, struct waiter *waiter)
{
	while (*list && *list != waiter) {
		list = &(*list)->next;
	}
	if (*list) {
		*list = waiter->next;
	}
}

void container_wait_drop(struct container *container, struct waiter *waiter)
{
	take_out(&container->waiters, waiter);
	free(waiter);
}

void container_wait_wake(struct container *container, bool is_removed)
{
	struct waiter *woken = NULL;
	struct waiter *next;
	int code = container->state.exit_code;

	/* First out of the list: a callback may change it, or free the container. */
	for (struct waiter *waiter = container->waiters; waiter; waiter = next) {
		next = waiter->next;
		if (is_removed || waiter->condition != WAIT_REMOVED) {
			take_out(&container->waiters, waiter);
			waiter->next = woken;
			woken = waiter;
		}
	}
	for (; woken; woken = next) {
		next = woken->next;
		woken->done(woken->context, code);
		free(woken);
	}
}

/* POST /containers/ID/wait: the headers at once, the status when it has come. */
struct wait_reply {
	struct stream *stream;
	char id[ID_SIZE];
	struct waiter *waiter;
};

static void on_gone(void *context)
{
	struct wait_reply *reply = context;
	struct container *container = container_find(reply->id, NULL);

	if (container && reply->waiter) {
		container_wait_drop(container, reply->waiter);
	}
	free(reply);
}

static void on_woken(void *context, int code)
{
	struct wait_reply *reply = context;
	json *value = json_object_new_object();

	json_set_int(value, "StatusCode", code);
	stream_json(reply->stream, value);
	stream_end(reply->stream);
	json_object_put(value);
	free(reply);
}

static bool parse_condition(struct request *request, enum wait_condition *condition)
{
	static const char *const names[] = {"not-running", "next-exit", "removed"};
	const char *text = request_query(request, "condition");

	*condition = WAIT_NOT_RUNNING;
	for (int i = 0; text && *text && i < 3; i++) {
		if (!strcmp(text, names[i])) {
			*condition = (enum wait_condition)i;
			return true;
		}
	}
	if (text && *text) {
		reply_error(request, 400, "invalid condition: \"%.60s\"", text);
		return false;
	}
	return true;
}

static void post_wait(struct request *request)
{
	struct container *container = container_of_request(request);
	enum wait_condition condition;

	if (!container || !parse_condition(request, &condition)) {
		return;
	}
	struct wait_reply *reply = memory_zeroed(1, sizeof(*reply));
	memcpy(reply->id, container->id, ID_SIZE);
	reply->stream = reply_stream(request, 200, "application/json", on_gone, NULL, reply);
	if (!reply->stream) {
		free(reply);
	} else if (condition == WAIT_NOT_RUNNING && !container->state.is_running &&
		   !container->state.is_restarting && !container->start) {
		on_woken(reply, container->state.exit_code);
	} else {
		reply->waiter = container_wait_add(container, condition, on_woken, reply);
	}
}

const struct route wait_routes[1] = {
	{"POST", "/containers/{id}/wait", post_wait, 0},
};
