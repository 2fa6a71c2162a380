/* SPDX-License-Identifier: Apache-2.0 */
#include "attach.h"
#include "attach_logs.h"
#include "file.h"
#include "http.h"
#include "loop.h"
#include "monitor.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void attach_free(struct attach *attach)
{
	struct attach **place = &attach->container->attaches;

	while (*place && *place != attach) {
		place = &(*place)->next;
	}
	if (*place) {
		*place = attach->next;
	}
	loop_remove_fd(attach->watch);
	file_close(attach->fd);
	free(attach->detach_keys);
	free(attach->input);
	free(attach);
}

void attach_drop_all(struct container *container)
{
	while (container->attaches) {
		attach_free(container->attaches);
	}
}

void attach_forget_taken(struct container *container)
{
	struct attach *next;

	for (struct attach *one = container->attaches; one; one = next) {
		next = one->next;
		if (one->fd < 0) {
			attach_free(one);
		}
	}
}

static void on_attached(void *context, json *reply)
{
	(void)context;
	(void)reply; /* without one the process has ended, and so has the connection */
}

/* The process runs: its monitor takes the connection. */
static void give_away(struct attach *attach)
{
	json *request = json_object_new_object();
	char *folder = monitor_folder(attach->container, NULL);

	json_set_string(request, "op", "attach");
	json_set_bool(request, "stdin", strchr(attach->flags, 'i') != NULL);
	json_set_bool(request, "stdout", strchr(attach->flags, 'o') != NULL);
	json_set_bool(request, "stderr", strchr(attach->flags, 'e') != NULL);
	json_set_bool(request, "raw", attach->container->has_tty);
	if (attach->detach_keys) {
		json_set_string(request, "detach_keys", attach->detach_keys);
	}
	if (attach->input) {
		json_set_string(request, "input", attach->input);
	}
	monitor_ask(folder, request, attach->fd, on_attached, NULL);
	attach->fd = -1;
	free(folder);
	attach_free(attach);
}

void attach_give_away_all(struct container *container)
{
	while (container->attaches) {
		give_away(container->attaches);
	}
}

static void on_client_gone(void *context, uint32_t events)
{
	(void)events;
	attach_free(context);
}

/* Lower-case hexadecimal, as bh-monitor takes it. */
static char *hex_of(const char *bytes, size_t length)
{
	struct text text = {0};

	for (size_t i = 0; i < length; i++) {
		text_printf(&text, "%02x", (unsigned char)bytes[i]);
	}
	return text.data;
}

struct taking {
	char id[ID_SIZE];
	char flags[8];
	char *detach_keys;
	char *input; /* that came with the request, hexadecimal */
	bool with_logs;
	bool with_stream;
};

static void taking_free(struct taking *taking)
{
	free(taking->detach_keys);
	free(taking->input);
	free(taking);
}

/* What was logged before is sent. */
static void join(void *context, int fd)
{
	struct taking *taking = context;
	struct container *container = container_find(taking->id, NULL);

	if (!container || fd < 0 || !taking->with_stream) {
		file_close(fd);
		taking_free(taking);
		return;
	}
	struct attach *attach = memory_zeroed(1, sizeof(*attach));
	attach->container = container;
	attach->fd = fd;
	memcpy(attach->flags, taking->flags, sizeof(attach->flags));
	attach->detach_keys = taking->detach_keys;
	attach->input = taking->input;
	free(taking);
	struct attach **place = &container->attaches;
	while (*place) {
		place = &(*place)->next;
	}
	*place = attach;
	if (container->state.is_running) {
		give_away(attach);
	} else {
		/* Both directions closed: nobody is there. */
		attach->watch = loop_add_fd(fd, 0, on_client_gone, attach);
	}
	container_event(container, "attach", NULL, NULL);
}

static void on_taken(void *context, int fd, const char *extra, size_t extra_length)
{
	struct taking *taking = context;
	struct container *container = container_find(taking->id, NULL);

	taking->input = hex_of(extra, extra_length);
	if (container && fd >= 0 && taking->with_logs) {
		attach_logs_send(container, fd, taking->flags, join, taking);
	} else {
		join(taking, fd);
	}
}

void attach_make_flags(char flags[8], bool with_stdin, bool with_stdout, bool with_stderr,
		       bool is_raw)
{
	snprintf(flags, 8, "%s%s%s%s", with_stdin ? "i" : "", with_stdout ? "o" : "",
		 with_stderr ? "e" : "", is_raw ? "r" : "");
}

const char *attach_type(struct request *request, bool has_tty)
{
	return has_tty || request_version(request) < 142
		       ? "application/vnd.docker.raw-stream"
		       : "application/vnd.docker.multiplexed-stream";
}

static void post_attach(struct request *request)
{
	struct container *container = container_of_request(request);
	const char *keys = request_query(request, "detachKeys");

	if (!container) {
		return;
	}
	if (container->state.is_paused) {
		reply_error(request, 409,
			    "container %s is paused, unpause the container before attach",
			    container->id);
		return;
	}
	struct taking *taking = memory_zeroed(1, sizeof(*taking));
	memcpy(taking->id, container->id, ID_SIZE);
	attach_make_flags(taking->flags,
			  request_query_bool(request, "stdin", false) && container->has_stdin,
			  request_query_bool(request, "stdout", false),
			  request_query_bool(request, "stderr", false), container->has_tty);
	if (!strpbrk(taking->flags, "ioe")) {
		free(taking);
		reply_error(request, 400, "attach to none of stdin, stdout, stderr is nothing");
		return;
	}
	taking->with_logs = request_query_bool(request, "logs", false);
	taking->with_stream = !taking->with_logs || request_query_bool(request, "stream", false);
	taking->detach_keys = keys && *keys ? text_copy(keys) : NULL;
	reply_hijack(request, attach_type(request, container->has_tty), on_taken, taking);
}

static void on_resized(void *context, json *reply)
{
	struct request *request = context;

	if (json_get(reply, "error")) {
		reply_error(request, 500, "%s", json_get_string(reply, "error", ""));
	} else if (!reply) {
		reply_error(request, 409, "the process is not running");
	} else {
		reply_empty(request, 200);
	}
}

void attach_resize(struct request *request, char *folder)
{
	int64_t height = 0;
	int64_t width = 0;

	if (!request_query_int(request, "h", &height) || !request_query_int(request, "w", &width)) {
		free(folder);
		return;
	}
	if (height < 0 || height > 65535 || width < 0 || width > 65535) {
		reply_error(request, 400, "a terminal has 0 to 65535 rows and columns");
		free(folder);
		return;
	}
	json *ask = json_object_new_object();
	json_set_string(ask, "op", "resize");
	json_set_int(ask, "width", width);
	json_set_int(ask, "height", height);
	monitor_ask(folder, ask, -1, on_resized, request);
	free(folder);
}

static void post_resize(struct request *request)
{
	struct container *container = container_of_request(request);

	if (!container) {
		return;
	}
	if (!container->state.is_running) {
		reply_error(request, 409, "container %s is not running", container->id);
		return;
	}
	attach_resize(request, monitor_folder(container, NULL));
}

const struct route attach_routes[2] = {
	{"POST", "/containers/{id}/attach", post_attach, 0},
	{"POST", "/containers/{id}/resize", post_resize, 0},
};
