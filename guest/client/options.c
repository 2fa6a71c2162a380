/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines as docker's: -it, -e A=B, --name=x, --name x, -- . */
#include "client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int client_fail(int result, const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fputs("bh: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return result;
}

static int print_help(const struct client_word *word)
{
	printf("usage: bh %s [OPTION...] %s\n%s\n\n", word->name, word->arguments, word->summary);
	for (const struct option_word *option = word->options; option && option->name; option++) {
		char *shown = text_format("--%s%s", option->name,
					  option->kind == OPTION_FLAG ? "" : " X");
		char letter[8] = "    ";
		if (option->letter) {
			snprintf(letter, sizeof(letter), "-%c, ", option->letter);
		}
		printf("  %s%-22s %s\n", letter, shown, option->meaning);
		free(shown);
	}
	printf("      --help                 this text\n\nexample:\n  %s\n", word->example);
	return CLIENT_OK;
}

static const struct option_word *find_name(const struct client_word *word, const char *name,
					   size_t length)
{
	for (const struct option_word *option = word->options; option && option->name; option++) {
		if (strlen(option->name) == length && !strncmp(option->name, name, length)) {
			return option;
		}
	}
	return NULL;
}

static const struct option_word *find_letter(const struct client_word *word, char letter)
{
	for (const struct option_word *option = word->options; option && option->name; option++) {
		if (option->letter == letter) {
			return option;
		}
	}
	return NULL;
}

static void keep(struct client *client, const struct option_word *option, const char *value)
{
	if (option->kind == OPTION_FLAG) {
		json_set_bool(client->options, option->name, !value || strcmp(value, "false") != 0);
	} else if (option->kind == OPTION_VALUE) {
		json_set_string(client->options, option->name, value);
	} else {
		if (!json_get(client->options, option->name)) {
			json_set(client->options, option->name, json_object_new_array());
		}
		json_append_string(json_get(client->options, option->name), value);
	}
}

/* Result of a wrong command line. */
static bool wrong(const struct client_word *word, int *result, const char *what, const char *which)
{
	*result = client_fail(CLIENT_USAGE, "%s: %s%.60s; see `bh %s --help`", word->name, what,
			      which, word->name);
	return false;
}

/* The option argv[*at], with its value if it takes one. */
static bool take_option(struct client *client, const struct client_word *word, int argc,
			char **argv, int *at, int *result)
{
	const char *text = argv[*at];
	bool is_long = text[1] == '-';
	const char *equals = is_long ? strchr(text, '=') : NULL;

	for (const char *letter = text + 1; *letter; letter++) {
		const struct option_word *option =
			is_long ? find_name(word, text + 2,
					    equals ? (size_t)(equals - text - 2) : strlen(text) - 2)
				: find_letter(word, *letter);
		const char *value = is_long ? (equals ? equals + 1 : NULL) : letter + 1;
		if (!option) {
			return wrong(word, result, "no such option: ", text);
		}
		if (option->kind != OPTION_FLAG && (!value || !*value) && !equals) {
			if (*at + 1 == argc) {
				return wrong(word, result, "a value is missing behind ", text);
			}
			value = argv[++*at];
		}
		keep(client, option, option->kind != OPTION_FLAG || is_long ? value : NULL);
		if (is_long || option->kind != OPTION_FLAG) {
			break;
		}
	}
	return true;
}

bool client_parse(struct client *client, const struct client_word *word, int argc, char **argv,
		  int *result)
{
	client->options = json_object_new_object();
	client->words = memory_zeroed((size_t)argc + 1, sizeof(char *));
	client->word_count = 0;
	bool takes_options = true;
	for (int at = 1; at < argc; at++) {
		bool is_option = takes_options && argv[at][0] == '-' && argv[at][1];
		if (is_option && (!strcmp(argv[at], "--help") || !strcmp(argv[at], "-h"))) {
			*result = print_help(word);
			return false;
		}
		if (is_option && !strcmp(argv[at], "--")) {
			takes_options = false;
		} else if (is_option) {
			if (!take_option(client, word, argc, argv, &at, result)) {
				return false;
			}
		} else {
			client->words[client->word_count++] = argv[at];
			takes_options = takes_options && !word->ends_options;
		}
	}
	if (client->word_count < word->words_min) {
		return wrong(word, result, "too few arguments: ", word->arguments);
	}
	if (word->words_max >= 0 && client->word_count > word->words_max) {
		return wrong(word, result, "too many arguments: ", client->words[word->words_max]);
	}
	return true;
}

bool client_has(struct client *client, const char *option)
{
	return json_get_bool(client->options, option, false);
}

const char *client_value(struct client *client, const char *option)
{
	return json_get_string(client->options, option, NULL);
}

json *client_list(struct client *client, const char *option)
{
	return json_get_array(client->options, option);
}

json *client_pairs(struct client *client, const char *option, char separator, bool is_from_here)
{
	json *list = client_list(client, option);
	json *result = json_object_new_object();

	for (size_t i = 0; i < json_count(list); i++) {
		char *name = text_copy(json_string_at(list, i));
		char *value = strchr(name, separator);
		if (value) {
			*value++ = '\0';
		}
		json_set_string(result, name, value ? value : is_from_here ? getenv(name) : "");
		free(name);
	}
	return result;
}
