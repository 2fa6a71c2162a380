/* SPDX-License-Identifier: Apache-2.0 */
/* The request, the context, the Dockerfile. */
#include "build_open.h"
#include "db.h"
#include "engine.h"
#include "file.h"
#include "image_ref.h"
#include "image_store.h"
#include "in_root.h"
#include "name.h"
#include "query.h"
#include "registry_auth.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IGNORE_MAX (1u << 20)

void build_free(struct build *build)
{
	if (build->container) {
		build_remove_container(build);
	}
	build_free_words(build);
	dockerfile_free(&build->file);
	dockerfile_free(&build->triggers);
	for (size_t i = 0; i < build->stage_count; i++) {
		free(build->stages[i].name);
		free(build->stages[i].image);
	}
	json *values[] = {build->arguments,   build->labels,       build->tags,   build->auths,
			  build->ignore,      build->host,         build->config, build->args,
			  build->global_args, build->trigger_texts};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		json_object_put(values[i]);
	}
	if (build->folder && file_remove_tree_at(AT_FDCWD, build->folder) < 0) {
		engine_log("%s: left over: %s", build->folder, strerror(errno));
	}
	char *texts[] = {build->folder, build->dockerfile_name, build->target,   build->image,
			 build->author, build->created_by,      build->cache_key};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		free(texts[i]);
	}
	free(build);
}

/* A JSON object of the query; an empty one without it. NULL: it is none. */
static json *query_object(struct request *request, const char *key)
{
	const char *text = request_query(request, key);
	const char *error;
	json *value =
		text && *text ? json_parse(text, strlen(text), &error) : json_object_new_object();

	if (value && !json_object_is_type(value, json_type_object)) {
		json_object_put(value);
		return NULL;
	}
	return value;
}

/* Normal names of all `t`; NULL: *wrong is no name. */
static json *query_tags(struct request *request, char **wrong)
{
	json *given = request_query_list(request, "t");
	json *tags = json_object_new_array();

	for (size_t i = 0; i < json_count(given) && !*wrong; i++) {
		char *ref = image_ref_normal(json_string_at(given, i));
		if (ref && !strchr(ref, '@')) {
			json_append_string(tags, ref);
		} else {
			*wrong = text_copy(json_string_at(given, i));
		}
		free(ref);
	}
	json_object_put(given);
	return tags;
}

static void copy_number(struct request *request, const char *key, json *host, const char *member)
{
	const char *text = request_query(request, key);
	long long number = text ? strtoll(text, NULL, 10) : 0;

	if (number > 0) {
		json_set_int(host, member, number);
	}
}

static json *query_host(struct request *request)
{
	json *host = json_object_new_object();
	const char *mode = request_query(request, "networkmode");
	const char *cpus = request_query(request, "cpusetcpus");

	json_set_string(host, "NetworkMode", mode && *mode ? mode : "default");
	if (cpus && *cpus) {
		json_set_string(host, "CpusetCpus", cpus);
	}
	copy_number(request, "memory", host, "Memory");
	copy_number(request, "shmsize", host, "ShmSize");
	copy_number(request, "cpuquota", host, "CpuQuota");
	copy_number(request, "cpuperiod", host, "CpuPeriod");
	copy_number(request, "cpushares", host, "CpuShares");
	return host;
}

/* Why the request cannot be a build; fresh memory, or NULL. */
static char *read_query(struct build *build, struct request *request)
{
	const char *name = request_query(request, "dockerfile");
	const char *target = request_query(request, "target");
	const char *remote = request_query(request, "remote");
	const char *version = request_query(request, "version");
	char *wrong = NULL;

	build->arguments = query_object(request, "buildargs");
	build->labels = query_object(request, "labels");
	build->tags = query_tags(request, &wrong);
	build->auths = registry_auths(request);
	build->host = query_host(request);
	build->dockerfile_name = text_copy(name && *name ? name : "Dockerfile");
	build->target = target && *target ? text_copy(target) : NULL;
	build->has_no_cache = request_query_bool(request, "nocache", false);
	build->is_quiet = request_query_bool(request, "q", false);
	build->pulls = request_query_bool(request, "pull", false);
	build->global_args = json_object_new_object();
	build->args = json_object_new_object();
	build->config = json_object_new_object();
	build->image = text_copy("");
	if (wrong) {
		char *words = text_format("invalid reference format: %s", wrong);
		free(wrong);
		return words;
	}
	if (version && !strcmp(version, "2")) {
		return text_copy("this engine has the classic builder only: set DOCKER_BUILDKIT=0");
	}
	if (remote && *remote) {
		return text_copy("the context must come with the request: clone or download it, "
				 "and give its folder");
	}
	return build->arguments && build->labels
		       ? NULL
		       : text_copy("buildargs and labels must be JSON objects");
}

static json *read_ignore(int context)
{
	struct text text = {0};
	json *list = json_object_new_array();
	int fd = in_root_open_file(context, ".dockerignore");
	char *place = NULL;

	if (fd >= 0 && file_read_fd(fd, &text, IGNORE_MAX) == 0) {
		for (char *line = strtok_r(text.data, "\r\n", &place); line;
		     line = strtok_r(NULL, "\r\n", &place)) {
			line += strspn(line, " \t");
			for (char *last = line + strlen(line);
			     last > line && strchr(" \t", last[-1]);) {
				*--last = '\0';
			}
			if (*line && *line != '#') {
				json_append_string(list, line);
			}
		}
	}
	file_close(fd);
	text_free(&text);
	return list;
}

/* Steps of all stages up to the last that is wanted. */
static int count_steps(const struct build *build, int last)
{
	int stage = -1;

	for (size_t i = 0; i < build->file.count; i++) {
		stage += build->file.instructions[i].kind == INSTRUCTION_FROM;
		if (stage > last) {
			return (int)i;
		}
	}
	return (int)build->file.count;
}

/* Reads and checks the Dockerfile; fresh memory: why not. */
static char *read_dockerfile(struct build *build, int context)
{
	struct text text = {0};
	char *error = NULL;
	int fd = in_root_open_file(context, build->dockerfile_name);

	if (fd < 0 || file_read_fd(fd, &text, DOCKERFILE_MAX) < 0) {
		error = text_format("Cannot locate specified Dockerfile: %s: %s",
				    build->dockerfile_name,
				    errno == EINVAL ? "not a regular file" : strerror(errno));
	} else if (!dockerfile_parse(&build->file, text.data, text.length)) {
		error = text_copy(build->file.error);
	} else {
		int last = build_last_stage(build, &error);
		build->total = last < 0 ? 0 : count_steps(build, last);
	}
	file_close(fd);
	text_free(&text);
	return error;
}

static void refuse(struct build *build, unsigned status, const char *words)
{
	if (build->progress.request) {
		reply_error(build->progress.request, status, "%s", words);
	}
	build_free(build);
}

static void on_context(void *context, json *result, const char *error, const char *kind)
{
	struct build *build = context;

	(void)result;
	if (error) {
		refuse(build, reply_status_of(kind), error);
		return;
	}
	int folder = open(build->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *why = folder < 0 ? text_format("the context has gone: %s", strerror(errno))
			       : read_dockerfile(build, folder);
	build->ignore = folder < 0 ? NULL : read_ignore(folder);
	file_close(folder);
	if (why) {
		refuse(build, 400, why);
		free(why);
		return;
	}
	if (build->file.warnings) {
		build_say(build, "%s", build->file.warnings);
	}
	build_next(build);
}

static void unpack_context(struct build *build, struct request *request)
{
	char id[ID_SIZE];
	struct worker_call call = {.arguments = {"context"}, .done = on_context, .context = build};

	build->folder = engine_root_path("tmp/build-%.16s", id_random(id));
	if (file_make_dirs(build->folder, 0700) < 0) {
		char *words = text_format("no place for the context: %s", strerror(errno));
		refuse(build, 500, words);
		free(words);
	} else if (worker_take_body(request, &call)) {
		call.request = json_pair("to", build->folder);
		image_worker(&call);
	} else {
		build_free(build);
	}
}

static void post_build(struct request *request)
{
	struct build *build = memory_zeroed(1, sizeof(*build));

	build->progress =
		(struct progress){.request = request, .gone = build_gone, .context = build};
	char *why = read_query(build, request);
	if (why) {
		refuse(build, 400, why);
		free(why);
	} else {
		unpack_context(build, request);
	}
}

/* The cache is a table of which image came from which; the images stay. */
static void post_prune(struct request *request)
{
	db_run("DELETE FROM build_cache", "");
	prune_reply(request, "CachesDeleted", NULL, 0);
}

const struct route build_routes[2] = {
	{"POST", "/build", post_build, ROUTE_BODY},
	{"POST", "/build/prune", post_prune, 0},
};
