/* SPDX-License-Identifier: Apache-2.0 */
/* Words that do one thing to each container named. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Calls METHOD /containers/NAME/VERB for each, prints the names that went well. */
static int for_each(struct client *client, const char *method, const char *verb)
{
	int result = CLIENT_OK;

	for (int i = 0; i < client->word_count; i++) {
		char *path = client_path("containers", client->words[i], verb);
		int one = client_call(method, path, NULL, NULL);
		if (one == CLIENT_OK) {
			puts(client->words[i]);
		} else {
			result = one;
		}
		free(path);
	}
	return result;
}

/* VERB?t=SECONDS&signal=NAME by the options. */
static int with_time(struct client *client, const char *verb)
{
	struct text path = {0};
	const char *seconds = client_value(client, "time");
	const char *signal_name = client_value(client, "signal");

	text_printf(&path, "%s?", verb);
	if (seconds) {
		text_puts(&path, "t=");
		http_encode(&path, seconds);
	}
	if (signal_name) {
		text_puts(&path, "&signal=");
		http_encode(&path, signal_name);
	}
	int result = for_each(client, "POST", path.data);
	text_free(&path);
	return result;
}

int client_start(struct client *client)
{
	return for_each(client, "POST", "/start");
}

int client_stop(struct client *client)
{
	return with_time(client, "/stop");
}

int client_restart(struct client *client)
{
	return with_time(client, "/restart");
}

int client_kill(struct client *client)
{
	return with_time(client, "/kill");
}

int client_pause(struct client *client)
{
	return for_each(client, "POST", "/pause");
}

int client_unpause(struct client *client)
{
	return for_each(client, "POST", "/unpause");
}

int client_rm(struct client *client)
{
	char *verb = text_format("?force=%d&v=%d", client_has(client, "force"),
				 client_has(client, "volumes"));
	int result = for_each(client, "DELETE", verb);

	free(verb);
	return result;
}

int client_wait(struct client *client)
{
	int result = CLIENT_OK;

	for (int i = 0; i < client->word_count; i++) {
		char *path = client_path("containers", client->words[i], "/wait");
		json *answer;
		int one = client_call("POST", path, NULL, &answer);
		if (one == CLIENT_OK) {
			printf("%d\n", (int)json_get_int(answer, "StatusCode", -1));
		} else {
			result = one;
		}
		json_object_put(answer);
		free(path);
	}
	return result;
}

/* A container, else an image of that name. */
int client_inspect(struct client *client)
{
	json *all = json_object_new_array();
	int result = CLIENT_OK;

	for (int i = 0; i < client->word_count && result == CLIENT_OK; i++) {
		struct http http;
		char *container = client_path("containers", client->words[i], "/json");
		char *image = client_path("images", client->words[i], "/json");
		struct http_request request = {.method = "GET", .path = container};
		json *answer = NULL;
		bool is_image =
			http_send(&http, &request) && http_receive(&http) && http.status == 404;
		http_close(&http);
		result = client_call("GET", is_image ? image : container, NULL, &answer);
		if (answer) {
			json_object_array_add(all, answer);
		}
		free(container);
		free(image);
	}
	puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
							 JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(all);
	return result;
}
