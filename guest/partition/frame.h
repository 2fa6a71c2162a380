/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runtime and agent say to each other: batches of frames, each the data of one request of the
 * partition's disk. The agent writes a batch to FRAME_OUT_SECTOR and reads one from
 * FRAME_IN_SECTOR; a byte typed at the partition's UART tells it that one waits. Neither side
 * trusts the other's bytes. Little endian. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FRAME_VERSION   1u
#define FRAME_MAGIC     0x6d726662u /* "bfrm" */
#define FRAME_BATCH_MAX 65536u      /* bytes of a request, as MANAGE_DISK_PIECE */
#define FRAME_DATA_MAX  16384u      /* bytes of one frame */
#define FRAME_WINDOW                                                                               \
	131072u /* bytes of a stream under way that the other has not said to be written */
#define FRAME_SECTOR     512u
#define FRAME_OUT_SECTOR 1024u
#define FRAME_IN_SECTOR  2048u
#define FRAME_SECTORS    4096u
#define FRAME_SPEC_MAX   (1u << 20) /* bytes of a process or set-up, over all its frames */
#define FRAME_SESSIONS   64u        /* at once */
#define FRAME_MAIN       1u         /* session of the container's process */

enum frame_kind {
	FRAME_NULL,
	/* to the agent */
	FRAME_SPEC,   /* a part of what SETUP or RUN are about: records, see spec.h */
	FRAME_SETUP,  /* the partition, by the spec so far */
	FRAME_RUN,    /* the session's process, by the spec so far: made ready */
	FRAME_GO,     /* and executed */
	FRAME_STDIN,  /* no bytes: its end */
	FRAME_SIGNAL, /* uint32_t number */
	FRAME_RESIZE, /* uint32_t rows, columns */
	FRAME_GRANT,  /* uint32_t stream (1, 2), bytes: so many more may come */
	/* to the runtime */
	FRAME_HELLO,   /* struct frame_hello: the agent is there */
	FRAME_READY,   /* set up; or text: what failed */
	FRAME_STARTED, /* uint64_t TSC just before its exec */
	FRAME_REFUSED, /* uint32_t exit status, text: it could not be started */
	FRAME_STDOUT,  /* no bytes: its end */
	FRAME_STDERR,  /* the same */
	FRAME_TAKEN,   /* uint32_t bytes of STDIN that have been written */
	FRAME_EXIT, /* uint32_t status as a shell has it, uint32_t signal: after all its output */
	FRAME_KINDS,
};

struct frame_hello {
	uint32_t version;
	uint32_t reserved;
	uint64_t init_tsc; /* at the agent's first instruction */
	uint64_t link_tsc; /* when the disk could be opened */
};

struct frame_head {
	uint32_t size; /* of the data behind it */
	uint16_t session;
	uint8_t kind;
	uint8_t reserved; /* 0 */
};

struct frame_batch_head {
	uint32_t magic;
	uint32_t used;     /* bytes of frames behind it */
	uint32_t has_more; /* 1: another batch waits to be read */
	uint32_t reserved; /* 0 */
};

struct frame {
	uint8_t kind;
	uint16_t session;
	uint32_t size;
	const uint8_t *data; /* in the batch; not aligned */
};

/* A batch that is being filled: bytes[0 .. used). */
struct frame_batch {
	uint8_t *bytes; /* FRAME_BATCH_MAX of them */
	uint32_t used;
};

void frame_begin(struct frame_batch *batch, uint8_t *bytes);
bool frame_is_empty(const struct frame_batch *batch);
/* The most data that a further frame can have; FRAME_DATA_MAX at most. */
uint32_t frame_room(const struct frame_batch *batch);
/* False: no room. */
bool frame_add(struct frame_batch *batch, uint16_t session, enum frame_kind kind, const void *data,
	       uint32_t size);
/* Writes the head; the size of the batch in whole sectors, zeros behind the frames. */
uint32_t frame_end(struct frame_batch *batch, bool has_more);

/* Frames of a batch that the other made, one after another. */
struct frame_reader {
	const uint8_t *bytes;
	uint32_t at;
	uint32_t end;
	bool has_more;
};

enum frame_result { FRAME_GOT, FRAME_DONE, FRAME_BAD };

/* False: no batch. `size` bytes may be read. */
bool frame_open(struct frame_reader *reader, const void *bytes, uint32_t size);
/* FRAME_BAD: it breaks a rule of this file; nothing behind it means anything. */
enum frame_result frame_next(struct frame_reader *reader, struct frame *frame);

/* The n-th uint32_t of its data, 0 where there is none. */
uint32_t frame_number(const struct frame *frame, uint32_t index);
