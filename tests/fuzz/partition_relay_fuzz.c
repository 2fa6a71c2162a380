/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of what a partition's agent sends: whatever it is, buffers hold what they are made
 * for, and what is granted is what was sent. */
/* Links: guest/partition/frame.c guest/partition/relay_session.c guest/common/text.c */
#include "fuzz.h"

#include "relay.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 24u /* of the same batch: more than windows hold */

static struct relay relay;

/* What relay_session.c calls. */
void relay_fail(struct relay *of, const char *format, ...)
{
	(void)format;
	of->is_over = true;
}

void relay_send(struct relay *to, uint16_t session, enum frame_kind kind, const void *data,
		uint32_t size)
{
	(void)to;
	(void)session;
	(void)kind;
	(void)data;
	FUZZ_CHECK(size <= FRAME_DATA_MAX);
}

void relay_tell(struct relay *to, uint16_t session, enum control_op op, uint32_t status,
		const char *text)
{
	(void)to;
	(void)session;
	(void)op;
	FUZZ_CHECK(status <= 255 && strlen(text) < CONTROL_TEXT);
	for (; *text != '\0'; text++) {
		FUZZ_CHECK(*text < 0 || *text >= ' ');
	}
}

void relay_begin(struct relay *of)
{
	(void)of;
}

void relay_save(struct relay *of, const char *status)
{
	(void)of;
	(void)status;
}

void relay_resize(struct relay *of, uint16_t session, uint32_t rows, uint32_t columns)
{
	(void)of;
	(void)session;
	(void)rows;
	(void)columns;
}

uint64_t bh_event_tsc(struct bh *bh, uint64_t first, uint32_t kind, uint32_t id)
{
	(void)bh;
	(void)first;
	(void)kind;
	return id;
}

static void check_session(const struct relay_session *session)
{
	for (int i = 0; i < 2; i++) {
		const struct relay_stream *stream = &session->output[i];

		FUZZ_CHECK(stream->start + stream->count <= RELAY_BUFFER);
		FUZZ_CHECK(stream->count + stream->allowed + stream->written == FRAME_WINDOW);
	}
	FUZZ_CHECK(session->input_credit <= FRAME_WINDOW);
}

/* One session whose output nobody reads, and one that writes to nowhere. */
static void open_sessions(int pipe_ends[2])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) {
		abort();
	}
	(void)relay_session_open(&relay, FRAME_MAIN,
				 (int[3]){dup(null), dup(pipe_ends[1]), dup(null)}, false);
	(void)relay_session_open(&relay, 2, (int[3]){dup(null), dup(null), dup(null)}, true);
	relay.sessions[1].input_credit = 100;
	close(null);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_reader reader;
	struct frame frame;
	enum frame_result result = FRAME_DONE;
	int pipe_ends[2];

	memset(&relay, 0, sizeof(relay));
	relay.has_hello = size > 0 && (data[size - 1] & 1) != 0;
	open_sessions(pipe_ends);
	for (uint32_t round = 0; round < ROUNDS && !relay.is_over && result == FRAME_DONE;
	     round++) {
		if (size > FRAME_BATCH_MAX || !frame_open(&reader, data, (uint32_t)size)) {
			break;
		}
		while (!relay.is_over && (result = frame_next(&reader, &frame)) == FRAME_GOT) {
			relay_session_frame(&relay, &frame);
		}
		for (uint32_t i = 0; i < 2 && !relay.is_over; i++) {
			check_session(&relay.sessions[i]);
		}
	}
	for (uint32_t i = 0; i < 2; i++) {
		relay_session_close(&relay.sessions[i]);
	}
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	return 0;
}
