/* SPDX-License-Identifier: Apache-2.0 */
/* Requests whose answers are short. */
#include "client.h"

#include <stdlib.h>
#include <string.h>

char *client_path(const char *kind, const char *name, const char *verb)
{
	struct text path = {0};

	text_printf(&path, "/%s/", kind);
	http_encode(&path, name);
	text_puts(&path, verb);
	return path.data;
}

int client_refused(struct http *http)
{
	struct text body = {0};
	const char *error;

	if (http->error) {
		return client_fail(http->status ? CLIENT_FAILED : CLIENT_NO_ENGINE, "%s",
				   http->error);
	}
	if (!http_read_all(http, &body)) {
		text_free(&body);
		return client_fail(CLIENT_FAILED, "%s", http->error);
	}
	json *answer = json_parse(body.data, body.length, &error);
	const char *message = json_get_string(answer, "message", NULL);
	int result = message ? client_fail(CLIENT_FAILED, "%s", message)
			     : client_fail(CLIENT_FAILED, "the engine answers with status %d",
					   http->status);
	json_object_put(answer);
	text_free(&body);
	return result;
}

static int read_answer(struct http *http, json **answer)
{
	struct text body = {0};
	const char *error = NULL;
	int result = CLIENT_OK;

	if (!http_read_all(http, &body)) {
		result = client_fail(CLIENT_FAILED, "%s", http->error);
	} else if (answer && body.length) {
		*answer = json_parse(body.data, body.length, &error);
		/* An empty list may be told as null. */
		if (!*answer && strncmp(body.data, "null", 4)) {
			result = client_fail(CLIENT_FAILED, "the engine's answer is not JSON: %s",
					     error);
		}
	}
	text_free(&body);
	return result;
}

int client_call(const char *method, const char *path, json *body, json **answer)
{
	struct http http;
	struct http_request request = {.method = method, .path = path, .body = body};
	int result;

	if (answer) {
		*answer = NULL;
	}
	if (!http_send(&http, &request) || !http_receive(&http) ||
	    (http.status / 100 != 2 && http.status != 304)) {
		result = client_refused(&http);
	} else {
		result = read_answer(&http, answer);
	}
	http_close(&http);
	return result;
}
