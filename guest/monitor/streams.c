/* SPDX-License-Identifier: Apache-2.0 */
#include "streams.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "attach_frame.h"
#include "clients.h"

#define READ_SIZE   65536
#define EARLY_LIMIT 65536             /* bytes of error output kept back while the runtime runs */
#define DRAIN_LIMIT (4 * 1024 * 1024) /* bytes, far above what pipes hold */

static const char *const stream_names[STREAM_COUNT] = {"stdout", "stderr"};

static void set_watch(struct monitor *monitor, struct stream *stream)
{
	uint32_t events = EPOLLIN | (stream->is_edge ? (uint32_t)EPOLLET : 0);

	monitor_watch(monitor, &stream->watch, monitor->is_held ? 0 : events);
}

void streams_open(struct monitor *monitor, uint32_t slot, int fd)
{
	struct stream *stream = &monitor->streams[slot];

	stream->watch = (struct watch){.fd = fd, .source = SOURCE_STREAM, .slot = slot};
	set_watch(monitor, stream);
}

static void give_out(struct monitor *monitor, uint32_t slot, const char *bytes, size_t length)
{
	log_file_write(&monitor->log, &monitor->streams[slot].line, stream_names[slot], bytes,
		       length);
	clients_output(monitor, slot == 0 ? ATTACH_STDOUT : ATTACH_STDERR, bytes, length);
}

static void close_stream(struct monitor *monitor, uint32_t slot)
{
	struct stream *stream = &monitor->streams[slot];

	if (stream->watch.fd >= 0) {
		monitor_unwatch(monitor, &stream->watch);
		log_file_end(&monitor->log, &stream->line, stream_names[slot]);
	}
}

void streams_release_early(struct monitor *monitor)
{
	struct text early = monitor->early_error;

	monitor->early_error = (struct text){0};
	monitor->is_early_error = false;
	if (early.length) {
		give_out(monitor, 1, early.data, early.length);
	}
	text_free(&early);
}

static void take_bytes(struct monitor *monitor, uint32_t slot, const char *bytes, size_t length)
{
	monitor->last_output_ms = timestamp_ms();
	if (slot == 1 && monitor->is_early_error) {
		if (monitor->early_error.length + length <= EARLY_LIMIT) {
			text_add(&monitor->early_error, bytes, length);
			return;
		}
		streams_release_early(monitor);
	}
	give_out(monitor, slot, bytes, length);
}

/* One read; how many bytes came. */
static size_t read_once(struct monitor *monitor, uint32_t slot)
{
	static char bytes[READ_SIZE];
	struct stream *stream = &monitor->streams[slot];
	ssize_t count = read(stream->watch.fd, bytes, sizeof(bytes));

	if (count > 0) {
		take_bytes(monitor, slot, bytes, (size_t)count);
		if (stream->is_edge) {
			stream->is_edge = false;
			set_watch(monitor, stream);
		}
		return (size_t)count;
	}
	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		return 0;
	}
	if (count < 0 && errno == EIO && monitor->phase != PHASE_EXITED) {
		/* Nobody has the terminal open now; the process may open it again. */
		if (!stream->is_edge) {
			stream->is_edge = true;
			set_watch(monitor, stream);
		}
		return 0;
	}
	close_stream(monitor, slot);
	return 0;
}

void streams_ready(struct monitor *monitor, uint32_t slot)
{
	if (monitor->streams[slot].watch.fd >= 0) {
		read_once(monitor, slot);
		streams_flow(monitor);
	}
}

void streams_flow(struct monitor *monitor)
{
	bool is_held = monitor->phase != PHASE_EXITED && clients_hold(monitor);

	if (is_held == monitor->is_held) {
		return;
	}
	monitor->is_held = is_held;
	for (uint32_t i = 0; i < STREAM_COUNT; i++) {
		if (monitor->streams[i].watch.fd >= 0) {
			set_watch(monitor, &monitor->streams[i]);
		}
	}
}

void streams_drain(struct monitor *monitor)
{
	streams_flow(monitor);
	for (uint32_t i = 0; i < STREAM_COUNT; i++) {
		size_t total = 0;
		size_t count = 1;
		while (monitor->streams[i].watch.fd >= 0 && count && total < DRAIN_LIMIT) {
			count = read_once(monitor, i);
			total += count;
		}
	}
}

bool streams_are_open(const struct monitor *monitor)
{
	for (uint32_t i = 0; i < STREAM_COUNT; i++) {
		if (monitor->streams[i].watch.fd >= 0) {
			return true;
		}
	}
	return false;
}

void streams_close(struct monitor *monitor)
{
	for (uint32_t i = 0; i < STREAM_COUNT; i++) {
		close_stream(monitor, i);
		log_file_end(&monitor->log, &monitor->streams[i].line, stream_names[i]);
	}
}
