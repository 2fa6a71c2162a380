/* SPDX-License-Identifier: Apache-2.0 */
/* Error texts. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_text(struct error *e, int number, const char *format, va_list arguments)
{
	char *text = NULL;

	if (e->text || vasprintf(&text, format, arguments) < 0) {
		return;
	}
	if (!number) {
		e->text = text;
		return;
	}
	if (asprintf(&e->text, "%s: %s", text, strerror(number)) < 0) {
		e->text = NULL;
	}
	free(text);
}

int error_set(struct error *e, int number, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_text(e, number, format, arguments);
	va_end(arguments);
	return -1;
}

int error_status(struct error *e, int status, int number, const char *format, ...)
{
	va_list arguments;

	if (!e->text) {
		e->status = status;
	}
	va_start(arguments, format);
	set_text(e, number, format, arguments);
	va_end(arguments);
	return -1;
}

void error_free(struct error *e)
{
	free(e->text);
	e->text = NULL;
	e->status = 0;
}
