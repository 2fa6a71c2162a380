/* SPDX-License-Identifier: Apache-2.0 */
/* Replies that are there at once, and connections that are handed over. */
#include "engine.h"
#include "http_inside.h"

#include <fcntl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void reply_header(struct request *request, const char *name, const char *value)
{
	if (request->header_count < REQUEST_HEADERS) {
		request->headers[request->header_count][0] = text_copy(name);
		request->headers[request->header_count][1] = text_copy(value);
		request->header_count++;
	}
}

/* Headers that each reply has. */
void reply_response(struct request *request, unsigned status, const char *type,
		    struct MHD_Response *response)
{
	char version[16];
	unsigned number = ENGINE_API_VERSION;

	snprintf(version, sizeof(version), "%u.%u", number / 100, number % 100);
	MHD_add_response_header(response, "Api-Version", version);
	MHD_add_response_header(response, "Server", "Bulkhead/" ENGINE_VERSION " (linux)");
	MHD_add_response_header(response, "Docker-Experimental", "false");
	MHD_add_response_header(response, "Ostype", "linux");
	if (type) {
		MHD_add_response_header(response, "Content-Type", type);
	}
	for (size_t i = 0; i < request->header_count; i++) {
		MHD_add_response_header(response, request->headers[i][0], request->headers[i][1]);
	}
	request_answer(request, status, response);
}

void reply_text(struct request *request, unsigned status, const char *type, const char *text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);

	reply_response(request, status, type, response);
}

void reply_json(struct request *request, unsigned status, json *value)
{
	char *text = text_format("%s\n", json_text(value));

	json_object_put(value);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	reply_response(request, status, "application/json", response);
}

void reply_empty(struct request *request, unsigned status)
{
	reply_response(request, status, NULL,
		       MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
}

void reply_error(struct request *request, unsigned status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *message = text_vformat(format, arguments);
	va_end(arguments);
	reply_json(request, status, json_pair("message", message));
	free(message);
}

bool reply_wrong(struct request *request, unsigned status, char *words)
{
	if (words) {
		reply_error(request, status, "%s", words);
		free(words);
	}
	return words != NULL;
}

unsigned reply_status_of(const char *kind)
{
	static const struct {
		const char *kind;
		unsigned status;
	} kinds[] = {
		{"not-found", 404}, {"denied", 403},    {"login", 401},    {"digest", 500},
		{"conflict", 409},  {"bad-input", 400}, {"no-space", 507}, {"unavailable", 503},
	};

	for (size_t i = 0; kind && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(kinds[i].kind, kind)) {
			return kinds[i].status;
		}
	}
	return 500;
}

struct hijack {
	hijack_fn take;
	void *context;
	struct MHD_UpgradeResponseHandle *handle;
};

static void close_handle(void *context)
{
	MHD_upgrade_action(context, MHD_UPGRADE_ACTION_CLOSE);
}

static void on_upgrade(void *context, struct MHD_Connection *connection, void *request,
		       const char *extra, size_t extra_length, MHD_socket socket,
		       struct MHD_UpgradeResponseHandle *handle)
{
	struct hijack *hijack = context;
	int fd = fcntl(socket, F_DUPFD_CLOEXEC, 16);

	(void)request;
	connection_release(connection);
	hijack->take(hijack->context, fd, extra, extra_length);
	free(hijack);
	loop_after(0, close_handle, handle);
}

static bool asks_for_upgrade(struct request *request)
{
	const char *upgrade = request_header(request, "Upgrade");
	const char *connection = request_header(request, "Connection");

	return upgrade && connection && strcasestr(connection, "upgrade");
}

/* Without an upgrade: what comes out of a pair of sockets is the reply. */
static void stream_hijack(struct request *request, const char *type, hijack_fn take, void *context)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		take(context, -1, NULL, 0);
		reply_error(request, 500, "cannot make a socket: %s", strerror(errno));
		return;
	}
	shutdown(pair[1], SHUT_WR);
	reply_from_fd(request, type, pair[1], NULL, NULL);
	take(context, pair[0], NULL, 0);
}

void reply_hijack(struct request *request, const char *type, hijack_fn take, void *context)
{
	if (!request->connection || !asks_for_upgrade(request)) {
		stream_hijack(request, type, take, context);
		return;
	}
	struct hijack *hijack = memory_zeroed(1, sizeof(*hijack));
	hijack->take = take;
	hijack->context = context;
	struct MHD_Response *response = MHD_create_response_for_upgrade(on_upgrade, hijack);
	MHD_add_response_header(response, "Upgrade", "tcp");
	reply_response(request, MHD_HTTP_SWITCHING_PROTOCOLS, type, response);
}
