/* SPDX-License-Identifier: Apache-2.0 */
/* Variables of a build: ARG and ENV. */
#include "build.h"
#include "dockerfile_config.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* Arguments that every build knows, and that leave no trace in its image. */
static const char *const known[] = {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy",
				    "FTP_PROXY",  "ftp_proxy",  "NO_PROXY",    "no_proxy",
				    "ALL_PROXY",  "all_proxy"};

static const char *look_up(void *context, const char *name)
{
	struct build *build = context;
	const char *value = dockerfile_config_env(build->config, name);

	return value ? value : json_get_string(build->args, name, NULL);
}

static const char *look_up_global(void *context, const char *name)
{
	struct build *build = context;

	return json_get_string(build->global_args, name, NULL);
}

/* Those whose words are the container's shell's, or a later build's. */
static bool is_literal(enum instruction_kind kind)
{
	return kind == INSTRUCTION_RUN || kind == INSTRUCTION_CMD ||
	       kind == INSTRUCTION_ENTRYPOINT || kind == INSTRUCTION_SHELL ||
	       kind == INSTRUCTION_ONBUILD || kind == INSTRUCTION_HEALTHCHECK ||
	       kind == INSTRUCTION_FROM || kind == INSTRUCTION_ARG ||
	       kind == INSTRUCTION_MAINTAINER;
}

char *build_expand(struct build *build, const char *word, char **error)
{
	return dockerfile_expand(word, build->file.escape, look_up, build, error);
}

bool build_expand_words(struct build *build, char **error)
{
	const struct instruction *one = build->instruction;

	build->words = memory_zeroed(one->word_count + 1, sizeof(char *));
	for (size_t i = 0; i < one->word_count; i++) {
		build->words[i] = is_literal(one->kind) ? text_copy(one->words[i])
							: build_expand(build, one->words[i], error);
		if (!build->words[i]) {
			return false;
		}
	}
	return true;
}

void build_free_words(struct build *build)
{
	for (size_t i = 0; build->words && build->words[i]; i++) {
		free(build->words[i]);
	}
	free(build->words);
	build->words = NULL;
}

char *build_expand_from(struct build *build, const char *word, char **error)
{
	return dockerfile_expand(word, build->file.escape, look_up_global, build, error);
}

/* One NAME or NAME=DEFAULT; what the client gave comes first. */
static char *take_arg(struct build *build, const char *word, bool is_global)
{
	const char *equals = strchr(word, '=');
	char *name =
		text_format("%.*s", (int)(equals ? (size_t)(equals - word) : strlen(word)), word);
	const char *given = json_get_string(build->arguments, name, NULL);
	const char *global = json_get_string(build->global_args, name, NULL);
	char *error = NULL;
	char *expanded =
		equals ? dockerfile_expand(equals + 1, build->file.escape,
					   is_global ? look_up_global : look_up, build, &error)
		       : NULL;
	const char *value = given ? given : expanded ? expanded : is_global ? NULL : global;

	if (value && !error) {
		json_set_string(is_global ? build->global_args : build->args, name, value);
	}
	free(expanded);
	free(name);
	return error;
}

char *build_take_args(struct build *build, bool is_global)
{
	char *error = NULL;

	for (size_t i = 0; !error && i < build->instruction->word_count; i++) {
		error = take_arg(build, build->instruction->words[i], is_global);
	}
	return error;
}

json *build_run_env(struct build *build)
{
	json *list = json_object_new_array();
	json *env = json_get_array(build->config, "Env");

	json_append_strings(list, env);
	json_object_object_foreach(build->args, name, value)
	{
		if (!dockerfile_config_env(build->config, name)) {
			char *pair = text_format("%s=%s", name, json_object_get_string(value));
			json_append_string(list, pair);
			free(pair);
		}
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const char *given = json_get_string(build->arguments, known[i], NULL);
		if (given && !json_get(build->args, known[i])) {
			char *pair = text_format("%s=%s", known[i], given);
			json_append_string(list, pair);
			free(pair);
		}
	}
	return list;
}
