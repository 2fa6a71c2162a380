/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of the process that keeps a partition. */
#include "relay.h"

#include "state.h"
#include "text.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* The management device has no interrupt: a word of its window is looked at, the less often the
 * longer nothing has come. Seconds. */
#define SPIN        0.0001
#define PAUSE_MIN   0.00002
#define PAUSE_MAX   0.004
#define PAUSE_IDLE  0.02 /* once nothing has come for IDLE */
#define IDLE        10.0
#define PAUSE_PART  8
#define LAST_OUTPUT 10.0 /* to write what the process has written before its end */

void relay_fail(struct relay *relay, const char *format, ...)
{
	va_list arguments;

	if (relay->is_over) {
		return;
	}
	va_start(arguments, format);
	vsnprintf(relay->failure, sizeof(relay->failure), format, arguments);
	va_end(arguments);
	relay->is_over = true;
	bh_fail(&relay->hyper.bh, BH_FAILED, "partition %s: %s",
		relay->hyper.partition.is.config.name, relay->failure);
}

static void save_timing(struct relay *relay, json *annotations)
{
#define HYPER_TEXT(name, text) text,
	static const char *const names[] = {HYPER_STAGES(HYPER_TEXT)};
	uint64_t last = relay->hyper.tsc[STAGE_BEGUN];
	struct text line = {.data = NULL};

	for (int stage = STAGE_BEGUN + 1; stage < STAGE_COUNT; stage++) {
		uint64_t tsc = relay->hyper.tsc[stage];

		if (tsc > last) {
			text_printf(&line, "%s%s %llu", line.length > 0 ? ", " : "", names[stage],
				    (unsigned long long)(tsc - last));
			last = tsc;
		}
	}
	json_set_string(annotations, "bulkhead.timing", line.data != NULL ? line.data : "");
	text_free(&line);
}

void relay_save(struct relay *relay, const char *status)
{
	json *annotations = json_get_object(relay->state, "annotations");
	char number[24];

	if (relay->hyper.exits > 0) {
		snprintf(number, sizeof(number), "%llu", (unsigned long long)relay->hyper.exits);
		json_set_string(annotations, "bulkhead.partition.exits", number);
	}
	if (relay->failure[0] != '\0') {
		json_set_string(annotations, "bulkhead.partition.failure", relay->failure);
	}
	save_timing(relay, annotations);
	json_set_string(relay->state, "status", status);
	(void)state_save(relay->dir, relay->state);
}

static void take_signal(struct relay *relay)
{
	struct signalfd_siginfo info;
	struct relay_session *session = relay_session_find(relay, FRAME_MAIN);

	while (read(relay->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGWINCH) {
			relay_signal(relay, FRAME_MAIN, info.ssi_signo);
		} else if (session != NULL) {
			relay_session_size(relay, session);
		}
	}
}

/* Sessions that have ended and been written out are told and forgotten. */
static void finish_sessions(struct relay *relay)
{
	for (uint32_t i = 0; i < FRAME_SESSIONS; i++) {
		struct relay_session *session = &relay->sessions[i];

		if (session->phase == RELAY_ENDED && session->id != FRAME_MAIN &&
		    !relay_session_waits(session)) {
			relay_tell(relay, session->id, CONTROL_EXITED, session->status, "");
			relay_session_close(session);
		}
	}
}

#define POLLED_MAX (2 + RELAY_CLIENTS + FRAME_SESSIONS * 3)

static nfds_t fill_sessions(struct relay *relay, struct pollfd *polled, nfds_t count)
{
	for (uint32_t i = 0; i < FRAME_SESSIONS; i++) {
		struct relay_session *session = &relay->sessions[i];
		bool is_there = session->phase != RELAY_FREE;
		bool is_read = session->phase == RELAY_RUNNING && session->input_credit > 0;

		polled[count++] =
			(struct pollfd){.fd = is_read ? session->input : -1, .events = POLLIN};
		for (int stream = 0; stream < 2; stream++) {
			bool is_written = is_there && session->output[stream].count > 0;

			polled[count++] =
				(struct pollfd){.fd = is_written ? session->output[stream].fd : -1,
						.events = POLLOUT};
		}
	}
	return count;
}

static void serve_sessions(struct relay *relay, const struct pollfd *polled)
{
	for (uint32_t i = 0; i < FRAME_SESSIONS; i++, polled += 3) {
		if (polled[0].revents != 0) {
			relay_session_read(relay, &relay->sessions[i]);
		}
		for (int stream = 0; stream < 2; stream++) {
			if (polled[1 + stream].revents != 0) {
				relay_session_write(relay, &relay->sessions[i], stream);
			}
		}
	}
}

static void wait_for(struct relay *relay, double pause)
{
	static struct pollfd polled[POLLED_MAX];
	struct timespec time = {.tv_nsec = (long)(pause * 1e9)};
	nfds_t count = 2;

	polled[0] = (struct pollfd){.fd = relay->signals, .events = POLLIN};
	polled[1] = (struct pollfd){.fd = relay->listener, .events = POLLIN};
	for (uint32_t i = 0; i < RELAY_CLIENTS; i++) {
		polled[count++] = (struct pollfd){.fd = relay->clients[i].socket, .events = POLLIN};
	}
	if (ppoll(polled, fill_sessions(relay, polled, count), &time, NULL) <= 0) {
		return;
	}
	if (polled[0].revents != 0) {
		take_signal(relay);
	}
	serve_sessions(relay, polled + count);
	for (uint32_t i = 0; i < RELAY_CLIENTS; i++) {
		if (polled[2 + i].revents != 0) {
			relay_hear(relay, &relay->clients[i]);
		}
	}
	if (polled[1].revents != 0) {
		relay_accept(relay);
	}
}

static double pause_now(double since)
{
	double pause = since / PAUSE_PART;
	double most = since > IDLE ? PAUSE_IDLE : PAUSE_MAX;

	return since < SPIN ? 0 : pause < PAUSE_MIN ? PAUSE_MIN : pause > most ? most : pause;
}

static void look_after(struct relay *relay, double now)
{
	char *words;

	if (relay->kill_at > 0 && now >= relay->kill_at) {
		struct relay_session *session = relay_session_find(relay, FRAME_MAIN);

		if (session != NULL) {
			session->status = 128 + SIGKILL;
		}
		relay->is_over = true;
	} else if (hyper_has_stopped(&relay->hyper)) {
		words = hyper_last_words(&relay->hyper);
		relay_fail(relay, "it ended by itself: %s", words);
		free(words);
	}
}

/* What the container's process has written is written, if anybody reads. */
static void write_last(struct relay *relay)
{
	struct relay_session *session = relay_session_find(relay, FRAME_MAIN);
	double end = bh_seconds() + LAST_OUTPUT;

	while (session != NULL && relay_session_waits(session) && bh_seconds() < end) {
		wait_for(relay, 0.01);
	}
}

int relay_run(struct relay *relay)
{
	struct relay_session *session = relay_session_find(relay, FRAME_MAIN);
	double now;

	session->status = RELAY_BROKEN;
	relay->last_traffic = bh_seconds();
	relay->kick = ~UINT64_C(0);
	while (!relay->is_over) {
		now = bh_seconds();
		if (relay_serve(relay)) {
			relay->last_traffic = now;
		} else {
			look_after(relay, now);
		}
		relay_ring(relay);
		finish_sessions(relay);
		if (!relay->is_over) {
			wait_for(relay, pause_now(now - relay->last_traffic));
		}
	}
	hyper_end(&relay->hyper);
	relay_tell(relay, FRAME_MAIN, CONTROL_FAILED, session->status, relay->failure);
	write_last(relay);
	relay_save(relay, "stopped");
	return (int)session->status;
}
