/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_call.h"
#include "engine.h"
#include "file.h"
#include "loop.h"
#include "runtime.h"
#include "spawn.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RUNTIME_ARGUMENTS 16
#define OUTPUT_MAX        (64u * 1024)

struct call {
	int output; /* memfd */
	runtime_done_fn done;
	void *context;
};

char *runtime_state_path(void)
{
	return engine_run_path("runtime");
}

char *runtime_path(struct container *container)
{
	return runtime_find(container->runtime);
}

/* The last line that says something. */
static char *last_words(int fd)
{
	struct text text = {0};

	if (lseek(fd, 0, SEEK_SET) < 0 || file_read_fd(fd, &text, OUTPUT_MAX) < 0 || !text.length) {
		text_free(&text);
		return NULL;
	}
	size_t end = text.length;
	while (end && strchr("\n\r ", text.data[end - 1])) {
		text.data[--end] = '\0';
	}
	char *line = strrchr(text.data, '\n');
	char *words = text_copy(line ? line + 1 : text.data);
	text_free(&text);
	return words;
}

static void on_end(void *context, int status)
{
	struct call *call = context;
	char *words = status ? last_words(call->output) : NULL;

	if (status && (!words || !*words)) {
		free(words);
		words = text_format("the runtime ended with status %d", status);
	}
	call->done(call->context, words);
	free(words);
	close(call->output);
	free(call);
}

static pid_t start(struct container *container, const char *const *arguments, int output,
		   int *pidfd)
{
	char *path = runtime_path(container);
	char *root = runtime_state_path();
	const char *all[RUNTIME_ARGUMENTS + 4] = {path, "--root", root};
	struct spawn_fd fds[] = {{output, 1}, {output, 2}};

	for (size_t i = 0; i < RUNTIME_ARGUMENTS && arguments[i]; i++) {
		all[i + 3] = arguments[i];
	}
	struct spawn spawn = {
		.path = path,
		.argv = (char *const *)(uintptr_t)all,
		.fds = fds,
		.fd_count = 2,
		.new_session = 1,
	};
	errno = ENOENT;
	pid_t pid = path ? spawn_start(&spawn, pidfd) : -1;
	int error = errno;
	free(root);
	free(path);
	errno = error;
	return pid;
}

void runtime_call(struct container *container, const char *const *arguments, runtime_done_fn done,
		  void *context)
{
	int pidfd = -1;
	int output = memfd_create("output", MFD_CLOEXEC);
	pid_t pid = output < 0 ? -1 : start(container, arguments, output, &pidfd);

	if (pid < 0) {
		char *words = text_format("cannot start the runtime \"%s\": %s", container->runtime,
					  strerror(errno));
		file_close(output);
		done(context, words);
		free(words);
		return;
	}
	struct call *call = memory_zeroed(1, sizeof(*call));
	call->output = output;
	call->done = done;
	call->context = context;
	loop_add_child(pid, pidfd, on_end, call);
}
