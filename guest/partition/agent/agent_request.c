/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime asks for, session by session. */
#include "agent_session.h"
#include "spec.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct agent_records setup;

static void add_spec(struct session *session, const struct frame *frame)
{
	struct agent_records *spec = &session->spec;
	char *text;

	if (spec->size + frame->size > FRAME_SPEC_MAX ||
	    (text = realloc(spec->text, spec->size + frame->size + 1)) == NULL) {
		return; /* it then ends too early, and is refused */
	}
	memcpy(text + spec->size, frame->data, frame->size);
	spec->size += frame->size;
	text[spec->size] = '\0';
	spec->text = text;
}

/* The first process is the first of a pid namespace and has the container's mounts; the others
 * enter both. */
static pid_t fork_into(struct session *session, struct agent_child *child)
{
	bool is_first = session->id == FRAME_MAIN;
	struct clone_args arguments = {
		.flags = CLONE_PIDFD | (is_first ? CLONE_NEWPID | CLONE_NEWNS : 0),
		.pidfd = (uintptr_t)&session->pidfd,
		.exit_signal = SIGCHLD,
	};
	int own = is_first ? -1 : open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	pid_t pid = -1;

	child->init = is_first ? -1 : agent_init;
	if (is_first || (own >= 0 && setns(agent_init, CLONE_NEWPID) == 0)) {
		pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
		if (pid == 0) {
			agent_process(child);
		}
		if (!is_first) {
			(void)setns(own, CLONE_NEWPID);
		}
	}
	agent_close(&own);
	return pid;
}

static bool make_streams(struct session *session, int ends[3])
{
	int input[2] = {-1, -1};
	int output[2][2] = {{-1, -1}, {-1, -1}};

	if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output[0], O_CLOEXEC) != 0 ||
	    pipe2(output[1], O_CLOEXEC) != 0) {
		return false;
	}
	ends[0] = input[0];
	session->input = input[1];
	(void)fcntl(session->input, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 2; i++) {
		ends[i + 1] = output[i][1];
		session->output[i] = output[i][0];
		(void)fcntl(session->output[i], F_SETFL, O_NONBLOCK);
	}
	return true;
}

static void run(struct session *session)
{
	struct agent_error error = {.status = 126};
	int pair[2] = {-1, -1};
	struct agent_child child = {.spec = &session->spec, .setup = &setup, .fds = {-1, -1, -1}};

	if (session->pid != 0 || (session->id != FRAME_MAIN && agent_init < 0)) {
		errno = ESRCH;
		agent_fail(&error, "the container's process does not run");
		agent_refuse(session, &error);
		return;
	}
	session->is_terminal = agent_find(&session->spec, SPEC_TERMINAL) != NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0 &&
	    (session->is_terminal || make_streams(session, child.fds))) {
		child.channel = pair[1];
		session->pid = fork_into(session, &child);
	}
	if (session->pid <= 0) {
		agent_fail(&error, "fork");
		agent_refuse(session, &error);
	}
	for (int i = 0; i < 3; i++) {
		agent_close(&child.fds[i]);
	}
	agent_close(&pair[1]);
	session->channel = pair[0];
	if (session->id == FRAME_MAIN) {
		agent_init = session->pidfd;
	}
}

static void take_input(struct session *session, const struct frame *frame)
{
	if (frame->size == 0) {
		session->is_input_over = true;
		return;
	}
	if (session->typed == NULL) {
		session->typed = malloc(FRAME_WINDOW);
	}
	if (session->typed != NULL && frame->size <= FRAME_WINDOW - session->typed_count) {
		memcpy(session->typed + session->typed_count, frame->data, frame->size);
		session->typed_count += frame->size;
	}
}

void agent_write_input(struct session *session)
{
	uint32_t taken = 0;
	ssize_t size = 0;

	while (session->input >= 0 && taken < session->typed_count && size >= 0) {
		size = write(session->input, session->typed + taken, session->typed_count - taken);
		taken += size > 0 ? (uint32_t)size : 0;
	}
	if (session->input < 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
		taken = session->typed_count; /* nobody reads it any more */
	}
	if (taken > 0) {
		session->typed_count -= taken;
		memmove(session->typed, session->typed + taken, session->typed_count);
		agent_link_send(session->id, FRAME_TAKEN, &taken, sizeof(taken));
	}
	if (session->is_input_over && session->typed_count == 0) {
		if (session->is_terminal && session->input >= 0) {
			(void)!write(session->input, "\4", 1);
			session->is_input_over = false;
		} else {
			agent_close(&session->input);
		}
	}
}

static void resize(struct session *session, const struct frame *frame)
{
	struct winsize size = {.ws_row = (unsigned short)frame_number(frame, 0),
			       .ws_col = (unsigned short)frame_number(frame, 1)};

	if (session->is_terminal && session->input >= 0) {
		(void)ioctl(session->input, TIOCSWINSZ, &size);
	}
}

static void grant(struct session *session, const struct frame *frame)
{
	uint32_t stream = frame_number(frame, 0) - 1;

	if (stream < 2) {
		session->credit[stream] += frame_number(frame, 1);
	}
}

static void set_up(struct session *session)
{
	struct agent_error error = {.status = 0};
	bool is_ok;

	setup = session->spec;
	session->spec = (struct agent_records){.text = NULL};
	is_ok = agent_setup(&setup, &error);
	agent_link_send(session->id, FRAME_READY, error.text,
			is_ok ? 0 : (uint32_t)strlen(error.text));
}

void agent_request(struct session *session, const struct frame *frame)
{
	switch (frame->kind) {
	case FRAME_SPEC:
		add_spec(session, frame);
		break;
	case FRAME_SETUP:
		set_up(session);
		break;
	case FRAME_RUN:
		run(session);
		break;
	case FRAME_GO:
		(void)send(session->channel, "g", 1, MSG_NOSIGNAL);
		break;
	case FRAME_STDIN:
		take_input(session, frame);
		break;
	case FRAME_SIGNAL:
		(void)syscall(SYS_pidfd_send_signal, session->pidfd, frame_number(frame, 0), NULL,
			      0);
		break;
	case FRAME_RESIZE:
		resize(session, frame);
		break;
	case FRAME_GRANT:
		grant(session, frame);
		break;
	default: /* not for an agent */
		break;
	}
}
