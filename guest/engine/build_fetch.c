/* SPDX-License-Identifier: Apache-2.0 */
/* What ADD takes from URLs, fetched by a worker into a folder that the copy then reads. */
#include "build_fetch.h"
#include "engine.h"
#include "file.h"
#include "name.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct fetch {
	struct build *build;
	char *folder;
	build_fetch_fn done;
	void *context;
};

static bool is_url(const char *word)
{
	return !strncasecmp(word, "http://", 7) || !strncasecmp(word, "https://", 8);
}

bool build_is_remote(const struct build *build, size_t word)
{
	const struct instruction *one = build->instruction;

	return one->kind == INSTRUCTION_ADD && word + 1 < one->word_count &&
	       is_url(build->words[word]);
}

static json *urls_of(const struct build *build)
{
	json *urls = json_object_new_array();

	for (size_t i = 0; i < build->instruction->word_count; i++) {
		if (build_is_remote(build, i)) {
			json_append_string(urls, build->words[i]);
		}
	}
	return urls;
}

/* Is it the URL of a repository, as BuildKit would clone it? */
static bool is_repository(const char *word)
{
	size_t length = strcspn(word, "#");

	return (is_url(word) && length > 4 && !strncmp(word + length - 4, ".git", 4)) ||
	       !strncmp(word, "git@", 4) || !strncmp(word, "git://", 6);
}

char *build_check_remotes(const struct build *build)
{
	const struct instruction *one = build->instruction;
	const char *checksum = instruction_flag(one, "checksum");
	json *urls = urls_of(build);
	size_t count = json_count(urls);

	json_object_put(urls);
	for (size_t i = 0; i + 1 < one->word_count; i++) {
		if (one->kind == INSTRUCTION_COPY && is_url(build->words[i])) {
			return text_format("source can't be a URL for COPY: %s; ADD takes one",
					   build->words[i]);
		}
		if (one->kind == INSTRUCTION_ADD && is_repository(build->words[i])) {
			return text_format(
				"ADD does not clone repositories: %s; clone it in a RUN, or "
				"give the URL of an archive",
				build->words[i]);
		}
	}
	if (checksum && (count == 0 || one->word_count > 2)) {
		return text_format("checksum can't be specified for %s sources",
				   count ? "multiple" : "non-HTTP(S)");
	}
	return NULL;
}

static void fetch_end(struct fetch *fetch, json *remotes, const char *error)
{
	if (error && file_remove_tree_at(AT_FDCWD, fetch->folder) < 0) {
		engine_log("%s: left over: %s", fetch->folder, strerror(errno));
	}
	fetch->done(fetch->context, remotes, error);
	free(fetch->folder);
	free(fetch);
}

static void on_line(void *context, json *line)
{
	struct fetch *fetch = context;

	if (!fetch->build->is_quiet) {
		progress_send(&fetch->build->progress, line);
	}
}

static void on_fetched(void *context, json *result, const char *error, const char *kind)
{
	struct fetch *fetch = context;
	json *remotes = NULL;

	(void)kind;
	fetch->build->fetching = NULL;
	if (!error) {
		remotes = json_object_new_object();
		json_set_string(remotes, "from", fetch->folder);
		json_set(remotes, "files", json_object_get(json_get(result, "files")));
	}
	fetch_end(fetch, remotes, error);
}

static void start_worker(struct fetch *fetch, const char *checksum)
{
	struct build *build = fetch->build;
	const char *dest = build->words[build->instruction->word_count - 1];
	json *request = json_object_new_object();

	json_set(request, "urls", urls_of(build));
	json_set_string(request, "to", fetch->folder);
	json_set_string(request, "checksum", checksum);
	json_set_bool(request, "needs_name", *dest && dest[strlen(dest) - 1] == '/');
	/* Not as a worker on the store: garbage need not wait for a stranger's server. */
	struct worker_call call = {.arguments = {"fetch"},
				   .request = request,
				   .progress = on_line,
				   .done = on_fetched,
				   .context = fetch};
	struct worker *worker = worker_start(&call);
	if (worker) {
		build->fetching = worker;
	}
}

void build_fetch(struct build *build, build_fetch_fn done, void *context)
{
	const char *flag = instruction_flag(build->instruction, "checksum");
	char id[ID_SIZE];
	char *error = NULL;
	char *checksum = flag ? build_expand(build, flag, &error) : NULL;
	struct fetch *fetch = memory_zeroed(1, sizeof(*fetch));

	*fetch = (struct fetch){build, engine_root_path("tmp/add-%.16s", id_random(id)), done,
				context};
	if (!error && file_make_dirs(fetch->folder, 0700) < 0) {
		error = text_format("no place for what ADD fetches: %s", strerror(errno));
	}
	if (error) {
		fetch_end(fetch, NULL, error);
	} else {
		start_worker(fetch, checksum);
	}
	free(error);
	free(checksum);
}
