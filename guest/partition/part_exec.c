/* SPDX-License-Identifier: Apache-2.0 */
/* exec: one more process in a container's partition. */
#include "part.h"

#include "file.h"
#include "group.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_MAX (16u << 20)

static json *read_json(const char *path)
{
	struct text text = {.data = NULL};
	const char *why = "";
	json *value = NULL;

	if (file_read_at(AT_FDCWD, path, &text, FILE_MAX) < 0) {
		part_fail("cannot read %s: %s", path, strerror(errno));
	} else if ((value = json_parse(text.data, text.length, &why)) == NULL) {
		part_fail("%s: %s", path, why);
	}
	text_free(&text);
	return value;
}

static void set_user(json *process, const char *text)
{
	json *user = json_object_new_object();
	char *end;

	json_set_int(user, "uid", strtol(text, &end, 10));
	json_set_int(user, "gid", *end == ':' ? strtol(end + 1, NULL, 10) : 0);
	json_set(process, "user", user);
}

/* As the container's own, with what the command line says. */
static json *build_process(json *state)
{
	char *path = text_format("%s/config.json", json_get_string(state, "bundle", ""));
	json *config = read_json(path);
	json *process = json_get_object(config, "process");
	json *arguments = json_object_new_array();

	free(path);
	process = process != NULL ? json_object_get(process) : json_object_new_object();
	for (int i = 1; i < part.count; i++) {
		json_append_string(arguments, part.words[i]);
	}
	json_set(process, "args", arguments);
	json_set_bool(process, "terminal", part.is_terminal);
	if (part.directory != NULL) {
		json_set_string(process, "cwd", part.directory);
	}
	if (part.user != NULL) {
		set_user(process, part.user);
	}
	if (part.environment_count > 0 && json_get_array(process, "env") == NULL) {
		json_set(process, "env", json_object_new_array());
	}
	for (size_t i = 0; i < part.environment_count; i++) {
		json_append_string(json_get_array(process, "env"), part.environment[i]);
	}
	json_object_put(config);
	return process;
}

/* The records in a file without a name; -1: it has been said why. */
static int make_spec(json *process)
{
	struct text spec = {.data = NULL};
	const char *why = "";
	int file = -1;

	if (!bundle_process(process, &spec, &why)) {
		part_fail("%s", why);
	} else {
		file = memfd_create("spec", MFD_CLOEXEC);
		if (file < 0 || file_write_all(file, spec.data, spec.length) < 0 ||
		    lseek(file, 0, SEEK_SET) != 0) {
			part_fail("no memory for a process: %s", strerror(errno));
		}
	}
	text_free(&spec);
	return file;
}

static void send_size(int socket, int terminal)
{
	struct control message = {.op = CONTROL_RESIZE};
	struct winsize size;

	if (ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_row > 0) {
		message.a = size.ws_row;
		message.b = size.ws_col;
		(void)control_send(socket, &message, NULL, 0);
	}
}

static void pass_signal(int socket, int signals, int terminal)
{
	struct control message = {.op = CONTROL_SIGNAL};
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		message.a = info.ssi_signo;
		if (info.ssi_signo == SIGWINCH) {
			send_size(socket, terminal);
		} else {
			(void)control_send(socket, &message, NULL, 0);
		}
	}
}

/* Until the process has ended. `report` hears whether it has started: a byte; it is closed then. */
static int follow(const char *id, int socket, int terminal, int report)
{
	int signals = part_signals();
	struct pollfd polled[2] = {{.fd = socket, .events = POLLIN},
				   {.fd = signals, .events = POLLIN}};
	struct control message = {.op = 0};
	int fds[CONTROL_FDS];

	for (;;) {
		if (poll(polled, 2, -1) < 0 && errno != EINTR) {
			return 1;
		}
		if (polled[1].revents != 0) {
			pass_signal(socket, signals, terminal);
		}
		if (polled[0].revents == 0) {
			continue;
		}
		if (control_receive(socket, &message, fds, 0) < 0) {
			return 128 + SIGKILL; /* the container is gone, and all in it */
		}
		if (message.op == CONTROL_FAILED) {
			part_fail("container %s: %s", id, message.text);
			return (int)message.a;
		}
		if (message.op == CONTROL_EXITED) {
			return (int)message.a;
		}
		if (message.op == CONTROL_STARTED && report >= 0) {
			int fds_before[3];

			send_size(socket, terminal);
			(void)!write(report, "s", 1);
			close(report);
			report = -1;
			part_take_stdio(fds_before);
			for (int i = 0; i < 3; i++) {
				close(fds_before[i]);
			}
		}
	}
}

/* A child follows; this process ends once the other has started. */
static int detach(const char *id, int socket, int terminal, const char *group)
{
	int report[2];
	char answer;
	int status = 0;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		return part_fail("cannot start a process: %s", strerror(errno));
	}
	if (pid == 0) {
		close(report[0]);
		(void)setsid();
		group_follow(*group != '\0' ? group : NULL);
		if (terminal >= 0) {
			(void)ioctl(terminal, TIOCSCTTY, 0);
		}
		_exit(follow(id, socket, terminal, report[1]));
	}
	close(report[1]);
	if (read(report[0], &answer, 1) == 1) {
		return part_write_pid(pid) ? 0 : 1;
	}
	(void)waitpid(pid, &status, 0); /* it has said why */
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int execute(const char *id, int dir, json *process, const char *group)
{
	bool has_terminal = json_get_bool(process, "terminal", false);
	struct control message = {.op = CONTROL_EXEC, .a = has_terminal};
	int fds[CONTROL_FDS] = {make_spec(process), 0, 1, 2};
	int terminal = -1;
	int socket = control_connect(dir);
	int result;

	if (fds[0] < 0) {
		return 1;
	}
	if (socket < 0) {
		return part_fail("cannot exec in %s: container not running", id);
	}
	if (has_terminal && part.console_socket != NULL) {
		terminal = part_console();
		if (terminal < 0) {
			return 1;
		}
		for (int i = 1; i < CONTROL_FDS; i++) {
			fds[i] = terminal;
		}
	}
	if (has_terminal && part.console_socket == NULL) {
		part.is_terminal = true;
		part_terminal_raw();
		terminal = 0;
	} else if (terminal >= 0) {
		part_terminal_bytes(terminal);
	}
	if (!control_send(socket, &message, fds, CONTROL_FDS)) {
		return part_fail("container %s does not answer", id);
	}
	if (part.is_detached) {
		return detach(id, socket, terminal, group);
	}
	(void)part_write_pid(getpid());
	result = follow(id, socket, terminal, -1);
	part_terminal_restore();
	return result;
}

int part_exec(void)
{
	const char *id = part.words[0];
	json *state;
	json *process = NULL;
	int dir = part_open(id, &state);
	int result;

	if (dir < 0) {
		return 1;
	}
	if (part_status(state) != STATE_RUNNING) {
		result = part_fail("container %s is %s: nothing can be executed in it", id,
				   state_words[part_status(state)]);
	} else if (part.process == NULL && part.count < 2) {
		result = part_fail("exec: no command; give it behind the ID, or --process FILE");
	} else {
		process = part.process != NULL ? read_json(part.process) : build_process(state);
		result = process != NULL
				 ? execute(id, dir, process, json_get_string(state, "cgroup", ""))
				 : 1;
	}
	json_object_put(process);
	json_object_put(state);
	close(dir);
	return result;
}
