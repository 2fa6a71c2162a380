/* SPDX-License-Identifier: Apache-2.0 */
#include "attach.h"
#include "body_check.h"
#include "exec_inside.h"
#include "exec_process.h"
#include "file.h"
#include "http.h"
#include "moment.h"
#include "monitor.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXEC_MAX 1000 /* of a container */

json *exec_ids(const struct container *container)
{
	json *list = NULL;

	for (struct exec *exec = container->execs; exec; exec = exec->next) {
		if (exec->is_running) {
			list = list ? list : json_object_new_array();
			json_append_string(list, exec->id);
		}
	}
	return list;
}

struct exec *exec_find(const char *id)
{
	for (struct container *one = container_first(); one; one = one->next) {
		for (struct exec *exec = one->execs; exec; exec = exec->next) {
			if (!strcmp(exec->id, id)) {
				return exec;
			}
		}
	}
	return NULL;
}

struct exec *exec_of_request(struct request *request)
{
	struct exec *exec = exec_find(request_parameter(request, 0));

	if (!exec) {
		reply_error(request, 404, "No such exec instance: %s",
			    request_parameter(request, 0));
	}
	return exec;
}

void exec_event_of(struct container *container, const char *action, const char *id, json *command,
		   int code)
{
	json *extra = json_object_new_object();
	struct text text = {0};
	char number[16];

	text_puts(&text, action);
	json_set_string(extra, "execID", id);
	if (!strcmp(action, "exec_die")) {
		snprintf(number, sizeof(number), "%d", code);
		json_set_string(extra, "exitCode", number);
	} else {
		text_puts(&text, ":");
		for (size_t i = 0; i < json_count(command); i++) {
			text_printf(&text, " %s", json_string_at(command, i));
		}
	}
	container_event_with(container, text.data, extra);
	text_free(&text);
}

void exec_event(struct exec *exec, const char *action)
{
	exec_event_of(exec->container, action, exec->id, json_get(exec->config, "Cmd"),
		      exec->exit_code);
}

void exec_free(struct exec *exec)
{
	file_close(exec->client);
	json_object_put(exec->config);
	free(exec);
}

static bool config_is_valid(struct request *request, json *config)
{
	if (reply_wrong(request, 400, body_check_exec(config))) {
		return false;
	}
	if (!json_count(json_get(config, "Cmd"))) {
		reply_error(request, 400, "No exec command specified");
		return false;
	}
	return true;
}

/* All, or those that have ended, but for the newest hundred. */
static void forget(struct container *container, bool with_all)
{
	struct exec **place = &container->execs;
	size_t index = 0;

	while (*place) {
		struct exec *exec = *place;
		bool is_done = exec->is_started && !exec->is_running && !exec->wait;
		if (!with_all && (index++ < EXEC_MAX / 10 || !is_done)) {
			place = &exec->next;
			continue;
		}
		*place = exec->next;
		if (exec->is_started && exec->is_running && !exec->wait) {
			exec->container = NULL; /* its report comes still */
		} else {
			monitor_forget(exec->wait);
			exec_free(exec);
		}
	}
}

static void post_create(struct request *request)
{
	struct container *container = container_of_request(request);
	json *config = request_body(request);
	size_t count = 0;

	if (!container || !config_is_valid(request, config)) {
		return;
	}
	if (!container->state.is_running || container->is_ending) {
		reply_error(request, 409, "container %s is not running", container->id);
		return;
	}
	if (container->state.is_paused) {
		reply_error(request, 409,
			    "container %s is paused, unpause the container before exec",
			    container->id);
		return;
	}
	forget(container, false);

	for (struct exec *one = container->execs; one; one = one->next) {
		count++;
	}
	if (count >= EXEC_MAX) {
		reply_error(request, 409, "container %s has %d exec instances", container->id,
			    EXEC_MAX);
		return;
	}
	struct exec *exec = memory_zeroed(1, sizeof(*exec));
	id_random(exec->id);
	exec->container = container;
	exec->config = json_object_get(config);
	exec->has_tty = json_get_bool(config, "Tty", false);
	exec->client = -1;
	exec->next = container->execs;
	container->execs = exec;
	exec_event(exec, "exec_create");
	reply_json(request, 201, json_pair("Id", exec->id));
}

static void post_resize(struct request *request)
{
	struct exec *exec = exec_of_request(request);

	if (exec && !exec->is_running) {
		reply_error(request, 409, "exec %s is not running", exec->id);
	} else if (exec) {
		attach_resize(request, monitor_folder(exec->container, exec->id));
	}
}

/* The client asks as soon as its stream has ended, which may be before the monitor's answer is
 * here. */
static void look_for_end(struct exec *exec)
{
	struct monitor_end end;
	char *folder = monitor_folder(exec->container, exec->id);

	if (exec->is_running && exec->wait) {
		monitor_read_end(folder, &end);
		if (end.is_known) {
			monitor_forget(exec->wait);
			exec->wait = NULL;
			exec_over(exec, &end);
		}
	}
	free(folder);
}

static void get_exec(struct request *request)
{
	struct exec *exec = exec_of_request(request);

	if (!exec) {
		return;
	}
	look_for_end(exec);
	json *reply = json_object_new_object();
	json_set_string(reply, "ID", exec->id);
	json_set_bool(reply, "Running", exec->is_running);
	json_set(reply, "ExitCode",
		 exec->is_running || !exec->is_started ? NULL
						       : json_object_new_int(exec->exit_code));
	json_set(reply, "ProcessConfig", exec_describe(exec->config));
	json_set_bool(reply, "OpenStdin", json_get_bool(exec->config, "AttachStdin", false));
	json_set_bool(reply, "OpenStdout", json_get_bool(exec->config, "AttachStdout", false));
	json_set_bool(reply, "OpenStderr", json_get_bool(exec->config, "AttachStderr", false));
	json_set_bool(reply, "CanRemove", !exec->is_running);
	json_set_string(reply, "ContainerID", exec->container->id);
	json_set_string(reply, "DetachKeys", json_get_string(exec->config, "DetachKeys", ""));
	json_set_int(reply, "Pid", exec->pid);
	reply_json(request, 200, reply);
}

void exec_container_ended(struct container *container)
{
	struct monitor_end end = {.code = 137, .finished = moment_now()};

	for (struct exec *exec = container->execs; exec; exec = exec->next) {
		look_for_end(exec);
		if (exec->is_running && exec->wait) {
			monitor_forget(exec->wait);
			exec->wait = NULL;
			exec_over(exec, &end);
		}
	}
}

void exec_forget_all(struct container *container)
{
	forget(container, true);
}

const struct route exec_routes[4] = {
	{"POST", "/containers/{id}/exec", post_create, 0},
	{"POST", "/exec/{id}/start", exec_post_start, 0},
	{"POST", "/exec/{id}/resize", post_resize, 0},
	{"GET", "/exec/{id}/json", get_exec, 0},
};
