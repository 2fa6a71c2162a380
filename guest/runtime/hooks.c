/* SPDX-License-Identifier: Apache-2.0 */
/* Running hooks. */
#include "hooks.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "file.h"
#include "spawn.h"
#include "text.h"

static char **strings_of(json *array, const char *first)
{
	size_t count = json_count(array);
	char **strings = memory_zeroed(count + 2, sizeof(*strings));
	size_t used = 0;

	if (!count && first) {
		strings[used++] = (char *)(uintptr_t)first;
	}
	for (size_t i = 0; i < count; i++) {
		const char *string = json_string_at(array, i);
		if (string) {
			strings[used++] = (char *)(uintptr_t)string;
		}
	}
	return strings;
}

static int state_file(const struct state *s, enum state_status status)
{
	struct state copy = *s;
	int fd = memfd_create("state", MFD_CLOEXEC);

	if (fd < 0) {
		return -1;
	}
	copy.status = status;
	json *object = state_object(&copy);
	if (status == STATE_STOPPED) {
		json_set_int(object, "pid", s->pid);
	}
	const char *text = json_text(object);
	if (file_write_all(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		fd = -1;
	}
	json_object_put(object);
	return fd;
}

/* Milliseconds; -1: as long as it takes. */
static int timeout_of(json *hook)
{
	int64_t seconds = json_get_int(hook, "timeout", 0);

	return seconds <= 0 ? -1 : seconds > 86400 ? 86400000 : (int)seconds * 1000;
}

static int wait_hook(pid_t pid, int pidfd, json *hook, const char *what, struct error *e)
{
	struct pollfd waited = {.fd = pidfd, .events = POLLIN};
	const char *path = json_get_string(hook, "path", "");
	int timeout = timeout_of(hook), ready;

	do {
		ready = poll(&waited, 1, timeout);
	} while (ready < 0 && errno == EINTR);
	if (ready == 0) {
		kill(pid, SIGKILL);
	}
	int status = spawn_wait(pid);
	if (ready == 0) {
		return error_set(e, 0, "the %s hook %s did not end within %d seconds", what, path,
				 timeout / 1000);
	}
	return status ? error_set(e, 0, "the %s hook %s failed with status %d", what, path, status)
		      : 0;
}

static int run_one(json *hook, const char *what, int input, struct error *e)
{
	const char *path = json_get_string(hook, "path", "");
	char **argv = strings_of(json_get_array(hook, "args"), path);
	char **env = strings_of(json_get_array(hook, "env"), NULL);
	const struct spawn_fd fds[] = {{.fd = input, .as = 0},
				       {.fd = STDERR_FILENO, .as = 1},
				       {.fd = STDERR_FILENO, .as = 2}};
	const struct spawn spawn = {
		.path = path, .argv = argv, .env = env, .fds = fds, .fd_count = 3};
	int pidfd = -1;
	pid_t pid = spawn_start(&spawn, &pidfd);
	int result = pid < 0 ? error_set(e, errno, "cannot run the %s hook %s", what, path)
			     : wait_hook(pid, pidfd, hook, what, e);

	file_close(pidfd);
	free(argv);
	free(env);
	return result;
}

static int run_with_state(json *hook, const char *name, const struct state *s,
			  enum state_status status, struct error *e)
{
	int input = state_file(s, status);

	if (input < 0) {
		return error_set(e, errno, "cannot make the state for the %s hooks", name);
	}
	int result = run_one(hook, name, input, e);
	close(input);
	return result;
}

int hooks_run(json *config, const char *name, const struct state *s, enum state_status status,
	      struct error *e)
{
	json *list = json_get_array(json_get_object(config, "hooks"), name);

	for (size_t i = 0; i < json_count(list); i++) {
		if (run_with_state(json_at(list, i), name, s, status, e) < 0) {
			return -1;
		}
	}
	return 0;
}

bool hooks_before_start(json *config)
{
	json *hooks = json_get_object(config, "hooks");

	return json_count(json_get_array(hooks, "prestart")) ||
	       json_count(json_get_array(hooks, "createRuntime")) ||
	       json_count(json_get_array(hooks, "createContainer"));
}

void hooks_run_all(struct runtime *rt, json *config, const char *name, const struct state *s)
{
	json *list = json_get_array(json_get_object(config, "hooks"), name);

	for (size_t i = 0; i < json_count(list); i++) {
		struct error e = {0};
		if (run_with_state(json_at(list, i), name, s, STATE_STOPPED, &e) < 0) {
			runtime_say(rt, "warning", "%s", e.text);
		}
		error_free(&e);
	}
}
