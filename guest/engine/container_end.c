/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a container's process, and what comes after it. */
#include "attach.h"
#include "engine.h"
#include "exec.h"
#include "health.h"
#include "life.h"
#include "loop.h"
#include "monitor.h"
#include "network.h"
#include "rootfs.h"
#include "runtime_call.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>

struct ending {
	struct container *container;
	struct monitor_end end;
};

void life_fail(life_done_fn done, void *context, unsigned status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *words = text_vformat(format, arguments);
	va_end(arguments);
	done(context, words, status);
	free(words);
}

void life_log(void *context, const char *error, unsigned status)
{
	(void)context;
	if (error && status != 304) {
		engine_log("%s", error);
	}
}

static void on_restart_timer(void *context)
{
	struct container *container = context;

	container->restart_timer = NULL;
	container->state.restart_count++;
	container_start(container, life_log, NULL);
}

/* What the restart policy says; true: another start comes. */
static bool plan_restart(struct container *container, int64_t ran)
{
	struct container_state *state = &container->state;

	if (!restart_is_wanted(container->restart_policy, container->restart_max,
			       state->restart_count, state->exit_code, state->is_stopped_by_hand)) {
		return false;
	}
	container->restart_delay = restart_next_delay(container->restart_delay, ran);
	container->restart_timer =
		loop_after(container->restart_delay, on_restart_timer, container);
	state->is_restarting = true;
	return true;
}

static void finish(struct ending *ending)
{
	struct container *container = ending->container;
	struct container_state *state = &container->state;
	char code[16];
	int64_t ran = ending->end.finished - state->started;

	free(ending);
	container->is_ending = false;
	state->is_running = false;
	state->is_paused = false;
	state->pid = 0;
	bool is_restarted = !container->is_removing && plan_restart(container, ran);
	container_store_state(container);
	snprintf(code, sizeof(code), "%d", state->exit_code);
	container_event(container, "die", "exitCode", code);
	/* A waiter may remove it. */
	if (!is_restarted && container->is_auto_removed && !container->is_removing) {
		container_remove(container, true, true, life_log, NULL);
		return;
	}
	container_wait_wake(container, false);
}

static void on_disconnected(void *context, const char *error)
{
	struct ending *ending = context;

	if (error) {
		engine_log("%s", error);
	}
	rootfs_release(ending->container);
	finish(ending);
}

static void on_deleted(void *context, const char *error)
{
	struct ending *ending = context;

	if (error && engine.debug) {
		engine_log("delete %.12s: %s", ending->container->id, error);
	}
	network_disconnect(ending->container, on_disconnected, ending);
}

void container_ended(struct container *container, const struct monitor_end *end)
{
	static const char *const force[] = {"delete", "--force"};
	struct ending *ending = memory_zeroed(1, sizeof(*ending));
	const char *arguments[] = {force[0], force[1], container->id, NULL};

	ending->container = container;
	ending->end = *end;
	container->is_ending = true;
	container->wait = NULL;
	container->state.exit_code = end->code;
	container->state.finished = end->finished;
	container->state.is_oom_killed = end->is_oom_killed;
	if (!end->is_known) {
		engine_log("the monitor of %.12s is gone and left no exit status", container->id);
	}
	exec_container_ended(container);
	health_end(container);
	runtime_call(container, arguments, on_deleted, ending);
}

static void on_monitor_end(void *context, const struct monitor_end *end)
{
	container_ended(context, end);
}

void container_follow(struct container *container)
{
	char *folder = monitor_folder(container, NULL);
	struct monitor_wait *wait = monitor_wait(folder, on_monitor_end, container);

	/* Without one the container has ended already. */
	if (wait) {
		container->wait = wait;
	}
	free(folder);
}
