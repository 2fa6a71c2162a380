/* SPDX-License-Identifier: Apache-2.0 */
/* GET /containers/ID/logs */
#include "attach.h"
#include "attach_frame.h"
#include "container_routes.h"
#include "engine.h"
#include "file.h"
#include "http.h"
#include "life.h"
#include "log_options.h"
#include "log_reader.h"
#include "loop.h"
#include "moment.h"
#include "query.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#define LOG_BATCH  256 /* entries between two looks at other work */
#define LOG_LOOKUP 200 /* ms between two looks when the kernel has no more inotify */

struct logs {
	struct stream *stream;
	struct log_reader *reader;
	char id[ID_SIZE];
	bool with_stdout;
	bool with_stderr;
	bool with_times;
	bool is_raw; /* of a tty: no frames */
	bool is_followed;
	int64_t since;
	int64_t until; /* 0: none */
	struct waiter *waiter;
	int inotify;
	struct loop_fd *watch;
	struct loop_timer *timer;
};

static void logs_free(struct logs *logs)
{
	struct container *container = container_find(logs->id, NULL);

	if (container && logs->waiter) {
		container_wait_drop(container, logs->waiter);
	}
	loop_remove_fd(logs->watch);
	loop_cancel(logs->timer);
	file_close(logs->inotify);
	log_reader_close(logs->reader);
	free(logs);
}

static void on_gone(void *context)
{
	logs_free(context);
}

static bool write_entry(struct logs *logs, const struct log_entry *entry)
{
	char moment[MOMENT_TEXT + 1] = "";
	unsigned char header[ATTACH_FRAME_SIZE];

	if (logs->with_times) {
		moment_text(entry->moment, moment);
		strcat(moment, " ");
	}
	if (!logs->is_raw) {
		attach_frame_header(entry->is_stderr ? ATTACH_STDERR : ATTACH_STDOUT,
				    (uint32_t)(strlen(moment) + entry->length), header);

		stream_write(logs->stream, header, sizeof(header));
	}
	stream_write(logs->stream, moment, strlen(moment));
	return stream_write(logs->stream, entry->bytes, entry->length);
}

static bool is_wanted(struct logs *logs, const struct log_entry *entry)
{
	return (entry->is_stderr ? logs->with_stderr : logs->with_stdout) &&
	       entry->moment >= logs->since;
}

static void go_on(void *context);

static void finish(struct logs *logs)
{
	stream_end(logs->stream);
	logs_free(logs);
}

/* All that is there, as far as the client takes it. */
static void send_more(struct logs *logs)
{
	struct log_entry entry;

	for (int budget = LOG_BATCH; log_reader_next(logs->reader, &entry); budget--) {
		if (logs->until && entry.moment > logs->until) {
			finish(logs);
			return;
		}
		if (is_wanted(logs, &entry) && !write_entry(logs, &entry)) {
			return; /* on_room goes on */
		}
		if (!budget) {
			loop_cancel(logs->timer);
			logs->timer = loop_after(0, go_on, logs);
			return;
		}
	}
	if (!logs->is_followed) {
		finish(logs);
	} else if (logs->inotify < 0 && !logs->timer) {
		logs->timer = loop_after(LOG_LOOKUP, go_on, logs);
	}
}

static void go_on(void *context)
{
	struct logs *logs = context;

	logs->timer = NULL;
	send_more(logs);
}

/* Not within the stream's own call: finish() frees. */
static void on_room(void *context)
{
	struct logs *logs = context;

	if (!logs->timer) {
		logs->timer = loop_after(0, go_on, logs);
	}
}

static void on_written(void *context, uint32_t events)
{
	struct logs *logs = context;
	char block[4096];

	(void)events;
	while (read(logs->inotify, block, sizeof(block)) > 0) {
	}
	on_room(logs);
}

static void on_exit_of(void *context, int code)
{
	struct logs *logs = context;

	(void)code;
	logs->waiter = NULL;
	logs->is_followed = false;
	on_room(logs);
}

static void follow(struct logs *logs, struct container *container)
{
	char *folder = container_path(container, "");

	logs->is_followed = true;
	logs->waiter = container_wait_add(container, WAIT_NEXT_EXIT, on_exit_of, logs);
	logs->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (logs->inotify >= 0 &&
	    inotify_add_watch(logs->inotify, folder, IN_MODIFY | IN_CREATE | IN_MOVED_TO) >= 0) {
		logs->watch = loop_add_fd(logs->inotify, EPOLLIN, on_written, logs);
	} else if (logs->inotify >= 0) {
		close(logs->inotify);
		logs->inotify = -1;
	}
	free(folder);
}

/* False: the reply was sent. */
static bool parse_query(struct request *request, struct logs *logs, int64_t *tail)
{
	const char *last = request_query(request, "tail");

	logs->with_stdout = request_query_bool(request, "stdout", false);
	logs->with_stderr = request_query_bool(request, "stderr", false);
	logs->with_times = request_query_bool(request, "timestamps", false);
	*tail = -1;
	if (!logs->with_stdout && !logs->with_stderr) {
		reply_error(request, 400, "Bad parameters: you must choose at least one stream");
		return false;
	}
	if (!query_moment(request, "since", &logs->since) ||
	    !query_moment(request, "until", &logs->until)) {
		return false;
	}

	if (last && *last && strcmp(last, "all") != 0) {
		char *end;
		*tail = strtoll(last, &end, 10);
		*tail = *end ? -1 : *tail;
	}
	return true;
}

static bool has_log(const struct container *container)
{
	json *spec = container_spec(container);
	int64_t size;
	int files;
	bool has = log_options_read(json_get(json_get(spec, "HostConfig"), "LogConfig"), &size,
				    &files);

	json_object_put(spec);
	return has;
}

static void get_logs(struct request *request)
{
	struct container *container = container_of_request(request);
	struct logs query = {.inotify = -1};
	int64_t tail;

	if (!container || !parse_query(request, &query, &tail)) {
		return;
	}
	if (!has_log(container)) {
		reply_error(request, 501, "configured logging driver does not support reading");
		return;
	}
	struct logs *logs = memory_zeroed(1, sizeof(*logs));
	*logs = query;
	memcpy(logs->id, container->id, ID_SIZE);
	logs->is_raw = container->has_tty;
	char *path = text_format("%s/containers/%s/%s-json.log", engine.root, container->id,
				 container->id);
	logs->reader = log_reader_open(path, tail);
	free(path);
	logs->stream = reply_stream(request, 200, attach_type(request, logs->is_raw), on_gone,
				    on_room, logs);
	if (!logs->stream) {
		logs_free(logs);
		return;
	}
	if (request_query_bool(request, "follow", false) &&
	    (container->state.is_running || container->state.is_restarting || container->start)) {
		follow(logs, container);
	}
	send_more(logs);
}

const struct route log_routes[1] = {
	{"GET", "/containers/{id}/logs", get_logs, 0},
};
