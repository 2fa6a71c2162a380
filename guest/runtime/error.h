/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong, in words for a person. The first failure stands; later ones do not replace it.
 */
#pragma once

struct error {
	char *text; /* owned; NULL while nothing failed */
	int status; /* exit status of the program; 0 is read as 1 */
};

/* Sets the text, with ": " and strerror(number) after it when `number` is not 0. Returns -1. */
int error_set(struct error *e, int number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same with an exit status of its own. Returns -1. */
int error_status(struct error *e, int status, int number, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void error_free(struct error *e);
