/* SPDX-License-Identifier: Apache-2.0 */
/* From step to step. */
#include "build.h"
#include "build_open.h"
#include "db.h"
#include "dockerfile_config.h"
#include "image.h"
#include "image_ref.h"
#include "image_routes.h"
#include "text.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void build_gone(void *context)
{
	struct build *build = context;

	if (build->fetching) {
		worker_stop(build->fetching);
	}
}

void build_say(struct build *build, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *words = text_vformat(format, arguments);
	va_end(arguments);
	if (build->is_quiet) {
		free(words);
	} else {
		progress_say(&build->progress, "stream", words);
	}
}

static void end(struct build *build)
{
	progress_end(&build->progress);
	build_free(build);
}

void build_fail(struct build *build, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *words = text_vformat(format, arguments);
	va_end(arguments);
	progress_error(&build->progress, words);
	free(words);
	end(build);
}

void build_done_with(struct build *build, const char *image)
{
	char *copy = text_copy(image);

	free(build->image);
	build->image = copy;
	build_say(build, " ---> %.12s\n", copy + 7);
	build_next(build);
}

static bool tag_all(struct build *build)
{
	bool ok = db_begin(true) == 0;

	for (size_t i = 0; ok && i < json_count(build->tags); i++) {
		ok = image_tag(json_string_at(build->tags, i), build->image) == 0;
	}
	return db_end(ok);
}

static void send_id(struct build *build)
{
	if (build->is_quiet) {
		progress_say(&build->progress, "stream", text_format("%s\n", build->image));
	} else {
		json *line = json_object_new_object();
		json_set(line, "aux", json_pair("ID", build->image));
		progress_send(&build->progress, line);
		json_object_put(line);
	}
}

static void finish(struct build *build)
{
	if (!*build->image) {
		build_fail(build, "no image was generated: the last stage is empty");
		return;
	}
	if (!tag_all(build)) {
		build_fail(build,
			   "the names were not recorded: the engine's database refuses them");
		return;
	}
	send_id(build);
	build_say(build, "Successfully built %.12s\n", build->image + 7);
	for (size_t i = 0; i < json_count(build->tags); i++) {
		char *familiar = image_ref_familiar(json_string_at(build->tags, i));
		build_say(build, "Successfully tagged %s\n", familiar);
		image_event("tag", build->image, familiar);
		free(familiar);
	}
	end(build);
}

/* --label: as a LABEL behind the last instruction. False: there are none (left). */
static bool add_labels(struct build *build)
{
	json *labels = json_get_object(build->config, "Labels");
	struct text words = {0};

	if (!build->labels || !json_object_object_length(build->labels)) {
		return false;
	}
	if (!labels) {
		labels = json_object_new_object();
		json_set(build->config, "Labels", labels);
	}
	text_puts(&words, "/bin/sh -c #(nop)  LABEL");
	json_object_object_foreach(build->labels, name, value)
	{
		json_set(labels, name, json_object_get(value));
		text_printf(&words, " %s=%s", name, json_object_get_string(value));
	}
	json_object_put(build->labels);
	build->labels = NULL;
	free(build->created_by);
	build->created_by = words.data;
	char *cached = build_cached_as(build, words.data);
	if (cached) {
		build_done_with(build, cached);
		free(cached);
	} else {
		build_commit(build, NULL);
	}
	return true;
}

/* --- one instruction --- */
static void set_created_by(struct build *build)
{
	struct text words = {0};

	text_printf(&words, "/bin/sh -c #(nop)  %s", instruction_name(build->instruction->kind));
	for (size_t i = 0; build->words[i]; i++) {
		bool is_value = i % 2 && (build->instruction->kind == INSTRUCTION_ENV ||
					  build->instruction->kind == INSTRUCTION_LABEL);
		text_printf(&words, "%s%s", is_value ? "=" : " ", build->words[i]);
	}
	free(build->created_by);
	build->created_by = words.data;
}

static void change_config(struct build *build)
{
	char *error = dockerfile_config_apply(build->config, build->instruction, build->words,
					      &build->is_cmd_set);

	if (error) {
		build_fail(build, "%s", error);
		free(error);
		return;
	}
	if (build->instruction->kind == INSTRUCTION_MAINTAINER) {
		free(build->author);
		build->author = text_copy(build->words[0]);
	}
	char *cached = build_cached(build, NULL);
	if (cached) {
		build_say(build, " ---> Using cache\n");
		build_done_with(build, cached);
		free(cached);
	} else {
		build_commit(build, NULL);
	}
}

static void take_args(struct build *build)
{
	char *error = build_take_args(build, build->stage_count == 0);

	if (error) {
		build_fail(build, "%s", error);
		free(error);
	} else {
		build_next(build);
	}
}

static void dispatch(struct build *build)
{
	char *error = NULL;
	enum instruction_kind kind = build->instruction->kind;

	build_free_words(build);
	if (!build_expand_words(build, &error)) {
		build_fail(build, "%s: %s", build->instruction->original, error);
		free(error);
		return;
	}
	if (build->stage_count == 0 && kind != INSTRUCTION_FROM && kind != INSTRUCTION_ARG) {
		build_fail(build,
			   "no build stage in current context: %s stands before the first FROM",
			   instruction_name(kind));
		return;
	}
	set_created_by(build);
	if (kind == INSTRUCTION_FROM) {
		build_from(build);
	} else if (kind == INSTRUCTION_ARG) {
		take_args(build);
	} else if (kind == INSTRUCTION_RUN) {
		build_run(build);
	} else if (kind == INSTRUCTION_ADD || kind == INSTRUCTION_COPY) {
		build_copy(build);
	} else {
		change_config(build);
	}
}

/* The next trigger as the instruction at work; false: it is none (failed, said). */
static bool take_trigger(struct build *build)
{
	const char *words = json_string_at(build->trigger_texts, build->next_trigger++);

	dockerfile_free(&build->triggers);
	if (!words || !dockerfile_parse_one(&build->triggers, words)) {
		build_fail(build, "a trigger of the base image: %s",
			   words ? build->triggers.error : "it is no text");
		return false;
	}
	build->instruction = &build->triggers.instructions[0];
	return true;
}

void build_next(struct build *build)
{
	bool is_at_end = build->next == build->file.count || build->step == build->total;

	if (build->progress.is_gone) {
		end(build);
		return;
	}
	if (build->next_trigger < json_count(build->trigger_texts)) {
		if (take_trigger(build)) {
			dispatch(build);
		}
		return;
	}
	if (build->stage_count &&
	    (is_at_end || build->file.instructions[build->next].kind == INSTRUCTION_FROM)) {
		struct build_stage *stage = &build->stages[build->stage_count - 1];
		free(stage->image);
		stage->image = text_copy(build->image);
	}
	if (is_at_end) {
		if (!add_labels(build)) {
			finish(build);
		}
		return;
	}
	build->instruction = &build->file.instructions[build->next++];
	build_say(build, "Step %d/%d : %s\n", ++build->step, build->total,
		  build->instruction->original);
	dispatch(build);
}
