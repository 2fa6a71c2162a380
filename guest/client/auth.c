/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials, in docker's own file: $DOCKER_CONFIG/config.json, else ~/.docker/config.json. */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include "base64.h"
#include "file.h"

#define DEFAULT_SERVER "https://index.docker.io/v1/"
#define FILE_MAX       (1u << 20)

static char *config_path(void)
{
	const char *folder = getenv("DOCKER_CONFIG");
	const char *home = getenv("HOME");

	return folder ? text_format("%s/config.json", folder)
		      : text_format("%s/.docker/config.json", home ? home : "");
}

static json *read_config(void)
{
	char *path = config_path();
	struct text text = {0};
	const char *error;
	json *config = NULL;

	if (file_read_at(AT_FDCWD, path, &text, FILE_MAX) == 0) {
		config = json_parse(text.data, text.length, &error);
	}
	text_free(&text);
	free(path);
	return config ? config : json_object_new_object();
}

static int write_config(json *config)
{
	char *path = config_path();
	char *folder = text_copy(path);
	const char *words = json_text(config);
	int result = CLIENT_OK;

	*strrchr(folder, '/') = '\0';
	if (file_make_dirs(folder, 0700) < 0 ||
	    file_replace_at(AT_FDCWD, path, words, strlen(words), 0600, 0) < 0) {
		result = client_fail(CLIENT_FAILED, "cannot write %s: %s", path, strerror(errno));
	}
	free(folder);
	free(path);
	return result;
}

/* The registry of an image's name: what stands before the first slash, if it looks like a host. */
static char *server_of(const char *image)
{
	size_t length = strcspn(image, "/");
	bool is_host = image[length] && (memchr(image, '.', length) || memchr(image, ':', length) ||
					 !strncmp(image, "localhost", length));

	return is_host ? text_format("%.*s", (int)length, image) : text_copy(DEFAULT_SERVER);
}

/* An entry of the file as the API's AuthConfig. */
static json *auth_object(const char *server, json *entry)
{
	json *result = json_object_new_object();
	const char *packed = json_get_string(entry, "auth", NULL);
	const char *token = json_get_string(entry, "identitytoken", NULL);

	if (packed) {
		struct text pair = {0};
		base64_decode(&pair, packed);
		char *colon = strchr(pair.data, ':');
		if (colon) {
			*colon = '\0';
			json_set_string(result, "username", pair.data);
			json_set_string(result, "password", colon + 1);
		}
		text_free(&pair);
	}
	if (token) {
		json_set_string(result, "identitytoken", token);
	}
	json_set_string(result, "serveraddress", server);
	return result;
}

char *client_auth(const char *image)
{
	json *config = read_config();
	char *server = server_of(image);
	json *auth = auth_object(server, json_get_object(json_get_object(config, "auths"), server));
	char *result = base64_encode(json_text(auth), true);

	json_object_put(auth);
	json_object_put(config);
	free(server);
	return result;
}

char *client_auth_all(void)
{
	json *config = read_config();
	json *all = json_object_new_object();
	json *auths = json_get_object(config, "auths");

	if (auths) {
		json_object_object_foreach(auths, server, entry)
		{
			json_set(all, server, auth_object(server, entry));
		}
	}
	char *result = base64_encode(json_text(all), true);
	json_object_put(all);
	json_object_put(config);
	return result;
}

/* A line from standard input, without echo on a terminal; fresh memory. */
static char *read_secret(const char *prompt)
{
	struct termios kept, quiet;
	bool is_terminal = tcgetattr(STDIN_FILENO, &kept) == 0;
	char line[4096];

	if (is_terminal) {
		fputs(prompt, stderr);
		quiet = kept;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	if (!fgets(line, sizeof(line), stdin)) {
		line[0] = '\0';
	}
	if (is_terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &kept);
		fputc('\n', stderr);
	}
	line[strcspn(line, "\r\n")] = '\0';
	return text_copy(line);
}

static int keep_login(const char *server, const char *user, const char *password, const char *token)
{
	json *config = read_config();
	json *entry = json_object_new_object();
	char *pair = text_format("%s:%s", user, token ? "" : password);
	char *packed = base64_encode(pair, false);

	json_set_string(entry, "auth", packed);
	if (token) {
		json_set_string(entry, "identitytoken", token);
	}
	if (!json_get_object(config, "auths")) {
		json_set(config, "auths", json_object_new_object());
	}
	json_set(json_get_object(config, "auths"), server, entry);
	int result = write_config(config);
	json_object_put(config);
	free(pair);
	free(packed);
	return result;
}

int client_login(struct client *client)
{
	const char *server = client->word_count ? client->words[0] : DEFAULT_SERVER;
	const char *user = client_value(client, "username");
	const char *given = client_value(client, "password");
	json *body = json_object_new_object();
	json *answer;

	if (!user) {
		json_object_put(body);
		return client_fail(
			CLIENT_USAGE,
			"login: say who: -u NAME, and the password with --password-stdin");
	}
	char *password = given ? text_copy(given) : read_secret("Password: ");
	json_set_string(body, "username", user);
	json_set_string(body, "password", password);
	json_set_string(body, "serveraddress", server);
	int result = client_call("POST", "/auth", body, &answer);
	if (result == CLIENT_OK) {
		const char *token = json_get_string(answer, "IdentityToken", "");
		result = keep_login(server, user, password, *token ? token : NULL);
		puts(json_get_string(answer, "Status", "Login Succeeded"));
	}
	explicit_bzero(password, strlen(password));
	free(password);
	json_object_put(answer);
	json_object_put(body);
	return result;
}

int client_logout(struct client *client)
{
	const char *server = client->word_count ? client->words[0] : DEFAULT_SERVER;
	json *config = read_config();
	json *auths = json_get_object(config, "auths");
	int result = CLIENT_OK;

	if (json_get(auths, server)) {
		json_object_object_del(auths, server);
		result = write_config(config);
		printf("Removing login credentials for %s\n", server);
	} else {
		printf("Not logged in to %s\n", server);
	}
	json_object_put(config);
	return result;
}
