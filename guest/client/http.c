/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "file.h"

#define BODY_MAX (64u << 20)

static bool fail(struct http *http, char *words)
{
	free(http->error);
	http->error = words;
	return false;
}

/* $DOCKER_HOST as docker reads it, as far as it is a Unix socket. */
static const char *socket_path(void)
{
	const char *host = getenv("DOCKER_HOST");

	if (!host || !*host) {
		return HTTP_DEFAULT_SOCKET;
	}
	return strncmp(host, "unix://", 7) ? NULL : host + 7;
}

static bool open_socket(struct http *http)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = socket_path();

	if (!path || strlen(path) >= sizeof(address.sun_path)) {
		return fail(http, text_copy("DOCKER_HOST must be unix://PATH here"));
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	http->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (http->fd < 0 || connect(http->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		return fail(http, text_format("no engine answers at %s: %s; is bh-engine running?",
					      path, strerror(errno)));
	}
	return true;
}

bool http_send(struct http *http, const struct http_request *request)
{
	struct text head = {0};
	const char *body = request->body ? json_text(request->body) : "";
	bool has_body = strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0;

	*http = (struct http){.fd = -1};
	if (!open_socket(http)) {
		return false;
	}
	text_printf(&head, "%s " HTTP_API "%s HTTP/1.1\r\nHost: engine\r\nUser-Agent: bh\r\n",
		    request->method, request->path);
	if (request->is_upgrade) {
		text_puts(&head, "Connection: Upgrade\r\nUpgrade: tcp\r\n");
	}
	if (request->auth) {
		text_printf(&head, "X-Registry-Auth: %s\r\n", request->auth);
	}
	if (request->config) {
		text_printf(&head, "X-Registry-Config: %s\r\n", request->config);
	}
	if (request->type) {
		text_printf(&head, "Content-Type: %s\r\nTransfer-Encoding: chunked\r\n",
			    request->type);
	} else if (has_body) {
		text_printf(&head, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
			    strlen(body));
	}
	text_printf(&head, "\r\n%s", request->type ? "" : body);
	bool ok = file_write_all(http->fd, head.data, head.length) == 0 ||
		  fail(http,
		       text_format("the engine does not take the request: %s", strerror(errno)));
	text_free(&head);
	return ok;
}

bool http_send_chunk(struct http *http, const void *bytes, size_t length)
{
	char *size = text_format("%zx\r\n", length);
	bool ok = file_write_all(http->fd, size, strlen(size)) == 0 &&
		  file_write_all(http->fd, bytes, length) == 0 &&
		  file_write_all(http->fd, "\r\n", 2) == 0;

	free(size);
	return ok || fail(http, text_format("the engine takes no more: %s", strerror(errno)));
}

/* More bytes into the empty buffer. */
static bool fill(struct http *http)
{
	ssize_t count;

	do {
		count = read(http->fd, http->buffer, sizeof(http->buffer));
	} while (count < 0 && errno == EINTR);
	http->start = 0;
	http->end = count > 0 ? (size_t)count : 0;
	return count > 0;
}

static bool read_line(struct http *http, char *line, size_t room)
{
	size_t length = 0;

	for (;;) {
		if (http->start == http->end && !fill(http)) {
			return fail(http, text_copy("the engine's answer ends in the middle"));
		}
		char letter = http->buffer[http->start++];
		if (letter == '\n') {
			line[length && line[length - 1] == '\r' ? length - 1 : length] = '\0';
			return true;
		}
		if (length + 1 == room) {
			return fail(http,
				    text_copy("the engine's answer has a line that is too long"));
		}
		line[length++] = letter;
	}
}

static bool parse_length(const char *digits, int base, int64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoll(digits, &end, base);
	return isxdigit((unsigned char)*digits) && errno == 0 && (!*end || *end == ';') &&
	       *value >= 0;
}

bool http_receive(struct http *http)
{
	char line[8192];
	char *end;

	if (!read_line(http, line, sizeof(line))) {
		return false;
	}
	if (strncmp(line, "HTTP/1.", 7) || strlen(line) < 12) {
		return fail(http, text_copy("the socket's other end does not speak HTTP"));
	}
	http->status = (int)strtol(line + 9, &end, 10);
	http->left = -1;
	while (read_line(http, line, sizeof(line))) {
		char *value = strchr(line, ':');
		if (!*line) {
			if (http->status == 100) {
				return http_receive(http);
			}
			http->is_at_end = http->status == 204 || http->status == 304 ||
					  (!http->is_chunked && http->left == 0);
			http->left = http->is_chunked ? 0 : http->left;
			return true;
		}
		if (!value) {
			break;
		}
		*value++ = '\0';
		value += strspn(value, " \t");
		if (!strcasecmp(line, "Transfer-Encoding") && !strcasecmp(value, "chunked")) {
			http->is_chunked = true;
		} else if (!strcasecmp(line, "Content-Length") &&
			   !parse_length(value, 10, &http->left)) {
			break;
		}
	}
	return http->error ? false : fail(http, text_copy("the engine's answer has a bad header"));
}

/* At the border of chunks: the next one's length. */
static bool next_chunk(struct http *http)
{
	char line[128];

	if (!read_line(http, line, sizeof(line)) ||
	    (!*line && !read_line(http, line, sizeof(line)))) {
		return false;
	}
	if (!parse_length(line, 16, &http->left)) {
		return fail(http, text_copy("the engine's answer has a bad chunk"));
	}
	http->is_at_end = http->left == 0;
	return true;
}

ptrdiff_t http_read(struct http *http, void *bytes, size_t room)
{
	if (!http->is_at_end && http->is_chunked && http->left == 0 && !next_chunk(http)) {
		return -1;
	}
	if (http->is_at_end) {
		return 0;
	}
	if (http->start == http->end && !fill(http)) {
		http->is_at_end = true;
		if (http->left < 0) {
			return 0;
		}
		fail(http, text_copy("the engine's answer ends in the middle"));
		return -1;
	}
	size_t count = http->end - http->start;
	count = count < room ? count : room;
	if (http->left >= 0 && (int64_t)count > http->left) {
		count = (size_t)http->left;
	}
	memcpy(bytes, http->buffer + http->start, count);
	http->start += count;
	if (http->left >= 0) {
		http->left -= (int64_t)count;
		http->is_at_end = !http->is_chunked && http->left == 0;
	}
	return (ptrdiff_t)count;
}

bool http_read_all(struct http *http, struct text *body)
{
	char block[16384];
	ptrdiff_t count;

	text_puts(body, "");
	while ((count = http_read(http, block, sizeof(block))) > 0) {
		if (body->length + (size_t)count > BODY_MAX) {
			return fail(http, text_copy("the engine's answer is too long"));
		}
		text_add(body, block, (size_t)count);
	}
	return count == 0;
}

void http_close(struct http *http)
{
	file_close(http->fd);
	free(http->error);
	http->error = NULL;
	http->fd = -1;
}

void http_encode(struct text *path, const char *value)
{
	for (; *value; value++) {
		if (isalnum((unsigned char)*value) || strchr("-._~", *value)) {
			text_add(path, value, 1);
		} else {
			text_printf(path, "%%%02X", (unsigned char)*value);
		}
	}
}
