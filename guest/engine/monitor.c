/* SPDX-License-Identifier: Apache-2.0 */
/* Talking with a monitor that runs. */
#include "monitor.h"
#include "engine.h"
#include "file.h"
#include "loop.h"
#include "moment.h"
#include "pass_fd.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REPLY_MAX    65536
#define ASK_TIMEOUT  10000 /* ms */
#define EXIT_UNKNOWN 137

struct ask {
	int fd;
	struct loop_fd *watch;
	struct loop_timer *timer;
	monitor_reply_fn done;
	void *context;
};

struct monitor_wait {
	int fd;
	char *folder;
	struct loop_fd *watch;
	monitor_end_fn ended;
	void *context;
};

char *monitor_folder(const struct container *container, const char *exec_id)
{
	return exec_id ? engine_run_path("containers/%s/exec/%s", container->id, exec_id)
		       : engine_run_path("containers/%s", container->id);
}

/* By the folder's descriptor: paths may be longer than a socket's address. */
static int connect_monitor(const char *folder)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = dir < 0 ? -1 : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0) {
		snprintf(address.sun_path, sizeof(address.sun_path),
			 "/proc/self/fd/%d/monitor.sock", dir);
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
			int error = errno;
			close(fd);
			fd = -1;
			errno = error;
		}
	}
	file_close(dir);
	return fd;
}

bool monitor_is_alive(const char *folder)
{
	int fd = connect_monitor(folder);

	file_close(fd);
	return fd >= 0;
}

static int send_request(int fd, json *request, int passed)
{
	const char *text = json_text(request);

	return pass_send(fd, text, strlen(text), &passed, passed >= 0) < 0 ? -1 : 0;
}

/* One packet; NULL: nothing (again is set when it may come still). */
static json *receive_reply(int fd, bool *again)
{
	char *bytes = memory_zeroed(1, REPLY_MAX);
	ssize_t count = recv(fd, bytes, REPLY_MAX, 0);
	const char *error;
	json *reply = count > 0 ? json_parse(bytes, (size_t)count, &error) : NULL;

	*again = count < 0 && (errno == EAGAIN || errno == EINTR);
	free(bytes);
	return reply;
}

static void ask_finish(struct ask *ask, json *reply)
{
	loop_remove_fd(ask->watch);
	loop_cancel(ask->timer);
	close(ask->fd);
	ask->done(ask->context, reply);
	json_object_put(reply);
	free(ask);
}

static void on_ask_reply(void *context, uint32_t events)
{
	struct ask *ask = context;
	bool again;
	json *reply = receive_reply(ask->fd, &again);

	(void)events;
	if (!again) {
		ask_finish(ask, reply);
	}
}

static void on_ask_timeout(void *context)
{
	struct ask *ask = context;

	ask->timer = NULL;
	ask_finish(ask, NULL);
}

void monitor_ask(const char *folder, json *request, int fd, monitor_reply_fn done, void *context)
{
	int connection = connect_monitor(folder);
	int result = connection < 0 ? -1 : send_request(connection, request, fd);

	json_object_put(request);
	file_close(fd);
	if (result < 0) {
		file_close(connection);
		done(context, NULL);
		return;
	}
	struct ask *ask = memory_zeroed(1, sizeof(*ask));
	ask->fd = connection;
	ask->done = done;
	ask->context = context;
	ask->watch = loop_add_fd(connection, EPOLLIN, on_ask_reply, ask);
	ask->timer = loop_after(ASK_TIMEOUT, on_ask_timeout, ask);
}

static void parse_end(json *object, struct monitor_end *end)
{
	int64_t signal_number = json_get_int(object, "signal", 0);

	end->is_known = true;
	end->code = (int)json_get_int(object, "code", 0);
	if (signal_number > 0) {
		end->code = 128 + (int)signal_number;
	}
	end->is_oom_killed = json_get_bool(object, "oom", false);
	moment_parse(json_get_string(object, "finished", ""), 0, &end->finished);
}

void monitor_read_end(const char *folder, struct monitor_end *end)
{
	char *path = text_format("%s/exit.json", folder);
	struct text text = {0};
	const char *error;
	json *object = NULL;

	end->is_known = false;
	end->code = EXIT_UNKNOWN;
	end->finished = moment_now();
	end->is_oom_killed = false;
	if (file_read_at(AT_FDCWD, path, &text, REPLY_MAX) == 0) {
		object = json_parse(text.data, text.length, &error);
	}
	if (object) {
		parse_end(object, end);
	}
	json_object_put(object);
	text_free(&text);
	free(path);
}

void monitor_forget(struct monitor_wait *wait)
{
	if (wait) {
		loop_remove_fd(wait->watch);
		file_close(wait->fd);
		free(wait->folder);
		free(wait);
	}
}

static void on_wait_reply(void *context, uint32_t events)
{
	struct monitor_wait *wait = context;
	struct monitor_end end = {.finished = moment_now()};
	bool again;
	json *reply = receive_reply(wait->fd, &again);

	(void)events;
	if (again) {
		return;
	}
	if (reply && json_get(reply, "code")) {
		parse_end(reply, &end);
	} else {
		monitor_read_end(wait->folder, &end);
	}
	json_object_put(reply);
	monitor_end_fn ended = wait->ended;
	void *target = wait->context;
	monitor_forget(wait);
	ended(target, &end);
}

struct monitor_wait *monitor_wait(const char *folder, monitor_end_fn ended, void *context)
{
	int fd = connect_monitor(folder);
	json *request = json_pair("op", "wait");
	int result = fd < 0 ? -1 : send_request(fd, request, -1);
	json_object_put(request);
	if (result < 0) {
		struct monitor_end end;
		file_close(fd);
		monitor_read_end(folder, &end);
		ended(context, &end);
		return NULL;
	}
	struct monitor_wait *wait = memory_zeroed(1, sizeof(*wait));
	wait->fd = fd;
	wait->folder = text_copy(folder);
	wait->ended = ended;
	wait->context = context;
	wait->watch = loop_add_fd(fd, EPOLLIN, on_wait_reply, wait);
	return wait;
}
