/* SPDX-License-Identifier: Apache-2.0 */
/* FROM: where a stage begins. */
#include "build.h"
#include "image.h"
#include "image_ref.h"
#include "image_routes.h"
#include "registry_auth.h"
#include "text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int build_find_stage(const struct build *build, const char *name)
{
	char *end;
	long number = strtol(name, &end, 10);

	/* The last of a name counts. */
	for (size_t i = build->stage_count; i-- > 0;) {
		if (build->stages[i].name && !strcasecmp(build->stages[i].name, name)) {
			return (int)i;
		}
	}
	return *name && !*end && number >= 0 && (size_t)number < build->stage_count ? (int)number
										    : -1;
}

int build_last_stage(const struct build *build, char **error)
{
	int stage = -1;
	int found = -1;
	char *end = NULL;
	long number = build->target ? strtol(build->target, &end, 10) : -1;

	for (size_t i = 0; i < build->file.count; i++) {
		const struct instruction *one = &build->file.instructions[i];
		if (one->kind != INSTRUCTION_FROM) {
			continue;
		}
		stage++;
		bool is_named = build->target && one->word_count == 3 &&
				!strcasecmp(one->words[2], build->target);
		bool is_numbered = build->target && *build->target && !*end && number == stage;
		if (is_named || is_numbered) {
			found = stage;
		}
	}
	if (stage < 0 || stage >= BUILD_STAGES) {
		*error = text_copy(
			stage < 0 ? "no build stage in current context: the Dockerfile has no FROM"
				  : "the Dockerfile has too many stages");
		return -1;
	}
	if (build->target && found < 0) {
		*error =
			text_format("failed to reach build target %s in Dockerfile", build->target);
		return -1;
	}
	return build->target ? found : stage;
}

/* The stage goes on from the image, whose ONBUILD triggers come first. */
static void start_on(struct build *build, const char *id)
{
	json *image = *id ? image_load(id) : NULL;
	json *config = image_run_config(image);

	json_object_put(build->config);
	build->config = config ? json_copy(config) : json_object_new_object();
	free(build->author);
	build->author = text_copy(json_get_string(json_get(image, "config"), "author", ""));
	free(build->image);
	build->image = text_copy(id);
	json_object_put(build->trigger_texts);
	json *triggers = json_get_array(build->config, "OnBuild");
	build->trigger_texts = triggers ? json_object_get(triggers) : NULL;
	build->next_trigger = 0;
	json_object_object_del(build->config, "OnBuild");
	json_object_put(image);
	if (*id) {
		build_say(build, " ---> %.12s\n", id + 7);
	} else {
		build_say(build, " ---> \n");
	}
	if (json_count(build->trigger_texts)) {
		size_t count = json_count(build->trigger_texts);
		build_say(build, "# Executing %zu build trigger%s\n", count, count == 1 ? "" : "s");
	}
	build_next(build);
}

static void on_pull_line(void *context, json *line)
{
	struct build *build = context;

	progress_send(&build->progress, line);
}

static void on_pulled(void *context, const char *error, const char *kind)
{
	struct build *build = context;
	char *name = build->words[0];
	char *id = error ? NULL : image_find(name, NULL);

	(void)kind;
	if (id) {
		start_on(build, id);
	} else {
		build_fail(build, "%s", error ? error : "the image that was pulled is gone again");
	}
	free(id);
}

static void add_stage(struct build *build)
{
	const struct instruction *one = build->instruction;
	struct build_stage *stage = &build->stages[build->stage_count++];

	stage->name = one->word_count == 3 ? text_copy(one->words[2]) : NULL;
	stage->image = NULL;
	json_object_put(build->args);
	build->args = json_object_new_object();
	build->is_cmd_set = false;
	build->is_cache_missed = false;
}

void build_from(struct build *build)
{
	char *error = NULL;
	char *name = build_expand_from(build, build->instruction->words[0], &error);
	int stage = name ? build_find_stage(build, name) : -1;

	add_stage(build);
	if (!name || !*name) {
		build_fail(build, "%s",
			   error ? error
				 : "base name is empty: an ARG that FROM uses has no value");
		free(error);
		free(name);
		return;
	}
	free(build->words[0]);
	build->words[0] = name;
	bool is_named = stage >= 0 && !isdigit((unsigned char)name[0]);
	char *ref = image_ref_normal(name);
	char *id = is_named       ? text_copy(build->stages[stage].image)
		   : build->pulls ? NULL
				  : image_find(name, NULL);
	if (!strcmp(name, "scratch")) {
		start_on(build, "");
	} else if (id) {
		start_on(build, id);
	} else if (ref) {
		image_pull(ref, registry_auth_for(build->auths, ref), NULL, on_pull_line, on_pulled,
			   build);
	} else {
		build_fail(build, "invalid reference format: %s", name);
	}
	free(id);
	free(ref);
}
