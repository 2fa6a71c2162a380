/* SPDX-License-Identifier: Apache-2.0 */
/* The streams of a container: a terminal in raw mode, or frames of standard output and error. */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>
#include "attach_frame.h"
#include "file.h"

static bool put_frame(void *context, enum attach_stream stream, const char *bytes, size_t length)
{
	(void)context;
	return stream <= ATTACH_STDERR &&
	       file_write_all(stream == ATTACH_STDERR ? STDERR_FILENO : STDOUT_FILENO, bytes,
			      length) == 0;
}

static bool put_output(struct attach_frames *frames, bool is_raw, const char *bytes, size_t length)
{
	return is_raw ? file_write_all(STDOUT_FILENO, bytes, length) == 0
		      : attach_frames_read(frames, bytes, length, put_frame, NULL);
}

int client_copy_output(struct http *http, bool is_raw)
{
	struct attach_frames frames = {0};
	char block[16384];
	ptrdiff_t count;

	while ((count = http_read(http, block, sizeof(block))) > 0) {
		if (!put_output(&frames, is_raw, block, (size_t)count)) {
			return CLIENT_FAILED;
		}
	}
	return count < 0 ? client_fail(CLIENT_FAILED, "%s", http->error) : CLIENT_OK;
}

static void send_size(const char *path)
{
	struct winsize size;

	if (path && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		char *query = text_format("%s?h=%u&w=%u", path, size.ws_row, size.ws_col);
		struct http http;
		struct http_request request = {.method = "POST", .path = query};
		/* A container that has ended meanwhile is no error. */
		if (http_send(&http, &request)) {
			http_receive(&http);
		}
		http_close(&http);
		free(query);
	}
}

static int watch_window(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Input to the container; at its end only this direction is closed. False: no more of it. */
static bool pass_input(int fd)
{
	char block[16384];
	ssize_t count = read(STDIN_FILENO, block, sizeof(block));

	if (count > 0 && file_write_all(fd, block, (size_t)count) == 0) {
		return true;
	}
	if (count < 0 && errno == EINTR) {
		return true;
	}
	shutdown(fd, SHUT_WR);
	return false;
}

static void copy_both(struct client_stream *stream, int window)
{
	struct http *http = stream->http;
	struct attach_frames frames = {0};
	struct pollfd polls[3] = {{http->fd, POLLIN, 0},
				  {stream->has_input ? STDIN_FILENO : -1, POLLIN, 0},
				  {window, POLLIN, 0}};
	char block[16384];
	size_t count = http->end - http->start;

	signal(SIGPIPE, SIG_IGN);
	if (!put_output(&frames, stream->has_tty, http->buffer + http->start, count)) {
		return;
	}
	for (;;) {
		if (poll(polls, 3, -1) < 0 && errno != EINTR) {
			return;
		}
		if (polls[2].revents) {
			struct signalfd_siginfo info;
			(void)!read(window, &info, sizeof(info));
			send_size(stream->resize_path);
		}
		if (polls[1].revents && !pass_input(http->fd)) {
			polls[1].fd = -1;
		}
		if (polls[0].revents) {
			ssize_t got = read(http->fd, block, sizeof(block));
			if (got <= 0 || !put_output(&frames, stream->has_tty, block, (size_t)got)) {
				return;
			}
		}
	}
}

int client_stream(struct client_stream *stream)
{
	struct termios kept, raw;
	bool is_raw = stream->has_tty && stream->has_input && tcgetattr(STDIN_FILENO, &kept) == 0;
	int window = stream->has_tty ? watch_window() : -1;

	if (is_raw) {
		raw = kept;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	}
	if (stream->has_tty) {
		send_size(stream->resize_path);
	}
	copy_both(stream, window);
	if (is_raw) {
		tcsetattr(STDIN_FILENO, TCSADRAIN, &kept);
	}
	file_close(window);
	return CLIENT_OK;
}
