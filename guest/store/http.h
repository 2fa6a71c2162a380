/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP as registries need it, on libcurl: https only but where the policy says otherwise, few
 * redirects, bounded headers and bodies, an end to what stalls. A transport's failure is told in
 * the reply; nothing here ends the process.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include "challenge.h"
#include "digest.h"
#include "text.h"

#define HTTP_LOCATION 4096

struct http_policy {
	bool is_plain;      /* http:// is allowed: a loopback registry, or one called insecure */
	bool is_unverified; /* so are certificates that nobody knows */
	char *ca_file;      /* NULL: the system's; owned */
};

struct http_reply {
	long status; /* 0: no answer */
	struct challenge challenge;
	char location[HTTP_LOCATION];
	char media[128];
	char digest[DIGEST_ROOM]; /* Docker-Content-Digest, "" when there is none or no sha256 */
	char range[64];           /* Content-Range */
	char link[HTTP_LOCATION]; /* Link */
	size_t header_bytes;
	struct text body;  /* as far as it has no sink */
	const char *error; /* libcurl's words when status is 0 or the body was cut; constant */
	CURLcode code;     /* libcurl's, when status is 0 */
};

struct http_call {
	const char *method; /* GET, HEAD, POST, PATCH, PUT */
	const char *url;
	const char *authorization; /* header's value, or NULL */
	const char *accept;
	const char *content_type;
	const void *bytes; /* body, or NULL */
	size_t length;
	int file; /* body when bytes is NULL and length is not 0: a file, read from its start */
	void (*progress)(void *opaque, uint64_t sent);
	void *opaque;
	size_t limit;    /* of the answer's body */
	long time_limit; /* seconds for all of it, 0: none but for stalls */
};

/* Seconds without progress after which a transfer ends; main.c has it, an option sets it. */
extern long http_stall;

/* An easy handle with all that is the same for each call; its headers go to *reply. */
void http_prepare(CURL *easy, const struct http_policy *policy, const char *url,
		  struct http_reply *reply);
/* Authorization, Accept and more: the list is the caller's to free after the call. */
struct curl_slist *http_headers(const char *authorization, const char *accept,
				const char *content_type);
/* Does the call; the caller frees reply by http_reply_free(). */
void http_do(CURL *easy, const struct http_policy *policy, const struct http_call *call,
	     struct http_reply *reply);
void http_reply_free(struct http_reply *reply);
/* Are both of one scheme, host and port? */
bool http_same_origin(const char *one, const char *other);
/* A percent-encoded query value; the caller frees it. */
char *http_escape(const char *value);
/* The URL's path, decoded; the caller frees it, NULL when it is none or has bytes below a space. */
char *http_path(const char *url);
/* `relative` (RFC 3986) seen from `base`; the caller frees it, NULL when it is none. */
char *http_resolve(const char *base, const char *relative);
