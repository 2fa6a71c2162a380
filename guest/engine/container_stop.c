/* SPDX-License-Identifier: Apache-2.0 */
/* Signals and stops. */
#include "health.h"
#include "life.h"
#include "loop.h"
#include "runtime_call.h"
#include "spec_check.h"
#include "text.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STOP_SECONDS 10

struct kill_call {
	char id[ID_SIZE];
	int signal_number;
	life_done_fn done;
	void *context;
};

static void on_killed(void *context, const char *error)
{
	struct kill_call *call = context;
	struct container *container = container_find(call->id, NULL);
	char number[16];

	if (error && container && container->state.is_running && !container->is_ending) {
		call->done(call->context, error, 500);
	} else {
		if (container && !error) {
			snprintf(number, sizeof(number), "%d", call->signal_number);
			container_event(container, "kill", "signal", number);
		}
		call->done(call->context, NULL, 204);
	}
	free(call);
}

void container_kill(struct container *container, int signal_number, life_done_fn done,
		    void *context)
{
	char number[16];
	const char *arguments[] = {"kill", container->id, number, NULL};

	if (!container->state.is_running || container->is_ending) {
		life_fail(done, context, 409,
			  "Cannot kill container: %s: container %s is not running", container->name,
			  container->id);
		return;
	}
	struct kill_call *call = memory_zeroed(1, sizeof(*call));
	memcpy(call->id, container->id, ID_SIZE);
	call->signal_number = signal_number;
	call->done = done;
	call->context = context;
	snprintf(number, sizeof(number), "%d", signal_number);
	runtime_call(container, arguments, on_killed, call);
}

struct stop {
	char id[ID_SIZE];
	struct loop_timer *timer;
	life_done_fn done;
	void *context;
};

static void on_stopped(void *context, int code)
{
	struct stop *stop = context;
	struct container *container = container_find(stop->id, NULL);

	(void)code;
	loop_cancel(stop->timer);
	if (container) {
		container_event(container, "stop", NULL, NULL);
	}
	stop->done(stop->context, NULL, 204);
	free(stop);
}

static void resume_done(void *context, const char *error)
{
	struct container *container = container_find(context, NULL);

	(void)error;
	if (container) {
		container->state.is_paused = false;
		health_pause(container, false);
	}
	free(context);
}

/* A frozen process does not see its signals. */
static void thaw(struct container *container)
{
	const char *arguments[] = {"resume", container->id, NULL};

	if (container->state.is_paused) {
		runtime_call(container, arguments, resume_done, text_copy(container->id));
	}
}

static void on_too_late(void *context)
{
	struct stop *stop = context;
	struct container *container = container_find(stop->id, NULL);

	stop->timer = NULL;
	if (container && container->state.is_running) {
		container_kill(container, SIGKILL, life_log, NULL);
		thaw(container);
	}
}

/* Between two tries of a restart policy there is nothing to signal. */
static bool stop_waiting(struct container *container)
{
	if (!container->restart_timer) {
		return false;
	}
	loop_cancel(container->restart_timer);
	container->restart_timer = NULL;
	container->state.is_restarting = false;
	container_store_state(container);
	container_wait_wake(container, false);
	return true;
}

void container_stop(struct container *container, int64_t seconds, life_done_fn done, void *context)
{
	json *spec = container_spec(container);
	json *config = json_get(spec, "Config");
	int number = spec_signal(json_get_string(config, "StopSignal", ""), SIGTERM);
	int64_t own = json_get_int(config, "StopTimeout", STOP_SECONDS);

	json_object_put(spec);
	container->state.is_stopped_by_hand = true;
	if (!container->state.is_running) {
		bool was_waiting = stop_waiting(container);
		done(context, was_waiting ? NULL : "the container is stopped already",
		     was_waiting ? 204 : 304);
		return;
	}
	seconds = seconds < 0 ? own : seconds;
	struct stop *stop = memory_zeroed(1, sizeof(*stop));
	memcpy(stop->id, container->id, ID_SIZE);
	stop->done = done;
	stop->context = context;
	container_wait_add(container, WAIT_NEXT_EXIT, on_stopped, stop);
	if (seconds >= 0 && seconds < 1000000) {
		stop->timer = loop_after(seconds * 1000, on_too_late, stop);
	}
	if (!container->is_ending && seconds != 0) {
		container_kill(container, number, life_log, NULL);
		thaw(container);
	}
}
