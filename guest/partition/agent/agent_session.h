/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, between agent_session.c and agent_request.c. */
#pragma once

#include "agent.h"

struct session {
	uint16_t id; /* 0: free */
	pid_t pid;
	int pidfd;
	int channel; /* to the process until its exec; -1 */
	int input;   /* -1 */
	int output[2];
	bool is_terminal;
	bool is_ended; /* waited for */
	bool is_executing;
	uint64_t tsc;
	uint32_t status;
	uint32_t signal;
	uint32_t credit[2];
	struct agent_records spec;
	uint8_t *typed; /* FRAME_WINDOW bytes, from the first byte of input on */
	uint32_t typed_count;
	bool is_input_over;
};

/* NULL: there is none. */
struct session *agent_session_find(uint16_t id);
/* The same, or a free one; NULL: there is none. */
struct session *agent_session_make(uint16_t id);
void agent_close(int *fd);
/* pidfd of the first process; -1: none has run. */
extern int agent_init;
void agent_refuse(struct session *session, const struct agent_error *error);
void agent_request(struct session *session, const struct frame *frame);
/* As much as its process takes. */
void agent_write_input(struct session *session);
