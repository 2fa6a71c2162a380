/* SPDX-License-Identifier: Apache-2.0 */
#include "engine.h"
#include "file.h"
#include "http_inside.h"
#include "routes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HTTP_LISTENERS    8
#define HTTP_CONNECTIONS  1000
#define HTTP_MEMORY       (32u * 1024) /* per connection: the limit of all headers */
#define HTTP_IDLE_SECONDS 300u
#define HTTP_ACCEPT_BATCH 16
#define HTTP_RUNS         4

static struct MHD_Daemon *http_daemon;
/* MHD_run() closes what the one before it has ended; its timeout does not tell. */
static bool has_more_work;
static struct loop_fd *http_watch;
static struct listener {
	int fd;
	struct loop_fd *watch;
} listeners[HTTP_LISTENERS];

void request_suspend(struct request *request)
{
	if (!request->is_suspended) {
		request->is_suspended = true;
		MHD_suspend_connection(request->connection);
	}
}

void request_resume(struct request *request)
{
	if (request->is_suspended && request->connection) {
		request->is_suspended = false;
		has_more_work = true;
		MHD_resume_connection(request->connection);
	}
}

void request_free(struct request *request)
{
	loop_remove_fd(request->body_watch);
	file_close(request->body_fd);
	if (request->response) {
		MHD_destroy_response(request->response);
	}
	for (size_t i = 0; i < request->header_count; i++) {
		free(request->headers[i][0]);
		free(request->headers[i][1]);
	}
	json_object_put(request->body);
	text_free(&request->body_text);
	route_match_free(&request->match);
	free(request);
}

void request_answer(struct request *request, unsigned status, struct MHD_Response *response)
{
	request->is_answered = true;
	request->status = status;
	request->response = response;
	if (!request->connection) {
		request_free(request);
	} else if (request->is_dispatched && !request->body_watch) {
		request_resume(request);
	}
}

/* Of the URI log callback: what stands for the request until its headers have come. MHD decodes
 * "%00", after which nothing could tell that more followed. */
static char uri_with_nul;

static void *on_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
	(void)context;
	(void)connection;
	return strstr(uri, "%00") ? &uri_with_nul : NULL;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **place,
			 enum MHD_RequestTerminationCode code)
{
	struct request *request = *place;

	(void)context;
	(void)connection;
	(void)code;
	has_more_work = true;
	if (!request || *place == (void *)&uri_with_nul) {
		return;
	}
	*place = NULL;
	request->connection = NULL;
	loop_remove_fd(request->body_watch);
	request->body_watch = NULL;
	if (request->body_fd >= 0) {
		close(request->body_fd);
		request->body_fd = -1;
	}
	if (request->is_answered || !request->is_dispatched) {
		request_free(request);
	}
}

static bool version_allowed(struct request *request)
{
	unsigned version = request->version;

	if (version > ENGINE_API_VERSION) {
		reply_error(
			request, 400,
			"client version %u.%u is too new. Maximum supported API version is %u.%u",
			version / 100, version % 100, ENGINE_API_VERSION / 100,
			ENGINE_API_VERSION % 100);
		return false;
	}
	if (version < ENGINE_API_MINIMUM) {
		reply_error(request, 400,
			    "client version %u.%u is too old. Minimum supported API version is "
			    "%u.%u, please upgrade your client to a newer version",
			    version / 100, version % 100, ENGINE_API_MINIMUM / 100,
			    ENGINE_API_MINIMUM % 100);
		return false;
	}
	return true;
}

static enum MHD_Result count_framing(void *context, enum MHD_ValueKind kind, const char *key,
				     const char *value)
{
	(void)kind;
	(void)value;
	*(unsigned *)context +=
		!strcasecmp(key, "Content-Length") || !strcasecmp(key, "Transfer-Encoding");
	return MHD_YES;
}

/* Where the body ends must be told once: proxies and servers choose differently (RFC 9112, 6.3). */
static bool framing_allowed(struct request *request)
{
	unsigned count = 0;

	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, count_framing, &count);
	if (count > 1) {
		reply_header(request, "Connection", "close");
		reply_error(request, 400, "the length of the body is given more than once");
		return false;
	}
	return true;
}

/* The headers have come. */
static struct request *begin_request(struct MHD_Connection *connection, const char *url,
				     const char *method, bool has_nul)
{
	struct request *request = memory_zeroed(1, sizeof(*request));
	const char *path = route_version(url, &request->version);

	request->connection = connection;
	request->method = method;
	request->body_fd = -1;
	if (!request->version) {
		request->version = ENGINE_API_VERSION;
	}
	if (has_nul) {
		reply_error(request, 400, "a NUL (%%00) in the request's path or query");
	}
	if (has_nul || !framing_allowed(request) || !version_allowed(request)) {
		request->is_dispatched = true;
		return request;
	}
	route_find(route_tables, route_table_count, method, path, &request->match);
	if (!request->match.route) {
		request->is_dispatched = true;
		if (request->match.path_known) {
			reply_error(request, 405, "%s does not go with %s", method, path);
		} else {
			reply_error(request, 404, "page not found: %s %s", method, path);
		}
	} else if (request->match.route->flags & ROUTE_BODY) {
		request->is_dispatched = true;
		request->match.route->handler(request);
	}
	return request;
}

/* The body has come whole; false when it is no JSON object. */
static bool parse_body(struct request *request)
{
	const char *error;

	if (request->body_too_large) {
		reply_error(request, 413, "the request's body is longer than 4 MiB");
		return false;
	}
	/* A client with nothing to say may say null. */
	const char *bytes = request->body_text.data;
	size_t length = request->body_text.length;
	if (!length || (length >= 4 && !strncmp(bytes, "null", 4) &&
			strspn(bytes + 4, " \r\n") == length - 4)) {
		text_free(&request->body_text);
		return true;
	}
	request->body = json_parse(request->body_text.data, request->body_text.length, &error);
	text_free(&request->body_text);
	if (!request->body) {
		reply_error(request, 400, "the request's body is no JSON: %s", error);
		return false;
	}
	if (!json_object_is_type(request->body, json_type_object)) {
		reply_error(request, 400, "the request's body is JSON, but not an object");
		return false;
	}
	return true;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *bytes,
				  size_t *length, void **place)
{
	struct request *request = *place;

	(void)context;
	(void)version;
	if (!request || *place == (void *)&uri_with_nul) {
		*place = begin_request(connection, url, method, request != NULL);
		return MHD_YES;
	}
	request->is_suspended = false;
	if (*length) {
		request_take_body(request, bytes, length);
		return MHD_YES;
	}
	request_end_body(request);
	if (!request->is_dispatched) {
		request->is_dispatched = true;
		if (parse_body(request)) {
			request->match.route->handler(request);
		}
	}
	if (!request->is_answered) {
		request_suspend(request);
		return MHD_YES;
	}
	enum MHD_Result result = MHD_queue_response(connection, request->status, request->response);
	MHD_destroy_response(request->response);
	request->response = NULL;
	return result;
}

static void on_accept(void *context, uint32_t events)
{
	struct listener *listener = context;

	(void)events;
	for (int i = 0; i < HTTP_ACCEPT_BATCH; i++) {
		struct sockaddr_storage address;
		socklen_t length = sizeof(address);
		int fd = accept4(listener->fd, (struct sockaddr *)&address, &length,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0) {
			return;
		}
		/* It owns the descriptor, and closes it when there are too many. */
		MHD_add_connection(http_daemon, fd, (struct sockaddr *)&address, length);
	}
}

static int64_t http_timeout(void)
{
	MHD_UNSIGNED_LONG_LONG milliseconds;

	return MHD_get_timeout(http_daemon, &milliseconds) == MHD_YES ? (int64_t)milliseconds : -1;
}

static void http_run(void)
{
	for (int i = 0; i < HTTP_RUNS; i++) {
		has_more_work = false;
		MHD_run(http_daemon);
		if (!has_more_work) {
			return;
		}
	}
}

static void on_server(void *context, uint32_t events)
{
	(void)context;
	(void)events; /* http_run() follows in each round */
}

static void on_server_log(void *context, const char *format, va_list arguments)
{
	(void)context;
	if (engine.debug) {
		char *line = text_vformat(format, arguments);
		engine_log("http: %s", line);
		free(line);
	}
}

static int http_open(void)
{
	http_daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
			MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG,
		0, NULL, NULL, on_request, NULL, MHD_OPTION_EXTERNAL_LOGGER, on_server_log, NULL,
		MHD_OPTION_URI_LOG_CALLBACK, on_uri, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION,
		connection_notify, NULL, MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, HTTP_IDLE_SECONDS, MHD_OPTION_SIGPIPE_HANDLED_BY_APP,
		1, MHD_OPTION_END);
	if (!http_daemon) {
		errno = ENOMEM;
		return -1;
	}
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http_daemon, MHD_DAEMON_INFO_EPOLL_FD);
	http_watch = info ? loop_add_fd(info->epoll_fd, EPOLLIN, on_server, NULL) : NULL;
	loop_set_server(http_timeout, http_run);
	return http_watch ? 0 : -1;
}

int http_listen(int fd)
{
	if (!http_daemon && http_open() < 0) {
		return -1;
	}
	for (size_t i = 0; i < HTTP_LISTENERS; i++) {
		if (!listeners[i].watch) {
			listeners[i].fd = fd;
			listeners[i].watch = loop_add_fd(fd, EPOLLIN, on_accept, &listeners[i]);
			return listeners[i].watch ? 0 : -1;
		}
	}
	errno = EMFILE;
	return -1;
}

void http_close(void)
{
	for (size_t i = 0; i < HTTP_LISTENERS; i++) {
		if (listeners[i].watch) {
			loop_remove_fd(listeners[i].watch);
			close(listeners[i].fd);
			listeners[i].watch = NULL;
		}
	}
	loop_remove_fd(http_watch);
	loop_set_server(NULL, NULL);
	/* Waiting connections cannot be ended one by one; the process ends next. */
	http_daemon = NULL;
}
