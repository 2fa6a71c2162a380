/* SPDX-License-Identifier: Apache-2.0 */
#include "token.h"

#include <stdlib.h>
#include <string.h>
#include "base64.h"
#include "registry.h"
#include "report.h"

#define TOKEN_LIMIT   262144
#define TOKEN_SECONDS 60L
#define CLIENT        "bulkhead"

char *token_basic(json *auth)
{
	const char *name = json_get_string(auth, "username", "");
	const char *password = json_get_string(auth, "password", "");

	if (!*name && !*password) {
		return NULL;
	}
	char *both = text_format("%s:%s", name, password);
	char *encoded = base64_encode(both, false);
	char *value = text_format("Basic %s", encoded);
	explicit_bzero(both, strlen(both));
	free(both);
	free(encoded);
	return value;
}

static void add_query(struct text *text, char separator, const char *key, const char *value)
{
	char *escaped = http_escape(value);

	text_printf(text, "%c%s=%s", separator, key, escaped);
	free(escaped);
}

/* Each scope by itself, as Docker sends them. */
static void add_scopes(struct text *text, const char *scope)
{
	while (*scope) {
		size_t length = strcspn(scope, " ");
		char *one = text_format("%.*s", (int)length, scope);
		if (*one) {
			add_query(text, '&', "scope", one);
		}
		free(one);
		scope += length;
		scope += strspn(scope, " ");
	}
}

/* GET with Basic, or without a login. */
static void ask_by_get(struct registry *registry, struct http_reply *reply)
{
	struct text url = {0};
	char *basic = token_basic(registry->auth);

	text_puts(&url, registry->challenge.realm);
	add_query(&url, strchr(registry->challenge.realm, '?') ? '&' : '?', "service",
		  registry->challenge.service);
	add_scopes(&url, registry->scope);
	if (basic) {
		add_query(&url, '&', "account", json_get_string(registry->auth, "username", ""));
		add_query(&url, '&', "client_id", CLIENT);
		if (!*registry->scope) {
			add_query(&url, '&', "offline_token", "true");
		}
	}
	struct http_call call = {
		.method = "GET",
		.url = url.data,
		.authorization = basic,
		.limit = TOKEN_LIMIT,
		.time_limit = TOKEN_SECONDS,
	};
	http_do(registry->easy, &registry->policy, &call, reply);
	if (basic) {
		explicit_bzero(basic, strlen(basic));
	}
	free(basic);
	text_free(&url);
}

/* POST of OAuth 2 with a refresh token. */
static void ask_by_post(struct registry *registry, const char *identity, struct http_reply *reply)
{
	struct text body = {0};

	text_puts(&body, "grant_type=refresh_token");
	add_query(&body, '&', "service", registry->challenge.service);
	add_query(&body, '&', "client_id", CLIENT);
	if (*registry->scope) {
		add_query(&body, '&', "scope", registry->scope);
	}
	add_query(&body, '&', "refresh_token", identity);
	struct http_call call = {
		.method = "POST",
		.url = registry->challenge.realm,
		.content_type = "application/x-www-form-urlencoded",
		.bytes = body.data,
		.length = body.length,
		.limit = TOKEN_LIMIT,
		.time_limit = TOKEN_SECONDS,
	};
	http_do(registry->easy, &registry->policy, &call, reply);
	explicit_bzero(body.data, body.length);
	text_free(&body);
}

bool token_is_sane(const char *token)
{
	return *token && strlen(token) < 65536 && !strpbrk(token, "\r\n \t");
}

static char *read_token(struct registry *registry, const struct http_reply *reply)
{
	const char *error;
	json *body = json_parse(reply->body.data, reply->body.length, &error);
	const char *token =
		json_get_string(body, "token", json_get_string(body, "access_token", ""));
	const char *identity = json_get_string(body, "refresh_token", "");

	if (!token_is_sane(token)) {
		fail(FAIL_UNAVAILABLE, "the token server of %s gives no token", registry->domain);
	}
	if (token_is_sane(identity) && !registry->identity) {
		registry->identity = text_copy(identity);
	}
	char *value = text_format("Bearer %s", token);
	json_object_put(body);
	return value;
}

char *token_bearer(struct registry *registry)
{
	const char *identity = json_get_string(registry->auth, "identitytoken", "");
	struct http_reply reply;

	if (strncasecmp(registry->challenge.realm, "https://", 8) != 0 &&
	    !registry->policy.is_plain) {
		fail(FAIL_UNAVAILABLE,
		     "the registry %s sends to a token server without https: refused",
		     registry->domain);
	}
	if (*identity) {
		ask_by_post(registry, identity, &reply);
	} else {
		ask_by_get(registry, &reply);
	}
	if (reply.status == 400 || reply.status == 403) { /* some servers' word for a wrong login */
		reply.status = 401;
	}
	if (reply.status != 200) {
		registry_fail(registry, &reply, "cannot get a token");
	}
	char *value = read_token(registry, &reply);
	http_reply_free(&reply);
	return value;
}
