/* SPDX-License-Identifier: Apache-2.0 */
/* pull push rmi tag commit build. */
#include "client.h"
#include "settings.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "spawn.h"

/* "name:tag" in two; the tag's colon stands behind the last slash, a digest stays whole. */
static void split_tag(const char *image, char **name, char **tag)
{
	const char *slash = strrchr(image, '/');
	const char *at = strchr(image, '@');
	const char *colon = at ? at : strchr(slash ? slash : image, ':');

	*name = text_format("%.*s", colon ? (int)(colon - image) : (int)strlen(image), image);
	*tag = text_copy(colon ? colon + 1 : "latest");
}

static int progress_call(const struct http_request *request, bool is_quiet)
{
	struct http http;
	int result;

	if (!http_send(&http, request) || !http_receive(&http) || http.status != 200) {
		result = client_refused(&http);
	} else {
		result = client_progress(&http, is_quiet, NULL);
	}
	http_close(&http);
	return result;
}

int client_pull_image(const char *image, bool is_quiet)
{
	struct text path = {0};
	char *name, *tag;
	char *auth = client_auth(image);

	split_tag(image, &name, &tag);
	text_puts(&path, "/images/create?fromImage=");
	http_encode(&path, name);
	text_puts(&path, "&tag=");
	http_encode(&path, tag);
	struct http_request request = {.method = "POST", .path = path.data, .auth = auth};
	int result = progress_call(&request, is_quiet);
	text_free(&path);
	free(name);
	free(tag);
	free(auth);
	return result;
}

int client_pull(struct client *client)
{
	return client_pull_image(client->words[0], client_has(client, "quiet"));
}

int client_push(struct client *client)
{
	char *name, *tag;
	char *auth = client_auth(client->words[0]);

	split_tag(client->words[0], &name, &tag);
	struct text path = {0};
	char *base = client_path("images", name, "/push?tag=");
	text_puts(&path, base);
	http_encode(&path, tag);
	struct http_request request = {.method = "POST", .path = path.data, .auth = auth};
	int result = progress_call(&request, client_has(client, "quiet"));
	text_free(&path);
	free(base);
	free(name);
	free(tag);
	free(auth);
	return result;
}

static int remove_image(const char *name, bool is_forced)
{
	char *path = client_path("images", name, is_forced ? "?force=1" : "");
	json *answer;
	int result = client_call("DELETE", path, NULL, &answer);

	for (size_t i = 0; i < json_count(answer); i++) {
		json *one = json_at(answer, i);
		const char *untagged = json_get_string(one, "Untagged", NULL);
		printf("%s: %s\n", untagged ? "Untagged" : "Deleted",
		       untagged ? untagged : json_get_string(one, "Deleted", ""));
	}
	json_object_put(answer);
	free(path);
	return result;
}

int client_rmi(struct client *client)
{
	int result = CLIENT_OK;

	for (int i = 0; i < client->word_count; i++) {
		int one = remove_image(client->words[i], client_has(client, "force"));
		result = one == CLIENT_OK ? result : one;
	}
	return result;
}

/* "?repo=NAME&tag=TAG" */
static void add_target(struct text *path, const char *image)
{
	char *name, *tag;

	split_tag(image, &name, &tag);
	text_puts(path, "repo=");
	http_encode(path, name);
	text_puts(path, "&tag=");
	http_encode(path, tag);
	free(name);
	free(tag);
}

int client_tag(struct client *client)
{
	struct text path = {0};
	char *base = client_path("images", client->words[0], "/tag?");

	text_puts(&path, base);
	add_target(&path, client->words[1]);
	int result = client_call("POST", path.data, NULL, NULL);
	text_free(&path);
	free(base);
	return result;
}

static void add_query(struct text *path, const char *key, const char *value)
{
	if (value) {
		text_printf(path, "&%s=", key);
		http_encode(path, value);
	}
}

int client_commit(struct client *client)
{
	struct text path = {0};
	json *answer;

	text_puts(&path, "/commit?container=");
	http_encode(&path, client->words[0]);
	if (client->word_count > 1) {
		text_puts(&path, "&");
		add_target(&path, client->words[1]);
	}
	add_query(&path, "comment", client_value(client, "message"));
	add_query(&path, "author", client_value(client, "author"));
	json *changes = client_list(client, "change");
	for (size_t i = 0; i < json_count(changes); i++) {
		add_query(&path, "changes", json_string_at(changes, i));
	}
	add_query(&path, "pause", client_value(client, "pause"));
	int result = client_call("POST", path.data, NULL, &answer);
	if (result == CLIENT_OK) {
		puts(json_get_string(answer, "Id", ""));
	}
	json_object_put(answer);
	text_free(&path);
	return result;
}

static char *build_path(struct client *client)
{
	struct text path = {0};
	json *arguments = client_pairs(client, "build-arg", '=', true);
	json *list = client_list(client, "tag");

	text_puts(&path, "/build?rm=1");
	if (json_object_object_length(arguments)) {
		add_query(&path, "buildargs", json_text(arguments));
	}
	for (size_t i = 0; i < json_count(list); i++) {
		add_query(&path, "t", json_string_at(list, i));
	}
	add_query(&path, "dockerfile", client_value(client, "file"));
	add_query(&path, "target", client_value(client, "target"));
	add_query(&path, "nocache", client_has(client, "no-cache") ? "1" : NULL);
	add_query(&path, "pull", client_has(client, "pull") ? "1" : NULL);
	json_object_put(arguments);
	return path.data;
}

/* The context, packed by tar(1), in chunks. */
static bool send_context(struct http *http, const char *folder, int *status)
{
	int ends[2];
	char *argv[] = {"tar", "-c", "-f", "-", "-C", (char *)folder, ".", NULL};
	char block[65536];
	ssize_t count;
	bool ok = true;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return false;
	}
	struct spawn_fd fds[] = {{ends[1], 1}, {STDERR_FILENO, 2}};
	struct spawn spawn = {.path = "tar", .argv = argv, .fds = fds, .fd_count = 2};
	pid_t pid = spawn_start(&spawn, NULL);
	close(ends[1]);
	while (ok && pid > 0 && (count = read(ends[0], block, sizeof(block))) > 0) {
		ok = http_send_chunk(http, block, (size_t)count);
	}
	close(ends[0]);
	*status = pid > 0 ? spawn_wait(pid) : -1;
	return ok && *status == 0 && http_send_chunk(http, "", 0);
}

int client_build(struct client *client)
{
	char *path = build_path(client);
	char *config = client_auth_all();
	struct http http;
	struct http_request request = {
		.method = "POST", .path = path, .type = "application/x-tar", .config = config};
	int status = 0;
	int result;

	if (!http_send(&http, &request)) {
		result = client_refused(&http);
	} else if (!send_context(&http, client->words[0], &status) && status != 0) {
		result = client_fail(CLIENT_FAILED, "cannot pack %s: tar ended with %d",
				     client->words[0], status);
	} else {
		/* An engine that refuses may answer before it has read all. */
		free(http.error);
		http.error = NULL;
		result = !http_receive(&http) || http.status != 200
				 ? client_refused(&http)
				 : client_progress(&http, client_has(client, "quiet"), NULL);
	}
	http_close(&http);
	free(config);
	free(path);
	return result;
}
