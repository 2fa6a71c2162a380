/* SPDX-License-Identifier: Apache-2.0 */
/* What the words share: their options, requests with errors said, and the streams of containers. */
#pragma once

#include <stdbool.h>
#include "http.h"
#include "json.h"

/* What it exits with; `run` and `exec` give the container's own status, as docker does. */
enum client_result {
	CLIENT_OK = 0,
	CLIENT_FAILED = 1,
	CLIENT_USAGE = 2,
	CLIENT_NO_ENGINE = 125,
};

enum option_kind { OPTION_FLAG, OPTION_VALUE, OPTION_LIST };
struct option_word {
	char letter; /* 0: none */
	const char *name;
	enum option_kind kind;
	const char *meaning;
};

struct client {
	json *options; /* name: true, "value", or ["value"] */
	char **words;
	int word_count;
};

struct client_word {
	const char *name;
	const char *arguments;
	const char *summary;
	const struct option_word *options; /* ends with a NULL name; NULL: none */
	int words_min;
	int words_max;     /* -1: no end */
	bool ends_options; /* what follows the first argument is another program's */
	int (*run)(struct client *client);
	const char *example;
};
extern const struct client_word client_words[];

/* Fills options and words from argv, which starts with the word's name. False: said, *result set.
 */
bool client_parse(struct client *client, const struct client_word *word, int argc, char **argv,
		  int *result);
bool client_has(struct client *client, const char *option);
const char *client_value(struct client *client, const char *option); /* or NULL */
json *client_list(struct client *client, const char *option);        /* or NULL */
/* The list's words NAME<separator>VALUE as an object, which the caller puts; without a value "", or
 * what the environment here has. */
json *client_pairs(struct client *client, const char *option, char separator, bool is_from_here);

/* Prints `bh: ...` and returns `result`. */
int client_fail(int result, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * A request and its whole answer, which the caller puts (NULL for an empty one). Any status but 2xx
 * and 304 is said with the engine's words. Returns CLIENT_OK or what to exit with.
 */
int client_call(const char *method, const char *path, json *body, json **answer);
/* Says why the request of http failed: its own error, or the engine's message. Returns the result.
 */
int client_refused(struct http *http);
/* "/containers/NAME/VERB?QUERY", NAME encoded; the caller frees it. */
char *client_path(const char *kind, const char *name, const char *verb);

/* X-Registry-Auth for the registry that the image's name is of; fresh memory. auth.c */
char *client_auth(const char *image);
char *client_auth_all(void);

/* Draws a stream of progress messages. Returns CLIENT_FAILED when one is an error. progress.c */
int client_progress(struct http *http, bool is_quiet, char **last_id);

/* Copies the two-way stream until its end: raw with a tty, else in frames. stream.c */
struct client_stream {
	struct http *http; /* upgraded, headers read */
	bool has_tty;
	bool has_input;
	const char *resize_path; /* of the tty, without the query; or NULL */
};
int client_stream(struct client_stream *stream);
/* One-way: frames (or raw bytes) of an ordinary answer. */
int client_copy_output(struct http *http, bool is_raw);
/* The container's exit status by POST /wait, which must have been sent before the start. */
int client_wait_status(struct http *wait);

int client_run(struct client *client);
int client_create(struct client *client);
int client_exec(struct client *client);
int client_attach(struct client *client);
int client_logs(struct client *client);
int client_start(struct client *client);
int client_stop(struct client *client);
int client_restart(struct client *client);
int client_kill(struct client *client);
int client_pause(struct client *client);
int client_unpause(struct client *client);
int client_rm(struct client *client);
int client_wait(struct client *client);
int client_ps(struct client *client);
int client_images(struct client *client);
int client_inspect(struct client *client);
int client_pull(struct client *client);
int client_push(struct client *client);
int client_rmi(struct client *client);
int client_tag(struct client *client);
int client_commit(struct client *client);
int client_login(struct client *client);
int client_logout(struct client *client);
int client_build(struct client *client);
