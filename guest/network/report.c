/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPORT_FD 3

static int report_fd = STDOUT_FILENO;

void report_init(void)
{
	if (fcntl(REPORT_FD, F_GETFD) >= 0) {
		report_fd = REPORT_FD;
		fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);
	}
}

int fail(struct failure *failure, const char *kind, const char *format, ...)
{
	va_list arguments;

	if (!failure->kind) {
		failure->kind = kind;
		va_start(arguments, format);
		vsnprintf(failure->message, sizeof(failure->message), format, arguments);
		va_end(arguments);
	}
	return -1;
}

const char *fail_kind(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return "denied";
	case ENOENT:
	case ENODEV:
		return "not-found";
	case EEXIST:
	case EBUSY:
	case EADDRINUSE:
		return "conflict";
	case ENOSPC:
		return "no-space";
	default:
		return "io";
	}
}

static void line(json *object)
{
	struct text text = {0};

	text_printf(&text, "%s\n", json_text(object));
	/* Nobody to tell: the exit status says it too. */
	(void)!file_write_all(report_fd, text.data, text.length);
	text_free(&text);
	json_object_put(object);
}

void report_status(const char *format, ...)
{
	va_list arguments;
	json *object = json_object_new_object();

	va_start(arguments, format);
	char *status = text_vformat(format, arguments);
	va_end(arguments);
	json_set_string(object, "status", status);
	free(status);
	line(object);
}

int report_result(json *result)
{
	json *object = json_object_new_object();

	json_set(object, "result", result);
	line(object);
	return 0;
}

int report_failure(const struct failure *failure)
{
	json *object = json_object_new_object();

	json_set_string(object, "error", failure->message);
	json_set_string(object, "kind", failure->kind ? failure->kind : "io");
	line(object);
	if (isatty(STDERR_FILENO)) {
		fprintf(stderr, "bh-network: %s\n", failure->message);
	}
	return 1;
}

void report_close(void)
{
	if (report_fd == REPORT_FD) {
		close(report_fd);
		report_fd = STDERR_FILENO;
	}
}
