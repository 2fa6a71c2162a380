/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "file.h"
#include "text.h"
#include "utf8.h"

#define REPORT_FD     3
#define REQUEST_FD    4
#define REQUEST_LIMIT (16u << 20)

static int report_fd = REPORT_FD;
static bool is_for_person;
static json *request;
static char *doing;
static pid_t child;
static int child_words = -1;
static int error_fd = -1; /* where a child's last words go; -1: with all else */

/* Nothing opened later may land on a descriptor with a meaning. */
static void fill_up_to(int last)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd < last);
	if (fd > last) {
		close(fd);
	}
}

void report_start(bool has_data)
{
	bool has_request = fcntl(REQUEST_FD, F_SETFD, FD_CLOEXEC) == 0;
	const char *error;

	if (fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC) < 0) {
		report_fd = has_data ? -1 : STDOUT_FILENO;
		is_for_person = true;
	} else {
		/* A worker ends with its engine: the next one cleans up. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	fill_up_to(REQUEST_FD);
	struct text text = {0};
	if (has_request && file_read_fd(REQUEST_FD, &text, REQUEST_LIMIT) < 0) {
		fail_errno("cannot read the request on descriptor %d", REQUEST_FD);
	}
	if (text.length) {
		request = json_parse(text.data, text.length, &error);
		if (!json_object_is_type(request, json_type_object)) {
			fail(FAIL_BAD_INPUT, "the request is not a JSON object: %s",
			     error ? error : "another type");
		}
	}
	text_free(&text);
}

json *report_request(void)
{
	if (!request) {
		request = json_object_new_object();
	}
	return request;
}

void report_doing(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	free(doing);
	doing = text_vformat(format, arguments);
	va_end(arguments);
}

/* A reader that has gone does not stop the work. */
static void write_line(json *line, int fd)
{
	struct text text = {0};

	const char *bytes = json_text(line);
	utf8_add(&text, bytes, strlen(bytes));
	text_puts(&text, "\n");
	if (fd >= 0) {
		(void)file_write_all(fd, text.data, text.length);
	}
	text_free(&text);
	json_object_put(line);
}

void report_progress(const char *status, const char *id, uint64_t current, uint64_t total)
{
	json *line = json_object_new_object();
	json *detail = json_object_new_object();

	json_set_string(line, "status", status);
	if (id) {
		if (total) {
			json_set_int(detail, "current", (int64_t)current);
			json_set_int(detail, "total", (int64_t)total);
		}
		json_set(line, "progressDetail", detail);
		json_set_string(line, "id", id);
	} else {
		json_object_put(detail);
	}
	write_line(line, report_fd);
}

void report_result(json *result)
{
	json *line = json_object_new_object();

	json_set(line, "result", result);
	write_line(line, report_fd);
}

/* What the child failed with is the cause of what this process would say. */
static void forward_child(void)
{
	struct text text = {0};
	int status;

	(void)file_read_fd(child_words, &text, REQUEST_LIMIT);
	(void)waitpid(child, &status, 0);
	if (text.length) {
		if (report_fd >= 0) {
			(void)file_write_all(report_fd, text.data, text.length);
		}
		if (is_for_person) {
			fprintf(stderr, "bh-image: %s", text.data);
		}
		exit(1);
	}
	text_free(&text);
}

static _Noreturn void end(enum fail_kind kind, const char *words, int error)
{
	static const char *const kinds[] = {
		[FAIL_NOT_FOUND] = "not-found",
		[FAIL_DENIED] = "denied",
		[FAIL_LOGIN] = "login",
		[FAIL_DIGEST] = "digest",
		[FAIL_CONFLICT] = "conflict",
		[FAIL_BAD_INPUT] = "bad-input",
		[FAIL_NO_SPACE] = "no-space",
		[FAIL_IO] = "io",
		[FAIL_UNAVAILABLE] = "unavailable",
	};
	struct text message = {0};

	text_printf(&message, "%s%s%s", doing ? doing : "", doing ? ": " : "", words);
	if (error) {
		text_printf(&message, ": %s", strerror(error));
	}
	if (child > 0) {
		kill(child, SIGKILL);
		forward_child();
	}
	json *line = json_object_new_object();
	json_set_string(line, "error", message.data);
	json_set_string(line, "kind", kinds[kind]);
	write_line(line, error_fd >= 0 ? error_fd : report_fd);
	if (is_for_person) {
		fprintf(stderr, "bh-image: %s\n", message.data);
	}
	exit(1);
}

void fail(enum fail_kind kind, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *words = text_vformat(format, arguments);
	va_end(arguments);
	end(kind, words, 0);
}

static enum fail_kind kind_of(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return FAIL_NO_SPACE;
	case ENOENT:
	case ENOTDIR:
		return FAIL_NOT_FOUND;
	case ELOOP:
	case ENAMETOOLONG:
		return FAIL_BAD_INPUT;
	case EACCES:
	case EPERM:
		return FAIL_DENIED;
	default:
		return FAIL_IO;
	}
}

void fail_errno(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	char *words = text_vformat(format, arguments);
	va_end(arguments);
	end(kind_of(error), words, error);
}

void report_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) < 0) {
		fail_errno("cannot make a pipe");
	}
}

pid_t report_fork(void)
{
	int words[2];

	report_pipe(words);

	child = fork();
	if (child < 0) {
		fail_errno("cannot start a process");
	}
	if (child == 0) {
		error_fd = words[1];
		is_for_person = false;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(words[0]);
		return 0;
	}
	close(words[1]);
	child_words = words[0];
	return child;
}

void report_join(void)
{
	int status = 0;
	pid_t pid = child;

	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		child = 0;
		close(child_words);
		child_words = -1;
		return;
	}
	fail(FAIL_IO, "a part of the work ended");
}
