/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: what the agent says of them, and their descriptors here. */
#include "relay.h"

#include "text.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define GRANT_FROM (FRAME_WINDOW / 4) /* granted in few frames */

struct relay_session *relay_session_find(struct relay *relay, uint16_t id)
{
	for (uint32_t i = 0; id != 0 && i < FRAME_SESSIONS; i++) {
		if (relay->sessions[i].phase != RELAY_FREE && relay->sessions[i].id == id) {
			return &relay->sessions[i];
		}
	}
	return NULL;
}

/* A pipe or a terminal is opened anew: not to block is then this process' matter alone. */
static int without_blocking(int fd, int flags)
{
	struct stat is;
	char path[40];
	int own = -1;

	if (fd >= 0 && fstat(fd, &is) == 0 && (S_ISFIFO(is.st_mode) || S_ISCHR(is.st_mode))) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		own = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	}
	if (own < 0) {
		return fd;
	}
	close(fd);
	return own;
}

struct relay_session *relay_session_open(struct relay *relay, uint16_t id, const int fds[3],
					 bool is_terminal)
{
	struct relay_session *session = NULL;

	for (uint32_t i = 0; session == NULL && i < FRAME_SESSIONS; i++) {
		session = relay->sessions[i].phase == RELAY_FREE ? &relay->sessions[i] : NULL;
	}
	if (session == NULL) {
		return NULL;
	}
	*session = (struct relay_session){.id = id,
					  .phase = RELAY_STARTING,
					  .input_credit = FRAME_WINDOW,
					  .is_terminal = is_terminal};
	session->input = without_blocking(fds[0], O_RDONLY);
	for (int i = 0; i < 2; i++) {
		session->output[i] = (struct relay_stream){
			.fd = without_blocking(fds[i + 1], O_WRONLY), .allowed = FRAME_WINDOW};
	}
	return session;
}

static void close_stream(struct relay_stream *stream)
{
	file_close(stream->fd);
	free(stream->bytes);
	*stream = (struct relay_stream){
		.fd = -1, .allowed = stream->allowed, .written = stream->written + stream->count};
}

static void close_input(struct relay_session *session)
{
	file_close(session->input);
	session->input = -1;
}

void relay_session_close(struct relay_session *session)
{
	close_input(session);
	close_stream(&session->output[0]);
	close_stream(&session->output[1]);
	session->phase = RELAY_FREE;
}

bool relay_session_waits(const struct relay_session *session)
{
	return session->output[0].count > 0 || session->output[1].count > 0;
}

static ssize_t put(int fd, const uint8_t *bytes, uint32_t size)
{
	ssize_t written = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);

	return written >= 0 || errno != ENOTSOCK ? written : write(fd, bytes, size);
}

void relay_session_write(struct relay *relay, struct relay_session *session, int number)
{
	struct relay_stream *stream = &session->output[number];
	uint32_t grant[2] = {(uint32_t)number + 1, 0};

	while (stream->count > 0) {
		ssize_t size = put(stream->fd, stream->bytes + stream->start, stream->count);

		if (size < 0 && errno == EINTR) {
			continue;
		}
		if (size < 0 && errno != EAGAIN) {
			close_stream(stream); /* nobody reads it any more */
		}
		if (size < 0) {
			break;
		}
		stream->start += (uint32_t)size;
		stream->count -= (uint32_t)size;
		stream->written += (uint32_t)size;
	}
	if (stream->count == 0) {
		stream->start = 0;
	}
	if (stream->is_over && stream->count == 0) {
		close_stream(stream);
	}
	if (stream->written >= GRANT_FROM && session->phase != RELAY_ENDED) {
		grant[1] = stream->written;
		stream->allowed += stream->written;
		stream->written = 0;
		relay_send(relay, session->id, FRAME_GRANT, grant, sizeof(grant));
	}
}

static void take_output(struct relay *relay, struct relay_session *session, int number,
			const struct frame *frame)
{
	struct relay_stream *stream = &session->output[number];

	if (frame->size > stream->allowed) {
		relay_fail(relay, "its agent sent more output than it may");
		return;
	}
	stream->allowed -= frame->size;
	if (frame->size > 0 && relay->hyper.tsc[STAGE_OUTPUT] == 0) {
		relay->hyper.tsc[STAGE_OUTPUT] = bh_tsc();
	}
	if (stream->fd < 0) {
		stream->written += frame->size;
	} else if (frame->size > 0) {
		if (stream->bytes == NULL) {
			stream->bytes = memory_zeroed(1, RELAY_BUFFER);
		}
		memmove(stream->bytes, stream->bytes + stream->start, stream->count);
		stream->start = 0;
		memcpy(stream->bytes + stream->count, frame->data, frame->size);
		stream->count += frame->size;
	}
	stream->is_over = stream->is_over || (frame->size == 0 && !session->is_terminal);
	relay_session_write(relay, session, number);
}

void relay_session_read(struct relay *relay, struct relay_session *session)
{
	uint8_t bytes[FRAME_DATA_MAX];
	uint32_t room = session->input_credit < sizeof(bytes) ? session->input_credit
							      : (uint32_t)sizeof(bytes);
	ssize_t size = room > 0 ? read(session->input, bytes, room) : -1;

	if (room == 0 || (size < 0 && (errno == EAGAIN || errno == EINTR))) {
		return;
	}
	if (size <= 0) {
		close_input(session);
		size = 0;
	}
	session->input_credit -= (uint32_t)size;
	relay_send(relay, session->id, FRAME_STDIN, bytes, (uint32_t)size);
}

static void end_session(struct relay *relay, struct relay_session *session, uint32_t status)
{
	session->phase = RELAY_ENDED;
	session->status = status & 0xff;
	close_input(session);
	relay->is_over = relay->is_over || session->id == FRAME_MAIN;
}

/* Text of the other side, for a person: nothing in it that a terminal obeys. */
static void keep_text(char to[CONTROL_TEXT], const uint8_t *from, uint32_t size)
{
	size = size < CONTROL_TEXT - 1 ? size : CONTROL_TEXT - 1;
	for (uint32_t i = 0; i < size; i++) {
		to[i] = from[i] >= ' ' && from[i] != 0x7f ? (char)from[i] : '?';
	}
	to[size] = '\0';
}

static void refuse(struct relay *relay, struct relay_session *session, const struct frame *frame)
{
	uint32_t status = frame_number(frame, 0);
	char text[CONTROL_TEXT];

	keep_text(text, frame->data + sizeof(uint32_t),
		  frame->size > sizeof(uint32_t) ? frame->size - (uint32_t)sizeof(uint32_t) : 0);
	relay_tell(relay, session->id, CONTROL_FAILED, status & 0xff, text);
	if (session->id == FRAME_MAIN) {
		memcpy(relay->failure, text, sizeof(text));
	}
	end_session(relay, session, status);
}

static void hello(struct relay *relay, const struct frame *frame)
{
	struct frame_hello hello = {.version = 0};

	memcpy(&hello, frame->data, frame->size < sizeof(hello) ? frame->size : sizeof(hello));
	if (hello.version != FRAME_VERSION || relay->has_hello) {
		relay_fail(relay, "its agent is of another version");
		return;
	}
	relay->has_hello = true;
	relay->hyper.tsc[STAGE_ENTERED] =
		bh_event_tsc(&relay->hyper.bh, relay->hyper.first_event, MANAGE_EVENT_ENTERED,
			     relay->hyper.partition.id);
	relay->hyper.tsc[STAGE_AGENT] = hello.init_tsc;
	relay->hyper.tsc[STAGE_LINKED] = hello.link_tsc;
}

static void ready(struct relay *relay, const struct frame *frame)
{
	relay->hyper.tsc[STAGE_READY] = bh_tsc();
	if (frame->size > 0) {
		keep_text(relay->failure, frame->data, frame->size);
		relay_tell(relay, FRAME_MAIN, CONTROL_FAILED, 126, relay->failure);
		relay->is_over = true;
		return;
	}
	relay->is_ready = true;
	relay_begin(relay);
}

/* As large as the terminal here is. */
void relay_session_size(struct relay *relay, const struct relay_session *session)
{
	struct winsize size;

	if (session->is_terminal && ioctl(session->input, TIOCGWINSZ, &size) == 0 &&
	    size.ws_row > 0) {
		relay_resize(relay, session->id, size.ws_row, size.ws_col);
	}
}

static void started(struct relay *relay, struct relay_session *session, const struct frame *frame)
{
	uint64_t tsc = 0;

	memcpy(&tsc, frame->data, frame->size < sizeof(tsc) ? frame->size : sizeof(tsc));
	if (session->phase != RELAY_STARTING) {
		return;
	}
	session->phase = RELAY_RUNNING;
	if (session->id == FRAME_MAIN) {
		relay->hyper.tsc[STAGE_EXECUTED] = tsc;
		relay_save(relay, "running");
	}
	relay_session_size(relay, session);
	relay_tell(relay, session->id, CONTROL_STARTED, 0, "");
}

/* Of a session that has ended here nothing counts any more. */
static void session_frame(struct relay *relay, struct relay_session *session,
			  const struct frame *frame)
{
	uint32_t count = frame_number(frame, 0);

	switch (frame->kind) {
	case FRAME_STARTED:
		started(relay, session, frame);
		break;
	case FRAME_REFUSED:
		refuse(relay, session, frame);
		break;
	case FRAME_STDOUT:
	case FRAME_STDERR:
		take_output(relay, session, frame->kind == FRAME_STDERR, frame);
		break;
	case FRAME_TAKEN:
		if (count > FRAME_WINDOW - session->input_credit) {
			relay_fail(relay, "its agent took more input than there was");
			return;
		}
		session->input_credit += count;
		break;
	case FRAME_EXIT:
		end_session(relay, session, count);
		break;
	default:
		relay_fail(relay, "its agent sent a frame of the other direction");
		break;
	}
}

void relay_session_frame(struct relay *relay, const struct frame *frame)
{
	struct relay_session *session = relay_session_find(relay, frame->session);

	if (frame->kind == FRAME_HELLO) {
		hello(relay, frame);
	} else if (!relay->has_hello) {
		relay_fail(relay, "its agent did not say who it is");
	} else if (frame->kind == FRAME_READY) {
		ready(relay, frame);
	} else if (session != NULL && session->phase != RELAY_ENDED) {
		session_frame(relay, session, frame);
	}
}
