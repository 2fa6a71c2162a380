/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that keeps a partition: serves its disk, which frames come and go by, and joins each
 * session to descriptors here. Its pid is the container's; it ends with the status of the process
 * inside.
 */
#pragma once

#include "bundle.h"
#include "control.h"
#include "frame.h"
#include "hyper.h"

#include <json.h>
#include <signal.h>

#define RELAY_CLIENTS (FRAME_SESSIONS * 2)
#define RELAY_BUFFER  (FRAME_WINDOW)
#define RELAY_BROKEN  125 /* exit status: the partition ended, or lied, before its process did */

struct relay_stream {
	int fd;         /* -1: closed; what comes is dropped */
	uint8_t *bytes; /* RELAY_BUFFER, while something waits */
	uint32_t start;
	uint32_t count;
	uint32_t written; /* and not granted yet */
	uint32_t allowed; /* what the agent may still send */
	bool is_over;     /* the agent has said so: closed when it is empty */
};

enum relay_phase { RELAY_FREE, RELAY_STARTING, RELAY_RUNNING, RELAY_ENDED };

struct relay_session {
	uint16_t id;
	enum relay_phase phase;
	int input;
	uint32_t input_credit; /* bytes that may still be sent */
	bool is_terminal;
	struct relay_stream output[2];
	uint32_t status; /* when it has ended */
};

struct relay_client {
	int socket;       /* -1: free */
	uint16_t session; /* 0: none of its own */
	bool is_starting; /* waits for the container's start */
};

struct relay {
	struct hyper hyper;
	struct bundle *bundle;
	int dir; /* the container's folder */
	int listener;
	int signals;
	json *state;
	struct relay_session sessions[FRAME_SESSIONS];
	struct relay_client clients[RELAY_CLIENTS];
	struct relay_batch *first; /* for the agent */
	struct relay_batch *last;
	uint64_t kick;
	double last_traffic;
	double kill_at; /* seconds: when the plug is pulled; 0: not */
	bool has_hello;
	bool is_ready;              /* set up */
	bool is_asked;              /* to start */
	bool is_gone;               /* GO has been sent */
	bool has_rung;              /* and the agent has not read since */
	bool is_over;               /* the main session has ended, or the partition has */
	char failure[CONTROL_TEXT]; /* why it could not start, or ended early */
	struct {
		struct manage_disk_request request;
		uint8_t data[MANAGE_DISK_PIECE];
	} taken;
	struct {
		struct manage_disk_done done;
		uint8_t data[MANAGE_DISK_PIECE];
	} sent;
};

/* relay.c: the loop. Returns the exit status of the container's process. */
int relay_run(struct relay *relay);
/* The partition breaks the rules, or is gone: it is over. */
__attribute__((format(printf, 2, 3))) void relay_fail(struct relay *relay, const char *format, ...);
void relay_save(struct relay *relay, const char *status);

/* relay_link.c: the disk */
void relay_send(struct relay *relay, uint16_t session, enum frame_kind kind, const void *data,
		uint32_t size);
/* A spec in as many frames as it takes, then `kind`. */
void relay_send_spec(struct relay *relay, uint16_t session, const void *spec, size_t size,
		     enum frame_kind kind);
/* All requests that wait; returns whether there were any. */
bool relay_serve(struct relay *relay);
void relay_ring(struct relay *relay);

/* relay_session.c */
void relay_session_frame(struct relay *relay, const struct frame *frame);
struct relay_session *relay_session_find(struct relay *relay, uint16_t id);
/* A free one, with these descriptors, which it takes; NULL: there is none. */
struct relay_session *relay_session_open(struct relay *relay, uint16_t id, const int fds[3],
					 bool is_terminal);
void relay_session_write(struct relay *relay, struct relay_session *session, int stream);
void relay_session_read(struct relay *relay, struct relay_session *session);
void relay_session_size(struct relay *relay, const struct relay_session *session);
/* Something of it still has to be written. */
bool relay_session_waits(const struct relay_session *session);
void relay_session_close(struct relay_session *session);

/* relay_control.c */
void relay_accept(struct relay *relay);
void relay_hear(struct relay *relay, struct relay_client *client);
/* To those that wait for this session: `op`. */
void relay_tell(struct relay *relay, uint16_t session, enum control_op op, uint32_t status,
		const char *text);
void relay_begin(struct relay *relay);
void relay_signal(struct relay *relay, uint16_t session, uint32_t number);
void relay_resize(struct relay *relay, uint16_t session, uint32_t rows, uint32_t columns);
