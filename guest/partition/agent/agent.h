/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bh-agent: init of a partition that a container runs in. It has the container's files in
 * AGENT_ROOT, sets up the system, and runs processes as the runtime tells it over the partition's
 * disk (frame.h).
 */
#pragma once

#include "frame.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <x86intrin.h>

#define AGENT_ROOT      "/c"
#define AGENT_MODULES   "/modules"
#define AGENT_NET       "/modules/net"
#define AGENT_ARGUMENTS 4096u
#define AGENT_TEXT      240u

/* What failed, for a person. */
struct agent_error {
	uint32_t status; /* 126, 127: as a shell has it */
	char text[AGENT_TEXT];
};

/* Sets `error`, with what errno says behind it, and returns false. */
__attribute__((format(printf, 2, 3))) bool agent_fail(struct agent_error *error, const char *format,
						      ...);

/* A spec's records, taken apart in place. */
struct agent_records {
	char *text; /* owned */
	size_t size;
	size_t at;
};
/* The next record's letter, 0 at the end; *value is behind it. */
char agent_record(struct agent_records *records, const char **value);
/* Splits `value` at SPEC_UNIT into `count` fields; those that are missing are "". It changes the
 * text. */
void agent_fields(char *value, const char *fields[], uint32_t count);
/* The first record with this letter, or NULL. */
const char *agent_find(const struct agent_records *spec, char letter);

/* agent_system.c: file systems, modules */
void agent_mount_base(void);
/* All *.ko of a folder, in the order of their names; they are removed. */
void agent_load_modules(const char *folder);
/* Inside the container's mount namespace: its root becomes /, then its mounts. */
bool agent_enter_root(const struct agent_records *setup, struct agent_error *error);
/* Host name, sysctls, network. */
bool agent_setup(const struct agent_records *setup, struct agent_error *error);

/* agent_network.c */
bool agent_network(const char *value, struct agent_error *error);

/* agent_process.c: in the child, never returns. `channel` takes struct agent_report, and gives a
 * byte to go on. */
enum agent_report_kind { AGENT_TERMINAL, AGENT_EXECUTING, AGENT_FAILED };
struct agent_report {
	uint32_t kind; /* enum agent_report_kind; of AGENT_TERMINAL with a descriptor */
	uint64_t tsc;
	struct agent_error error;
};
struct agent_child {
	const struct agent_records *setup; /* of the first process, else NULL */
	struct agent_records *spec;
	int init; /* pidfd of the first process, whose namespaces it enters; -1: it is that one */
	int fds[3];
	int channel;
};
_Noreturn void agent_process(struct agent_child *child);

/* agent_link.c */
bool agent_link_open(void);
int agent_link_bell(void);      /* readable: read batches */
bool agent_link_has_rung(void); /* and silences it: before agent_link_receive */
/* The batch that waits; false: none, or it is broken. */
bool agent_link_receive(struct frame_reader *reader);
/* One batch is filled at a time. */
struct frame_batch *agent_link_batch(void);
void agent_link_flush(void);
void agent_link_send(uint16_t session, enum frame_kind kind, const void *data, uint32_t size);

/* agent_session.c */
void agent_session_frame(const struct frame *frame);
/* Fills the batch with what there is, waits for something when there is nothing. False: nothing
 * came for long. */
bool agent_session_wait(void);
void agent_session_ended(pid_t pid, int status);
