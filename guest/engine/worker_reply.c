/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that a worker answers. */
#include "engine.h"
#include "file.h"
#include "http.h"
#include "loop.h"
#include "text.h"
#include "worker.h"

#include <fcntl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct download {
	struct request *request; /* NULL: answered */
	bool has_worker;         /* it has not ended */
	char *type;
	int fd; /* the worker's output, -1: given away */
	struct loop_fd *watch;
	bool is_streaming; /* the reply's stream has not ended */
};

static void download_free(struct download *download)
{
	if (!download->has_worker && !download->is_streaming) {
		loop_remove_fd(download->watch);
		file_close(download->fd);
		free(download->type);
		free(download);
	}
}

static void on_download_gone(void *context)
{
	struct download *download = context;

	download->is_streaming = false;
	download_free(download);
}

static void start_stream(struct download *download)
{
	struct request *request = download->request;
	int fd = download->fd;

	loop_remove_fd(download->watch);
	download->watch = NULL;
	download->request = NULL;
	download->fd = -1;
	download->is_streaming = true;
	reply_from_fd(request, download->type, fd, on_download_gone, download);
}

static void on_output(void *context, uint32_t events)
{
	struct download *download = context;
	int waiting = 0;

	(void)events;
	ioctl(download->fd, FIONREAD, &waiting);
	if (waiting > 0) {
		start_stream(download);
	} else {
		/* Closed without a byte: what to say comes with the end of the worker. */
		loop_remove_fd(download->watch);
		download->watch = NULL;
	}
}

static void on_download_done(void *context, json *result, const char *error, const char *kind)
{
	struct download *download = context;

	(void)result;
	download->has_worker = false;
	if (error && !download->request) {
		engine_log("%s", error);
	} else if (error) {
		reply_error(download->request, reply_status_of(kind), "%s", error);
		download->request = NULL;
	} else if (download->request) {
		start_stream(download);
		return;
	}
	download_free(download);
}

bool worker_take_body(struct request *request, struct worker_call *call)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		reply_error(request, 500, "cannot make a pipe: %s", strerror(errno));
		return false;
	}
	call->stdin_fd = ends[0];
	request_body_to_fd(request, ends[1]);
	return true;
}

void worker_download(struct request *request, struct worker_call *call, const char *type)
{
	int output[2];

	if (pipe2(output, O_CLOEXEC) < 0) {
		json_object_put(call->request);
		reply_error(request, 500, "cannot make a pipe: %s", strerror(errno));
		return;
	}
	struct download *download = memory_zeroed(1, sizeof(*download));
	download->request = request;
	download->type = text_copy(type);
	download->fd = output[0];
	download->is_streaming = true; /* so that a start that fails does not free it */
	call->stdout_fd = output[1];
	call->done = on_download_done;
	call->context = download;
	download->has_worker = true;
	bool is_started = worker_start(call);
	download->is_streaming = false;
	if (!is_started) {
		download_free(download);
		return;
	}
	download->watch = loop_add_fd(output[0], EPOLLIN, on_output, download);
}

struct reply_call {
	struct request *request;
	void (*reply)(struct request *request, json *result);
};

static void on_reply_done(void *context, json *result, const char *error, const char *kind)
{
	struct reply_call *call = context;

	if (error) {
		reply_error(call->request, reply_status_of(kind), "%s", error);
	} else if (call->reply) {
		call->reply(call->request, result);
	} else {
		reply_json(call->request, 200, json_object_get(result));
	}
	free(call);
}

void worker_reply(struct request *request, struct worker_call *call,
		  void (*reply)(struct request *request, json *result))
{
	struct reply_call *context = memory_zeroed(1, sizeof(*context));

	context->request = request;
	context->reply = reply;
	call->done = on_reply_done;
	call->context = context;
	worker_start(call);
}
