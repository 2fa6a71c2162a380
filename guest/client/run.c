/* SPDX-License-Identifier: Apache-2.0 */
/* run, create, exec, attach: from options to the API's objects, and the terminal. */
#include "client.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* POST that becomes a stream; http is closed by the caller in all cases. */
static int open_stream(struct http *http, const char *path, json *body)
{
	struct http_request request = {
		.method = "POST", .path = path, .body = body, .is_upgrade = true};

	if (!http_send(http, &request) || !http_receive(http) ||
	    (http->status != 101 && http->status != 200)) {
		return client_refused(http);
	}
	return CLIENT_OK;
}

static int create_once(const char *path, json *body, json **answer, bool *is_missing)
{
	struct http http;
	struct http_request request = {.method = "POST", .path = path, .body = body};
	int result = CLIENT_OK;
	struct text text = {0};
	const char *error;

	*is_missing = false;
	if (!http_send(&http, &request) || !http_receive(&http)) {
		result = client_refused(&http);
	} else if (http.status == 404) {
		*is_missing = true;
	} else if (http.status / 100 != 2) {
		result = client_refused(&http);
	} else if (http_read_all(&http, &text)) {
		*answer = json_parse(text.data, text.length, &error);
	}
	text_free(&text);
	http_close(&http);
	return result;
}

/* Creates the container, with the image pulled first where it is not there. */
static int create(struct client *client, char **id)
{
	struct text path = {0};
	json *body = settings_container(client);
	json *answer = NULL;
	bool is_missing = false;
	const char *name = client_value(client, "name");

	text_puts(&path, "/containers/create");
	if (name) {
		text_puts(&path, "?name=");
		http_encode(&path, name);
	}
	int result = body ? create_once(path.data, body, &answer, &is_missing) : CLIENT_USAGE;
	if (result == CLIENT_OK && is_missing) {
		fprintf(stderr, "bh: no image %s here; pulling it\n", client->words[0]);
		result = client_pull_image(client->words[0], true);
		result = result == CLIENT_OK ? create_once(path.data, body, &answer, &is_missing)
					     : result;
		if (result == CLIENT_OK && is_missing) {
			result = client_fail(CLIENT_FAILED, "no image %s", client->words[0]);
		}
	}
	*id = text_copy(json_get_string(answer, "Id", ""));
	for (size_t i = 0; i < json_count(json_get_array(answer, "Warnings")); i++) {
		fprintf(stderr, "bh: %s\n", json_string_at(json_get_array(answer, "Warnings"), i));
	}
	json_object_put(answer);
	json_object_put(body);
	text_free(&path);
	return result;
}

int client_create(struct client *client)
{
	char *id;
	int result = create(client, &id);

	if (result == CLIENT_OK) {
		puts(id);
	}
	free(id);
	return result;
}

int client_wait_status(struct http *wait)
{
	struct text text = {0};
	const char *error;
	int result = CLIENT_FAILED;

	if (!http_receive(wait) || wait->status != 200) {
		result = client_refused(wait);
	} else if (http_read_all(wait, &text)) {
		json *answer = json_parse(text.data, text.length, &error);
		result = (int)json_get_int(answer, "StatusCode", CLIENT_FAILED);
		json_object_put(answer);
	}
	text_free(&text);
	return result;
}

static int start_and_follow(struct client *client, const char *id, struct http *attach,
			    struct http *wait)
{
	bool has_tty = client_has(client, "tty");
	char *start = client_path("containers", id, "/start");
	char *resize = client_path("containers", id, "/resize");
	int result = client_call("POST", start, NULL, NULL);

	if (result == CLIENT_OK) {
		struct client_stream stream = {.http = attach,
					       .has_tty = has_tty,
					       .has_input = client_has(client, "interactive"),
					       .resize_path = resize};
		client_stream(&stream);
		result = client_wait_status(wait);
	}
	free(start);
	free(resize);
	return result;
}

static int run_attached(struct client *client, const char *id)
{
	struct http attach, wait;
	const char *condition = client_has(client, "rm") ? "removed" : "next-exit";
	char *verb = text_format("/attach?stream=1&stdout=1&stderr=1%s",
				 client_has(client, "interactive") ? "&stdin=1" : "");
	char *attach_path = client_path("containers", id, verb);
	char *wait_verb = text_format("/wait?condition=%s", condition);
	char *wait_path = client_path("containers", id, wait_verb);
	struct http_request request = {.method = "POST", .path = wait_path};
	int result = open_stream(&attach, attach_path, NULL);

	if (result == CLIENT_OK) {
		result = http_send(&wait, &request) ? start_and_follow(client, id, &attach, &wait)
						    : client_refused(&wait);
		http_close(&wait);
	}
	http_close(&attach);
	free(verb);
	free(attach_path);
	free(wait_verb);
	free(wait_path);
	return result;
}

int client_run(struct client *client)
{
	char *id;
	int result = create(client, &id);

	if (result == CLIENT_OK && client_has(client, "detach")) {
		char *start = client_path("containers", id, "/start");
		result = client_call("POST", start, NULL, NULL);
		free(start);
		if (result == CLIENT_OK) {
			puts(id);
		}
	} else if (result == CLIENT_OK) {
		result = run_attached(client, id);
	}
	free(id);
	return result;
}

static int exec_status(const char *id)
{
	char *path = client_path("exec", id, "/json");
	json *answer;
	int result = client_call("GET", path, NULL, &answer);

	if (result == CLIENT_OK) {
		result = (int)json_get_int(answer, "ExitCode", CLIENT_FAILED);
	}
	json_object_put(answer);
	free(path);
	return result;
}

static int exec_start(struct client *client, const char *id)
{
	struct http http;
	json *body = json_object_new_object();
	char *path = client_path("exec", id, "/start");
	char *resize = client_path("exec", id, "/resize");
	bool is_detached = client_has(client, "detach");
	int result;

	json_set_bool(body, "Detach", is_detached);
	json_set_bool(body, "Tty", client_has(client, "tty"));
	if (is_detached) {
		result = client_call("POST", path, body, NULL);
	} else {
		result = open_stream(&http, path, body);
		if (result == CLIENT_OK) {
			struct client_stream stream = {.http = &http,
						       .has_tty = client_has(client, "tty"),
						       .has_input =
							       client_has(client, "interactive"),
						       .resize_path = resize};
			client_stream(&stream);
			result = exec_status(id);
		}
		http_close(&http);
	}
	json_object_put(body);
	free(path);
	free(resize);
	return result;
}

int client_exec(struct client *client)
{
	json *body = settings_exec(client);
	char *path = client_path("containers", client->words[0], "/exec");
	json *answer;
	int result = client_call("POST", path, body, &answer);

	if (result == CLIENT_OK) {
		result = exec_start(client, json_get_string(answer, "Id", ""));
	}
	json_object_put(answer);
	json_object_put(body);
	free(path);
	return result;
}

/* The container as it is; *answer is the caller's. */
static int inspect(const char *name, json **answer)
{
	char *path = client_path("containers", name, "/json");
	int result = client_call("GET", path, NULL, answer);

	free(path);
	return result;
}

int client_attach(struct client *client)
{
	const char *name = client->words[0];
	struct http http;
	json *answer;
	int result = inspect(name, &answer);

	if (result == CLIENT_OK) {
		json *config = json_get_object(answer, "Config");
		bool has_input = json_get_bool(config, "OpenStdin", false) &&
				 !client_has(client, "no-stdin");
		char *verb = text_format("/attach?stream=1&stdout=1&stderr=1%s",
					 has_input ? "&stdin=1" : "");
		char *path = client_path("containers", name, verb);
		char *resize = client_path("containers", name, "/resize");
		result = open_stream(&http, path, NULL);
		if (result == CLIENT_OK) {
			struct client_stream stream = {&http, json_get_bool(config, "Tty", false),
						       has_input, resize};
			result = client_stream(&stream);
		}
		http_close(&http);
		free(verb);
		free(path);
		free(resize);
	}
	json_object_put(answer);
	return result;
}

int client_logs(struct client *client)
{
	const char *tail = client_value(client, "tail");
	const char *since = client_value(client, "since");
	json *answer;
	int result = inspect(client->words[0], &answer);
	struct text path = {0};
	struct http http;

	if (result == CLIENT_OK) {
		bool has_tty = json_get_bool(json_get_object(answer, "Config"), "Tty", false);
		char *base = client_path("containers", client->words[0], "/logs?stdout=1&stderr=1");
		text_puts(&path, base);
		text_puts(&path, client_has(client, "follow") ? "&follow=1" : "");
		text_puts(&path, client_has(client, "timestamps") ? "&timestamps=1" : "");
		text_puts(&path, "&tail=");
		http_encode(&path, tail ? tail : "all");
		text_puts(&path, since ? "&since=" : "");
		http_encode(&path, since ? since : "");
		struct http_request request = {.method = "GET", .path = path.data};
		result = !http_send(&http, &request) || !http_receive(&http) || http.status != 200
				 ? client_refused(&http)
				 : client_copy_output(&http, has_tty);
		http_close(&http);
		free(base);
		text_free(&path);
	}
	json_object_put(answer);
	return result;
}
