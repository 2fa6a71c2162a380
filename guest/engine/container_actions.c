/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to containers: start, stop, restart, kill, pause, rename, rm, prune. */
#include "container_create.h"
#include "container_routes.h"
#include "health.h"
#include "http.h"
#include "life.h"
#include "network.h"
#include "query.h"
#include "runtime_call.h"
#include "spec_check.h"
#include "text.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* A life_done_fn that answers the request. */
static void answer(void *context, const char *error, unsigned status)
{
	struct request *request = context;

	if (error && status != 304) {
		reply_error(request, status, "%s", error);
	} else {
		reply_empty(request, error ? 304 : 204);
	}
}

static void post_start(struct request *request)
{
	struct container *container = container_of_request(request);

	if (container) {
		container->restart_delay = 0;
		container->state.restart_count = 0;
		container_start(container, answer, request);
	}
}

/* "t": seconds; "signal" is taken by docker 20.10 and later. */
static bool stop_seconds(struct request *request, int64_t *seconds)
{
	*seconds = -1;
	if (!request_query_int(request, "t", seconds)) {
		return false;
	}
	if (request_query(request, "t") && *seconds < 0) {
		*seconds = INT64_C(1) << 40; /* -1: never */
	}
	return true;
}

static void post_stop(struct request *request)
{
	struct container *container = container_of_request(request);
	int64_t seconds;

	if (container && stop_seconds(request, &seconds)) {
		container_stop(container, seconds, answer, request);
	}
}

struct restart_call {
	struct request *request;
	char id[ID_SIZE];
};

static void start_again(void *context, const char *error, unsigned status)
{
	struct restart_call *call = context;
	struct container *container = container_find(call->id, NULL);

	if (error && status != 304) {
		reply_error(call->request, status, "%s", error);
	} else if (!container) {
		reply_error(call->request, 404, "No such container: %s", call->id);
	} else {
		container_event(container, "restart", NULL, NULL);
		container_start(container, answer, call->request);
	}
	free(call);
}

static void post_restart(struct request *request)
{
	struct container *container = container_of_request(request);
	int64_t seconds;

	if (!container || !stop_seconds(request, &seconds)) {
		return;
	}
	struct restart_call *call = memory_zeroed(1, sizeof(*call));
	call->request = request;
	memcpy(call->id, container->id, ID_SIZE);
	container_stop(container, seconds, start_again, call);
}

static void post_kill(struct request *request)
{
	struct container *container = container_of_request(request);
	const char *name = request_query(request, "signal");

	if (!container) {
		return;
	}
	int number = spec_signal(name ? name : "", SIGKILL);
	if (!number) {
		reply_error(request, 400, "invalid signal: %.60s", name);
		return;
	}
	if (number == SIGKILL || number == SIGTERM) {
		container->state.is_stopped_by_hand = true;
	}
	container_kill(container, number, answer, request);
}

struct freeze_call {
	struct request *request;
	char id[ID_SIZE];
	bool is_paused;
};

static void on_frozen(void *context, const char *error)
{
	struct freeze_call *call = context;
	struct container *container = container_find(call->id, NULL);

	if (error) {
		reply_error(call->request, 500, "cannot %s container %s: %s",
			    call->is_paused ? "pause" : "unpause", call->id, error);
	} else {
		if (container) {
			container->state.is_paused = call->is_paused;
			health_pause(container, call->is_paused);
			container_store_state(container);
			container_event(container, call->is_paused ? "pause" : "unpause", NULL,
					NULL);
		}
		reply_empty(call->request, 204);
	}
	free(call);
}

static void freeze(struct request *request, bool is_paused)
{
	struct container *container = container_of_request(request);

	if (!container) {
		return;
	}
	if (!container->state.is_running || container->is_ending) {
		reply_error(request, 409, "Container %s is not running", container->id);
		return;
	}
	if (container->state.is_paused == is_paused) {
		reply_error(request, is_paused ? 409 : 500, "Container %s is %s paused",
			    container->id, is_paused ? "already" : "not");
		return;
	}
	const char *arguments[] = {is_paused ? "pause" : "resume", container->id, NULL};
	struct freeze_call *call = memory_zeroed(1, sizeof(*call));
	call->request = request;
	call->is_paused = is_paused;
	memcpy(call->id, container->id, ID_SIZE);
	runtime_call(container, arguments, on_frozen, call);
}

static void post_pause(struct request *request)
{
	freeze(request, true);
}

static void post_unpause(struct request *request)
{
	freeze(request, false);
}

static void post_rename(struct request *request)
{
	struct container *container = container_of_request(request);
	const char *name = request_query(request, "name");

	if (!container) {
		return;
	}
	name = name ? name + (*name == '/') : "";
	unsigned status;
	char *wrong = container_name_check(name, &status);
	if (reply_wrong(request, status, wrong)) {
		return;
	}
	if (container_store_name(container, name) < 0) {
		reply_error(request, 500, "the database does not take the name");
	} else {
		container_event(container, "rename", NULL, NULL);
		network_renamed(container);
		reply_empty(request, 204);
	}
}

static void delete_container(struct request *request)
{
	struct container *container = container_of_request(request);

	if (container) {
		container_remove(container, request_query_bool(request, "force", false),
				 request_query_bool(request, "v", false), answer, request);
	}
}

static void prune_done(void *context, const char *error, unsigned status)
{
	bool *failed = context;

	(void)status;
	*failed = error != NULL;
}

static bool is_pruned(struct container *container, json *filter, int64_t until)
{
	if (container->state.is_running || container->state.is_restarting || container->start ||
	    container->is_ending || container->is_removing || container->created >= until) {
		return false;
	}
	json *spec = container_spec(container);
	json *labels = json_get(json_get(spec, "Config"), "Labels");
	bool matches = prune_matches(filter, labels);
	json_object_put(spec);
	return matches;
}

static void post_prune(struct request *request)
{
	static const char *const known[] = {"label", "label!", "until", NULL};
	int64_t until;
	json *filter = prune_filter(request, known, &until);

	if (!filter) {
		return;
	}
	json *removed = json_object_new_array();
	struct container *next;
	for (struct container *one = container_first(); one; one = next) {
		next = one->next;
		if (is_pruned(one, filter, until)) {
			char id[ID_SIZE];
			bool failed;
			memcpy(id, one->id, ID_SIZE);
			container_remove(one, false, false, prune_done, &failed);
			if (!failed) {
				json_append_string(removed, id);
			}
		}
	}
	json_object_put(filter);
	prune_reply(request, "ContainersDeleted", removed, 0);
}

const struct route action_routes[9] = {
	{"POST", "/containers/prune", post_prune, 0},
	{"POST", "/containers/{id}/start", post_start, 0},
	{"POST", "/containers/{id}/stop", post_stop, 0},
	{"POST", "/containers/{id}/restart", post_restart, 0},
	{"POST", "/containers/{id}/kill", post_kill, 0},
	{"POST", "/containers/{id}/pause", post_pause, 0},
	{"POST", "/containers/{id}/unpause", post_unpause, 0},
	{"POST", "/containers/{id}/rename", post_rename, 0},
	{"DELETE", "/containers/{id}", delete_container, 0},
};
