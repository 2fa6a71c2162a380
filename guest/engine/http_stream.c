/* SPDX-License-Identifier: Apache-2.0 */
/* Replies that are sent as they come. */
#include "file.h"
#include "http_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define STREAM_ROOM        (64u * 1024)
#define STREAM_BLOCK       (32u * 1024)
#define STREAM_CUT_SECONDS 10u

struct stream {
	struct request *request;
	struct text buffer;
	size_t sent; /* of the buffer */
	bool is_ended;
	bool is_aborted;
	bool is_full; /* a writer waits for room */
	stream_gone_fn gone;
	stream_room_fn room;
	void *context;
	int fd; /* of reply_from_fd(), or -1 */
	struct loop_fd *fd_watch;
	struct connection *connection; /* NULL when it is closed */
};

size_t stream_pending(struct stream *stream)
{
	return stream->buffer.length - stream->sent;
}

static void wait_for_more(struct stream *stream)
{
	request_suspend(stream->request);
}

static void tell_gone(struct stream *stream)
{
	stream_gone_fn gone = stream->gone;

	stream->gone = NULL;
	if (gone) {
		gone(stream->context);
	}
}

static void on_source(void *context, uint32_t events)
{
	struct stream *stream = context;

	(void)events;
	loop_remove_fd(stream->fd_watch);
	stream->fd_watch = NULL;
	request_resume(stream->request);
}

static ssize_t read_source(struct stream *stream, char *bytes, size_t limit)
{
	ssize_t count = read(stream->fd, bytes, limit);

	if (count > 0) {
		return count;
	}
	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		stream->fd_watch = loop_add_fd(stream->fd, EPOLLIN, on_source, stream);
		wait_for_more(stream);
		return stream->fd_watch ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
	}
	return count == 0 ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

static ssize_t send_buffer(struct stream *stream, char *bytes, size_t limit)
{
	size_t count = stream_pending(stream) < limit ? stream_pending(stream) : limit;

	memcpy(bytes, stream->buffer.data + stream->sent, count);
	stream->sent += count;
	if (!stream_pending(stream)) {
		text_free(&stream->buffer);
		stream->sent = 0;
	}
	if (stream->is_full && stream_pending(stream) < STREAM_ROOM / 2) {
		stream->is_full = false;
		if (stream->room && !stream->is_ended) {
			stream->room(stream->context);
		}
	}
	return (ssize_t)count;
}

static ssize_t on_read(void *context, uint64_t position, char *bytes, size_t limit)
{
	struct stream *stream = context;

	(void)position;
	if (stream->is_aborted) {
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	if (stream->fd >= 0) {
		return read_source(stream, bytes, limit);
	}
	if (stream_pending(stream)) {
		return send_buffer(stream, bytes, limit);
	}
	if (stream->is_ended) {
		return MHD_CONTENT_READER_END_OF_STREAM;
	}
	wait_for_more(stream);
	return 0;
}

/* The server is done with the reply, for whatever reason. */
static void on_free(void *context)
{
	struct stream *stream = context;

	connection_unwatch(stream->connection);
	loop_remove_fd(stream->fd_watch);
	file_close(stream->fd);
	tell_gone(stream);
	text_free(&stream->buffer);
	free(stream);
}

/* The reply is cut. libmicrohttpd closes such a connection with the next event of any other, unless
 * it has a time-out of its own: those it looks at each time. */
static void cut(struct stream *stream)
{
	struct MHD_Connection *connection = stream->request->connection;

	stream->is_aborted = true;
	if (connection) {
		MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
					  STREAM_CUT_SECONDS);
	}
	request_resume(stream->request);
}

static void on_client(void *context)
{
	struct stream *stream = context;

	tell_gone(stream);
	cut(stream);
}

static void start_stream(struct request *request, unsigned status, const char *type,
			 struct stream *stream)
{
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, STREAM_BLOCK, on_read, stream, on_free);

	stream->request = request;
	if (request->connection) {
		stream->is_aborted = !connection_watch(request->connection, on_client, stream,
						       &stream->connection);
	}
	reply_response(request, status, type, response);
}

struct stream *reply_stream(struct request *request, unsigned status, const char *type,
			    stream_gone_fn gone, stream_room_fn room, void *context)
{
	if (!request->connection) {
		reply_empty(request, 499);
		return NULL;
	}
	struct stream *stream = memory_zeroed(1, sizeof(*stream));
	stream->gone = gone;
	stream->room = room;
	stream->context = context;
	stream->fd = -1;
	start_stream(request, status, type, stream);
	return stream;
}

void reply_from_fd(struct request *request, const char *type, int fd, stream_gone_fn gone,
		   void *context)
{
	struct stream *stream = memory_zeroed(1, sizeof(*stream));

	/* Without a client all of this is freed at once, and `gone` called. */
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	stream->gone = gone;
	stream->context = context;
	stream->fd = fd;
	start_stream(request, 200, type, stream);
}

bool stream_write(struct stream *stream, const void *bytes, size_t length)
{
	text_add(&stream->buffer, bytes, length);
	request_resume(stream->request);
	if (stream_pending(stream) >= STREAM_ROOM) {
		stream->is_full = true;
	}
	return !stream->is_full;
}

bool stream_json(struct stream *stream, json *value)
{
	const char *text = json_text(value);

	text_puts(&stream->buffer, text);
	return stream_write(stream, "\r\n", 2);
}

void stream_end(struct stream *stream)
{
	stream->gone = NULL;
	stream->room = NULL;
	stream->is_ended = true;
	request_resume(stream->request);
}

void stream_abort(struct stream *stream)
{
	stream->gone = NULL;
	stream->room = NULL;
	stream->is_ended = true;
	cut(stream);
}
