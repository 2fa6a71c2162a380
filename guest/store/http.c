/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CONNECT_SECONDS 20L
#define REDIRECTS       5L
#define HEADER_LIMIT    65536
#define STALL_SPEED     256L /* bytes in a second; less is no progress */
#define AGENT           "bulkhead/1 (bh-image)"

/* What is sent or received, shared by the callbacks of one call. */
struct body {
	const struct http_call *call;
	struct http_reply *reply;
	size_t sent;
	bool is_too_long;
};

static void copy_value(char *room, size_t size, const char *value, size_t length)
{
	if (length < size) {
		memcpy(room, value, length);
		room[length] = '\0';
	}
}

static void read_field(struct http_reply *reply, const char *name, size_t name_length,
		       const char *value, size_t length)
{
	static const char *const names[] = {"www-authenticate", "location",
					    "content-type",     "docker-content-digest",
					    "content-range",    "link"};
	size_t which = 0;
	char digest[DIGEST_ROOM] = "";

	while (which < 6 && (strlen(names[which]) != name_length ||
			     strncasecmp(names[which], name, name_length) != 0)) {
		which++;
	}
	switch (which) {
	case 0:
		challenge_read(value, length, &reply->challenge);
		break;
	case 1:
		copy_value(reply->location, sizeof(reply->location), value, length);
		break;
	case 2:
		copy_value(reply->media, sizeof(reply->media), value,
			   length < strcspn(value, ";\r\n") ? length : strcspn(value, ";\r\n"));
		break;
	case 3:
		copy_value(digest, sizeof(digest), value, length);
		if (digest_parse(digest, NULL)) {
			strcpy(reply->digest, digest);
		}
		break;
	case 4:
		copy_value(reply->range, sizeof(reply->range), value, length);
		break;
	case 5:
		copy_value(reply->link, sizeof(reply->link), value, length);
		break;
	default:
		break;
	}
}

/* libcurl ends each line by NUL behind its length or not at all: only `length` counts. */
static size_t read_header(char *line, size_t size, size_t count, void *opaque)
{
	struct http_reply *reply = opaque;
	size_t length = size * count;
	char copy[8192];

	reply->header_bytes += length;
	if (reply->header_bytes > HEADER_LIMIT) {
		return 0;
	}
	if (length >= 5 && strncmp(line, "HTTP/", 5) == 0) { /* of the next answer */
		memset(&reply->challenge, 0, sizeof(reply->challenge));
		reply->location[0] = reply->media[0] = reply->digest[0] = reply->range[0] = '\0';
		reply->link[0] = '\0';
		return length;
	}
	if (length >= sizeof(copy)) {
		return length;
	}
	memcpy(copy, line, length);
	copy[length] = '\0';
	copy[strcspn(copy, "\r\n")] = '\0';
	char *colon = strchr(copy, ':');
	if (colon) {
		const char *value = colon + 1 + strspn(colon + 1, " \t");
		read_field(reply, copy, (size_t)(colon - copy), value, strlen(value));
	}
	return length;
}

static size_t read_body(char *bytes, size_t size, size_t count, void *opaque)
{
	struct body *body = opaque;
	size_t length = size * count;

	if (length > body->call->limit - body->reply->body.length) {
		body->is_too_long = true;
		return 0;
	}
	text_add(&body->reply->body, bytes, length);
	return length;
}

static size_t send_body(char *room, size_t size, size_t count, void *opaque)
{
	struct body *body = opaque;
	const struct http_call *call = body->call;
	size_t length = call->length - body->sent;

	length = length < size * count ? length : size * count;
	if (call->bytes) {
		memcpy(room, (const char *)call->bytes + body->sent, length);
	} else if (length) {
		ssize_t got = pread(call->file, room, length, (off_t)body->sent);
		if (got <= 0) {
			return CURL_READFUNC_ABORT;
		}
		length = (size_t)got;
	}
	body->sent += length;
	if (call->progress) {
		call->progress(call->opaque, body->sent);
	}
	return length;
}

static int seek_body(void *opaque, curl_off_t offset, int origin)
{
	struct body *body = opaque;

	if (origin != SEEK_SET || offset < 0 || (size_t)offset > body->call->length) {
		return CURL_SEEKFUNC_FAIL;
	}
	body->sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

void http_prepare(CURL *easy, const struct http_policy *policy, const char *url,
		  struct http_reply *reply)
{
	const char *protocols = policy->is_plain ? "http,https" : "https";

	curl_easy_reset(easy);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, REDIRECTS);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, AGENT);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, STALL_SPEED);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, http_stall);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 131072L);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, read_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, reply);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (policy->is_plain) { /* a loopback registry is not behind a proxy */
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
	}
	if (policy->is_unverified) {
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (policy->ca_file) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, policy->ca_file);
	}
}

static void add_header(struct curl_slist **list, const char *name, const char *value)
{
	char *line = text_format("%s%s", name, value);

	*list = curl_slist_append(*list, line);
	explicit_bzero(line, strlen(line));
	free(line);
}

struct curl_slist *http_headers(const char *authorization, const char *accept,
				const char *content_type)
{
	struct curl_slist *list = NULL;

	add_header(&list, "Expect:", "");
	if (authorization) {
		add_header(&list, "Authorization: ", authorization);
	}
	if (accept) {
		add_header(&list, "Accept: ", accept);
	}
	if (content_type) {
		add_header(&list, "Content-Type: ", content_type);
	}
	return list;
}

static void set_method(CURL *easy, const struct http_call *call, struct body *body)
{
	bool has_body = strcmp(call->method, "GET") != 0 && strcmp(call->method, "HEAD") != 0;

	if (has_body) {
		curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 131072L);
		curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->length);
		curl_easy_setopt(easy, CURLOPT_READFUNCTION, send_body);
		curl_easy_setopt(easy, CURLOPT_READDATA, body);
		curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_body);
		curl_easy_setopt(easy, CURLOPT_SEEKDATA, body);
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
	} else {
		curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
		curl_easy_setopt(easy, CURLOPT_NOBODY, strcmp(call->method, "HEAD") == 0 ? 1L : 0L);
	}
}

void http_do(CURL *easy, const struct http_policy *policy, const struct http_call *call,
	     struct http_reply *reply)
{
	struct body body = {.call = call, .reply = reply};
	struct curl_slist *headers =
		http_headers(call->authorization, call->accept, call->content_type);

	*reply = (struct http_reply){0};
	text_add(&reply->body, "", 0);
	http_prepare(easy, policy, call->url, reply);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, read_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, call->time_limit);
	set_method(easy, call, &body);
	CURLcode code = reply->code = curl_easy_perform(easy);
	if (code == CURLE_OK) {
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply->status);
	} else {
		reply->error =
			body.is_too_long ? "the answer is too long" : curl_easy_strerror(code);
	}
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, NULL);
	curl_slist_free_all(headers);
}

void http_reply_free(struct http_reply *reply)
{
	text_free(&reply->body);
}
