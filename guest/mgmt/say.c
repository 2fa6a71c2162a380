/* SPDX-License-Identifier: Apache-2.0 */
/* Messages on the console, which the kernel opened as standard error. */
#include "say.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 512
#define LOG_MODE  0600

static int file = STDERR_FILENO;

void say_into(const char *path)
{
	int log =
		path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, LOG_MODE);

	if (file != STDERR_FILENO) {
		close(file);
	}
	file = log >= 0 ? log : STDERR_FILENO;
}

void say_lend(void)
{
	if (file != STDERR_FILENO) {
		dup2(file, STDOUT_FILENO);
		dup2(file, STDERR_FILENO);
	}
}

void say(const char *format, ...)
{
	char line[LINE_SIZE] = "init: ";
	size_t used = strlen(line);
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line + used, sizeof(line) - used - 1, format, arguments);
	va_end(arguments);
	if (length > 0) {
		used = strlen(line);
		line[used++] = '\n'; /* one write: lines of others stay whole */
		if (write(file, line, used) < 0) {
			return; /* nobody is left to tell */
		}
	}
}
