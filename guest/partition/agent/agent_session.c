/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: a process each, its streams, and what the runtime has granted. */
#include "agent.h"
#include "spec.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define IDLE_MS 1000 /* a bell may be lost: somebody in here can read it too */

struct session {
	uint16_t id; /* 0: free */
	pid_t pid;
	int pidfd;
	int channel; /* to the process until its exec; -1 */
	int input;   /* -1 */
	int output[2];
	bool is_terminal;
	bool is_ended; /* waited for */
	bool is_executing;
	uint64_t tsc;
	uint32_t status;
	uint32_t signal;
	uint32_t credit[2];
	struct agent_records spec;
	uint8_t *typed; /* FRAME_WINDOW bytes, from the first byte of input on */
	uint32_t typed_count;
	bool is_input_over;
};

static struct session sessions[FRAME_SESSIONS];
static struct agent_records setup;
static int init_pidfd = -1;

static struct session *find(uint16_t id)
{
	for (uint32_t i = 0; i < FRAME_SESSIONS; i++) {
		if (sessions[i].id == id) {
			return &sessions[i];
		}
	}
	return NULL;
}

static struct session *find_or_make(uint16_t id)
{
	struct session *session = find(id);

	if (session == NULL && (session = find(0)) != NULL) {
		*session = (struct session){.id = id,
					    .pidfd = -1,
					    .channel = -1,
					    .input = -1,
					    .output = {-1, -1},
					    .credit = {FRAME_WINDOW, FRAME_WINDOW}};
	}
	return session;
}

static void close_fd(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
	*fd = -1;
}

static void drop(struct session *session)
{
	close_fd(&session->channel);
	close_fd(&session->input);
	close_fd(&session->output[0]);
	close_fd(&session->output[1]);
	if (session->pidfd != init_pidfd) {
		close_fd(&session->pidfd);
	}
	free(session->spec.text);
	free(session->typed);
	session->id = 0;
}

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

static void refuse(struct session *session, const struct agent_error *error)
{
	uint8_t data[sizeof(uint32_t) + AGENT_TEXT];
	uint32_t length = (uint32_t)strlen(error->text);

	memcpy(data, &error->status, sizeof(uint32_t));
	memcpy(data + sizeof(uint32_t), error->text, length);
	agent_link_send(session->id, FRAME_REFUSED, data, (uint32_t)sizeof(uint32_t) + length);
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

	child->init = is_first ? -1 : init_pidfd;
	if (is_first || (own >= 0 && setns(init_pidfd, CLONE_NEWPID) == 0)) {
		pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
		if (pid == 0) {
			agent_process(child);
		}
		if (!is_first) {
			(void)setns(own, CLONE_NEWPID);
		}
	}
	close_fd(&own);
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

	if (session->pid != 0 || (session->id != FRAME_MAIN && init_pidfd < 0)) {
		errno = ESRCH;
		agent_fail(&error, "the container's process does not run");
		refuse(session, &error);
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
		refuse(session, &error);
	}
	for (int i = 0; i < 3; i++) {
		close_fd(&child.fds[i]);
	}
	close_fd(&pair[1]);
	session->channel = pair[0];
	if (session->id == FRAME_MAIN) {
		init_pidfd = session->pidfd;
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

static void write_input(struct session *session)
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
			close_fd(&session->input);
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

void agent_session_frame(const struct frame *frame)
{
	struct session *session = frame->session == 0 ? NULL
				  : frame->kind == FRAME_SPEC || frame->kind == FRAME_RUN ||
						  frame->kind == FRAME_SETUP
					  ? find_or_make(frame->session)
					  : find(frame->session);

	if (session == NULL) {
		return; /* it has ended meanwhile */
	}
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

/* From the process, until it has become what it was to be. */
static void hear(struct session *session)
{
	struct agent_report message;
	struct iovec part = {.iov_base = &message, .iov_len = sizeof(message)};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} control;
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control.bytes,
				.msg_controllen = sizeof(control.bytes)};
	ssize_t size = recvmsg(session->channel, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (size != (ssize_t)sizeof(message)) {
		if (session->is_executing) {
			agent_link_send(session->id, FRAME_STARTED, &session->tsc,
					sizeof(session->tsc));
		}
		close_fd(&session->channel);
	} else if (message.kind == AGENT_TERMINAL && CMSG_FIRSTHDR(&header) != NULL) {
		memcpy(&session->input, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(int));
		session->output[0] = fcntl(session->input, F_DUPFD_CLOEXEC, 3);
		(void)fcntl(session->input, F_SETFL, O_NONBLOCK);
	} else if (message.kind == AGENT_EXECUTING) {
		session->is_executing = true;
		session->tsc = message.tsc;
	} else if (message.kind == AGENT_FAILED) {
		session->is_executing = false;
		refuse(session, &message.error);
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
		close_fd(&session->output[stream]);
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
		write_input(session);
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
