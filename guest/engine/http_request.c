/* SPDX-License-Identifier: Apache-2.0 */
/* What a request says: query, headers, body. */
#include "http_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BODY_LIMIT (4u * 1024 * 1024)

unsigned request_version(struct request *request)
{
	return request->version;
}

const char *request_parameter(struct request *request, size_t index)
{
	return index < ROUTE_PARAMETERS ? request->match.parameters[index] : NULL;
}

const char *request_query(struct request *request, const char *key)
{
	return request->connection ? MHD_lookup_connection_value(request->connection,
								 MHD_GET_ARGUMENT_KIND, key)
				   : NULL;
}

bool request_query_bool(struct request *request, const char *key, bool fallback)
{
	const char *value = request_query(request, key);

	if (!value) {
		return fallback;
	}
	return *value && strcmp(value, "0") != 0 && strcasecmp(value, "no") != 0 &&
	       strcasecmp(value, "false") != 0 && strcasecmp(value, "none") != 0;
}

bool request_query_int(struct request *request, const char *key, int64_t *value)
{
	const char *text = request_query(request, key);
	char *end;

	if (!text || !*text) {
		return true;
	}
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (errno || *end) {
		reply_error(request, 400, "%s is \"%.100s\", which is not a number", key, text);
		return false;
	}
	*value = number;
	return true;
}

const char *request_header(struct request *request, const char *name)
{
	return request->connection
		       ? MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name)
		       : NULL;
}

json *request_body(struct request *request)
{
	return request->body;
}

void request_body_to_fd(struct request *request, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0) {
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	}
	request->body_fd = fd;
}

static void on_body_room(void *context, uint32_t events)
{
	struct request *request = context;

	(void)events;
	loop_remove_fd(request->body_watch);
	request->body_watch = NULL;
	request_resume(request);
}

static void body_to_fd(struct request *request, const char *bytes, size_t *length)
{
	ssize_t count = write(request->body_fd, bytes, *length);

	if (count >= 0) {
		*length -= (size_t)count;
	} else if (errno != EAGAIN && errno != EINTR) {
		request_end_body(request);
		*length = 0;
		return;
	}
	if (*length && !request->body_watch) {
		request->body_watch =
			loop_add_fd(request->body_fd, EPOLLOUT, on_body_room, request);
		if (request->body_watch) {
			request_suspend(request);
		}
	}
}

void request_take_body(struct request *request, const char *bytes, size_t *length)
{
	if (request->body_fd >= 0) {
		body_to_fd(request, bytes, length);
		return;
	}
	if (!request->is_dispatched && !request->body_too_large) {
		if (request->body_text.length + *length > BODY_LIMIT) {
			request->body_too_large = true;
			text_free(&request->body_text);
		} else {
			text_add(&request->body_text, bytes, *length);
		}
	}
	*length = 0;
}

void request_end_body(struct request *request)
{
	if (request->body_fd >= 0) {
		close(request->body_fd);
		request->body_fd = -1;
	}
}
