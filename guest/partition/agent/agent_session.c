/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: a process each, its streams, and what the runtime has granted. */
#include "agent_session.h"
#include "pass_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define IDLE_MS 1000 /* a bell may be lost: somebody in here can read it too */

static struct session sessions[FRAME_SESSIONS];
int agent_init = -1;

struct session *agent_session_find(uint16_t id)
{
	for (uint32_t i = 0; i < FRAME_SESSIONS; i++) {
		if (sessions[i].id == id) {
			return &sessions[i];
		}
	}
	return NULL;
}

struct session *agent_session_make(uint16_t id)
{
	struct session *session = agent_session_find(id);

	if (session == NULL && (session = agent_session_find(0)) != NULL) {
		*session = (struct session){.id = id,
					    .pidfd = -1,
					    .channel = -1,
					    .input = -1,
					    .output = {-1, -1},
					    .credit = {FRAME_WINDOW, FRAME_WINDOW}};
	}
	return session;
}

void agent_close(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
	*fd = -1;
}

static void drop(struct session *session)
{
	agent_close(&session->channel);
	agent_close(&session->input);
	agent_close(&session->output[0]);
	agent_close(&session->output[1]);
	if (session->pidfd != agent_init) {
		agent_close(&session->pidfd);
	}
	free(session->spec.text);
	free(session->typed);
	session->id = 0;
}

void agent_refuse(struct session *session, const struct agent_error *error)
{
	uint8_t data[sizeof(uint32_t) + AGENT_TEXT];
	uint32_t length = (uint32_t)strlen(error->text);

	memcpy(data, &error->status, sizeof(uint32_t));
	memcpy(data + sizeof(uint32_t), error->text, length);
	agent_link_send(session->id, FRAME_REFUSED, data, (uint32_t)sizeof(uint32_t) + length);
}

void agent_session_frame(const struct frame *frame)
{
	struct session *session = frame->session == 0 ? NULL
				  : frame->kind == FRAME_SPEC || frame->kind == FRAME_RUN ||
						  frame->kind == FRAME_SETUP
					  ? agent_session_make(frame->session)
					  : agent_session_find(frame->session);

	if (session == NULL) {
		return; /* it has ended meanwhile */
	}
	agent_request(session, frame);
}

/* From the process, until it has become what it was to be. */
static void hear(struct session *session)
{
	struct agent_report message;
	int fd = -1;
	struct pass pass = {&message, sizeof(message), &fd, 1, MSG_DONTWAIT};
	ssize_t size = pass_receive(session->channel, &pass);

	if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (size != (ssize_t)sizeof(message)) {
		if (session->is_executing) {
			agent_link_send(session->id, FRAME_STARTED, &session->tsc,
					sizeof(session->tsc));
		}
		agent_close(&session->channel);
	} else if (message.kind == AGENT_TERMINAL && fd >= 0) {
		session->input = fd;

		session->output[0] = fcntl(session->input, F_DUPFD_CLOEXEC, 3);
		(void)fcntl(session->input, F_SETFL, O_NONBLOCK);
	} else if (message.kind == AGENT_EXECUTING) {
		session->is_executing = true;
		session->tsc = message.tsc;
	} else if (message.kind == AGENT_FAILED) {
		session->is_executing = false;
		agent_refuse(session, &message.error);
	}
}

/* Returns whether something was read. */
static bool read_output(struct session *session, int stream)
{
	static uint8_t bytes[FRAME_DATA_MAX];
	struct frame_batch *batch = agent_link_batch();
	enum frame_kind kind = stream == 0 ? FRAME_STDOUT : FRAME_STDERR;
	uint32_t room = frame_room(batch);
	ssize_t size;

	room = room < session->credit[stream] ? room : session->credit[stream];
	if (session->output[stream] < 0 || room == 0) {
		return false;
	}
	size = read(session->output[stream], bytes, room);
	if (size > 0) {
		(void)frame_add(batch, session->id, kind, bytes, (uint32_t)size);
		session->credit[stream] -= (uint32_t)size;
		return true;
	}
	if (size == 0 || (errno != EAGAIN && errno != EINTR) ||
	    (session->is_ended && errno == EAGAIN)) {
		agent_close(&session->output[stream]);
		agent_link_send(session->id, kind, NULL, 0);
	}
	return false;
}

/* All that can be done now. Returns whether something was read. */
static bool serve(struct session *session)
{
	bool is_busy = false;
	uint32_t numbers[2];

	if (session->channel >= 0) {
		hear(session);
	}
	if (session->typed_count > 0 || session->is_input_over) {
		agent_write_input(session);
	}
	is_busy = read_output(session, 0);
	is_busy = read_output(session, 1) || is_busy;
	if (session->is_ended && session->channel < 0 && session->output[0] < 0 &&
	    session->output[1] < 0) {
		numbers[0] = session->status;
		numbers[1] = session->signal;
		agent_link_send(session->id, FRAME_EXIT, numbers, sizeof(numbers));
		drop(session);
	}
	return is_busy;
}

static bool sleep_until_something(void)
{
	struct pollfd polled[1 + FRAME_SESSIONS * 4] = {
		{.fd = agent_link_bell(), .events = POLLIN}};
	nfds_t count = 1;
	sigset_t none;

	for (uint32_t i = 0; i < FRAME_SESSIONS; i++) {
		struct session *session = &sessions[i];

		if (session->id == 0) {
			continue;
		}
		polled[count++] = (struct pollfd){.fd = session->channel, .events = POLLIN};
		polled[count++] = (struct pollfd){
			.fd = session->typed_count > 0 ? session->input : -1, .events = POLLOUT};
		for (int stream = 0; stream < 2; stream++) {
			polled[count++] = (struct pollfd){
				.fd = session->credit[stream] > 0 ? session->output[stream] : -1,
				.events = POLLIN};
		}
	}
	sigemptyset(&none); /* SIGCHLD comes only here */
	return ppoll(polled, count, &(struct timespec){.tv_sec = IDLE_MS / 1000}, &none) != 0;
}

bool agent_session_wait(void)
{
	bool is_busy = false;

	for (uint32_t i = 0; i < FRAME_SESSIONS; i++) {
		if (sessions[i].id != 0) {
			is_busy = serve(&sessions[i]) || is_busy;
		}
	}
	if (is_busy && frame_room(agent_link_batch()) > 0) {
		return true; /* there may be more for this batch */
	}
	if (!frame_is_empty(agent_link_batch())) {
		agent_link_flush();
		return true;
	}
	return sleep_until_something();
}

void agent_session_ended(pid_t pid, int status)
{
	for (uint32_t i = 0; i < FRAME_SESSIONS; i++) {
		struct session *session = &sessions[i];

		if (session->id != 0 && session->pid == pid && !session->is_ended) {
			session->is_ended = true;
			session->signal = WIFSIGNALED(status) ? (uint32_t)WTERMSIG(status) : 0;
			session->status = WIFSIGNALED(status) ? 128 + session->signal
							      : (uint32_t)WEXITSTATUS(status);
		}
	}
}
