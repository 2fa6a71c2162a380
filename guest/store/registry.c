/* SPDX-License-Identifier: Apache-2.0 */
#include "registry.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "report.h"
#include "token.h"

#define CALL_SECONDS 120L
#define PING_LIMIT   65536

char *registry_url(const struct registry *registry, const char *path)
{
	if (strstr(path, "://")) {
		return text_copy(path);
	}
	return text_format("%s/v2/%s", registry->base, path);
}

/* The registry's own words, as far as they can be shown: {"errors":[{"message"}]}. */
static char *words_of(const struct http_reply *reply)
{
	const char *error;
	json *body = json_parse(reply->body.data, reply->body.length, &error);
	json *errors = json_get_array(body, "errors");
	json *first = json_count(errors) ? json_at(errors, 0) : NULL;
	const char *message = json_get_string(first, "message", "");
	char *copy = text_format("%s%.200s", *message ? ": " : "", message);

	for (char *c = copy; *c; c++) {
		*c = (unsigned char)*c < ' ' || *c == 127 ? '?' : *c;
	}
	json_object_put(body);
	return copy;
}

void registry_fail(const struct registry *registry, const struct http_reply *reply,
		   const char *what)
{
	char *words = reply->status ? words_of(reply) : NULL;

	switch (reply->status) {
	case 0:
		fail(FAIL_UNAVAILABLE, "%s: the registry %s does not answer: %s", what,
		     registry->domain, reply->error ? reply->error : "no reason");
	case 401:
		fail(FAIL_LOGIN, "the registry asks for a login (401); run docker login %s",
		     registry->domain);
	case 403:
		fail(FAIL_DENIED, "%s: the registry denies it (403)%s", what, words);
	case 404:
		fail(FAIL_NOT_FOUND, "%s: the registry does not have it (404)%s", what, words);
	case 429:
		fail(FAIL_UNAVAILABLE, "%s: too many requests (429)%s; log in, or try later", what,
		     words);
	default:
		fail(reply->status >= 500 ? FAIL_UNAVAILABLE : FAIL_IO,
		     "%s: the registry answers %ld%s", what, reply->status, words);
	}
}

static void ping(struct registry *registry, struct http_reply *reply)
{
	char *url = registry_url(registry, "");
	struct http_call call = {
		.method = "GET", .url = url, .limit = PING_LIMIT, .time_limit = CALL_SECONDS};

	http_do(registry->easy, &registry->policy, &call, reply);
	free(url);
}

static void set_base(struct registry *registry, const char *scheme)
{
	const char *host = strcmp(registry->domain, "docker.io") == 0 ? "registry-1.docker.io"
								      : registry->domain;

	free(registry->base);
	registry->base = text_format("%s://%s", scheme, host);
}

static void ping_by(struct registry *registry, const char *scheme, struct http_reply *reply)
{
	set_base(registry, scheme);
	registry->policy.is_plain = strcmp(scheme, "http") == 0;
	ping(registry, reply);
}

/* https, and where plain HTTP is allowed the other way after it; on loopback HTTP first, because
 * few registries there have a certificate and some servers wait long for the end of a TLS greeting.
 */
static void reach(struct registry *registry, bool is_insecure, struct http_reply *reply)
{
	bool is_plain_first = reference_is_loopback(registry->domain) && !registry->policy.ca_file;

	ping_by(registry, is_plain_first ? "http" : "https", reply);
	if (is_insecure && reply->status != 200 && reply->status != 401) {
		http_reply_free(reply);
		ping_by(registry, is_plain_first ? "https" : "http", reply);
	}
}

/* The way out where it is the TLS that fails. */
static void fail_tls(const char *domain, const struct http_reply *reply)
{
	if (reply->status == 0 && reply->code == CURLE_PEER_FAILED_VERIFICATION) {
		fail(FAIL_UNAVAILABLE,
		     "the certificate of %s is not to be trusted: it is of an unknown authority, "
		     "for another name, or out of date; the authority's own goes to %s/%s/ca.crt",
		     domain, registry_certificates, domain);
	}
	if (reply->status == 0 && reply->code == CURLE_SSL_CONNECT_ERROR) {
		fail(FAIL_UNAVAILABLE,
		     "%s does not speak TLS: %s; bh-engine --insecure-registry %s lets it be plain "
		     "HTTP",
		     domain, reply->error, domain);
	}
}

void registry_open(struct registry *registry, const char *domain, json *auth, bool is_insecure)
{
	struct http_reply reply;

	*registry = (struct registry){.domain = text_copy(domain), .auth = auth};
	is_insecure = is_insecure || reference_is_loopback(domain);
	registry->policy.is_unverified = is_insecure;
	char *ca = text_format("%s/%s/ca.crt", registry_certificates, domain);
	if (access(ca, R_OK) == 0) {
		registry->policy.ca_file = ca;
	} else {
		free(ca);
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	registry->easy = curl_easy_init();
	reach(registry, is_insecure, &reply);
	if (reply.status != 200 && reply.status != 401) {
		if (reply.status == 404) {
			fail(FAIL_UNAVAILABLE, "%s is no registry: it does not know /v2/ (404)",
			     domain);
		}
		fail_tls(domain, &reply);
		registry_fail(registry, &reply, "cannot reach it");
	}
	registry->challenge = reply.challenge;
	if (reply.status == 401 && reply.challenge.scheme == CHALLENGE_NONE) {
		fail(FAIL_UNAVAILABLE, "the registry %s asks for a login of an unknown kind",
		     domain);
	}
	http_reply_free(&reply);
}

static void set_authorization(struct registry *registry, char *value)
{
	if (registry->authorization) {
		explicit_bzero(registry->authorization, strlen(registry->authorization));
	}
	free(registry->authorization);
	registry->authorization = value;
}

void registry_login(struct registry *registry, const char *scope)
{
	const char *given = json_get_string(registry->auth, "registrytoken", "");
	char *kept = text_copy(scope); /* may be the one that is replaced */

	free(registry->scope);
	registry->scope = kept;
	if (*given) {
		if (!token_is_sane(given)) {
			fail(FAIL_BAD_INPUT, "the registry token of the request is not a token");
		}
		set_authorization(registry, text_format("Bearer %s", given));
	} else if (registry->challenge.scheme == CHALLENGE_BASIC) {
		char *basic = token_basic(registry->auth);
		if (!basic) {
			struct http_reply reply = {.status = 401};
			registry_fail(registry, &reply, "login");
		}
		set_authorization(registry, basic);
	} else if (registry->challenge.scheme == CHALLENGE_BEARER) {
		set_authorization(registry, token_bearer(registry));
	}
}

void registry_close(struct registry *registry)
{
	set_authorization(registry, NULL);
	curl_easy_cleanup(registry->easy);
	free(registry->identity);
	free(registry->scope);
	free(registry->policy.ca_file);
	free(registry->base);
	free(registry->domain);
	*registry = (struct registry){0};
}

void registry_try(struct registry *registry, const char *path, struct http_call *call,
		  struct http_reply *reply)
{
	char *url = registry_url(registry, path);

	call->url = url;
	if (!call->time_limit && !call->length) {
		call->time_limit = CALL_SECONDS;
	}
	for (int attempt = 0; attempt < 2; attempt++) {
		bool is_own = http_same_origin(url, registry->base);
		call->authorization = is_own ? registry->authorization : NULL;
		http_do(registry->easy, &registry->policy, call, reply);
		if (reply->status != 401 || attempt) {
			break;
		}
		if (reply->challenge.scheme != CHALLENGE_NONE) {
			registry->challenge = reply->challenge;
		}
		http_reply_free(reply);
		registry_login(registry, registry->scope ? registry->scope : "");
	}
	free(url);
}

void registry_call(struct registry *registry, const char *path, struct http_call *call,
		   struct http_reply *reply)
{
	registry_try(registry, path, call, reply);
	if (reply->status < 200 || (reply->status >= 400 && reply->status != 404)) {
		registry_fail(registry, reply, path);
	}
}
