/* SPDX-License-Identifier: Apache-2.0 */
/* The order of things, and the loop. */
#include "agent.h"
#include "spec.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

bool agent_fail(struct agent_error *error, const char *format, ...)
{
	int number = errno;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	if (length >= 0 && (size_t)length < sizeof(error->text)) {
		snprintf(error->text + length, sizeof(error->text) - (size_t)length, ": %s",
			 strerror(number));
	}
	return false;
}

char agent_record(struct agent_records *records, const char **value)
{
	char *start = records->text + records->at;
	size_t left = records->size - records->at;
	char *end = left > 0 ? memchr(start, '\0', left) : NULL;

	if (end == NULL || end == start) {
		return 0;
	}
	records->at += (size_t)(end - start) + 1;
	*value = start + 1;
	return *start;
}

const char *agent_find(const struct agent_records *spec, char letter)
{
	struct agent_records records = *spec;
	const char *value;
	char found;

	records.at = 0;
	while ((found = agent_record(&records, &value)) != 0) {
		if (found == letter) {
			return value;
		}
	}
	return NULL;
}

void agent_fields(char *value, const char *fields[], uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		char *end = value != NULL ? strchr(value, SPEC_UNIT) : NULL;

		fields[i] = value != NULL ? value : "";
		if (end != NULL) {
			*end++ = '\0';
		}
		value = end;
	}
}

static void note(int number)
{
	(void)number; /* it ends a sleep */
}

static void hear_runtime(void)
{
	struct frame_reader reader = {.has_more = true};
	struct frame frame;

	while (reader.has_more && agent_link_receive(&reader)) {
		while (frame_next(&reader, &frame) == FRAME_GOT) {
			agent_session_frame(&frame);
		}
	}
}

static _Noreturn void serve(void)
{
	bool is_due = true;
	int status;
	pid_t pid;

	for (;;) {
		if (agent_link_has_rung() || is_due) {
			hear_runtime();
		}
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			agent_session_ended(pid, status);
		}
		is_due = !agent_session_wait();
	}
}

int main(void)
{
	struct frame_hello hello = {.version = FRAME_VERSION, .init_tsc = __rdtsc()};
	struct sigaction action = {.sa_handler = note};
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigaction(SIGCHLD, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	agent_mount_base();
	agent_load_modules(AGENT_MODULES);
	if (!agent_link_open()) {
		fprintf(stderr, "bh-agent: no disk to talk over\n");
		sync();
		reboot(RB_POWER_OFF);
	}
	hello.link_tsc = __rdtsc();
	agent_link_send(0, FRAME_HELLO, &hello, sizeof(hello));
	agent_link_flush();
	serve();
}
