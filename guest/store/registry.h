/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A registry: distribution-spec's API, Docker's "Registry authentication" (Basic, and Bearer
 * tokens). What cannot go on ends the process with the way out.
 */
#pragma once

#include <stdbool.h>
#include "http.h"
#include "json.h"
#include "reference.h"

struct registry {
	char *domain; /* as the user names it */
	char *base;   /* https://HOST */
	struct http_policy policy;
	CURL *easy;
	struct challenge challenge; /* of GET /v2/ */
	json *auth;                 /* {"username",..}, borrowed */
	char *scope;                /* `repository:NAME:pull`, more than one apart by spaces */
	char *authorization;        /* header's value; NULL: none needed */
	char *identity;             /* refresh token that the registry gave, or NULL */
};

/* Folder of DOMAIN/ca.crt; main.c has it, an option sets it. */
extern const char *registry_certificates;

/* Finds out how it is reached and whether it wants a login. */
void registry_open(struct registry *registry, const char *domain, json *auth, bool is_insecure);
/* Logs in for what the scopes name ("": nothing but the login); called again when a token has run
 * out. */
void registry_login(struct registry *registry, const char *scope);
void registry_close(struct registry *registry);

/* Does the call with the login and once more with a fresh token after a 401. `path` is below /v2/,
 * or a whole URL. Returns for 2xx, 3xx and 404; other answers end the process. */
void registry_call(struct registry *registry, const char *path, struct http_call *call,
		   struct http_reply *reply);
/* The same, but every answer returns, also none (status 0). */
void registry_try(struct registry *registry, const char *path, struct http_call *call,
		  struct http_reply *reply);
/* Ends the process for an answer that is an error; `what` was being done. */
_Noreturn void registry_fail(const struct registry *registry, const struct http_reply *reply,
			     const char *what);
/* The URL of a path below /v2/; the caller frees it. */
char *registry_url(const struct registry *registry, const char *path);
