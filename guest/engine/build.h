/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The classic builder: POST /build. The context is unpacked, the Dockerfile read, and each
 * instruction makes an image of the one before, by itself or by a container that is removed again.
 * One build is one struct, driven by callbacks of the loop from step to step.
 */
#pragma once

#include "container.h"
#include "dockerfile.h"
#include "http.h"
#include "progress.h"
#include "route.h"
#include "worker.h"

#include <stddef.h>

#define BUILD_STAGES 128

extern const struct route build_routes[2];

struct build_stage {
	char *name;  /* of AS, in lower case; or NULL */
	char *image; /* ID of its result, NULL: not yet */
};

struct build {
	struct progress progress;

	/* What was asked for. */
	char *folder; /* ROOT/tmp/build-..., with the context in it */
	char *dockerfile_name;
	char *target;    /* stage, or NULL */
	json *arguments; /* {name: value or null} */
	json *labels;    /* {name: value} */
	json *tags;      /* normal names */
	json *auths;
	json *ignore; /* patterns of .dockerignore */
	json *host;   /* HostConfig of its containers */
	bool has_no_cache;
	bool is_quiet;
	bool pulls;

	/* Where it stands. */
	struct dockerfile file;
	size_t next; /* instruction */
	int step, total;
	struct dockerfile triggers; /* ONBUILD of the base image, one by one */
	json *trigger_texts;
	size_t next_trigger;
	struct build_stage stages[BUILD_STAGES];
	size_t stage_count;
	json *global_args; /* of ARG before the first FROM */

	/* The stage at work. */
	char *image;  /* ID, "" for scratch */
	json *config; /* "config" section */
	char *author;
	json *args; /* {name: value} of ARG in this stage */
	bool is_cmd_set;
	bool is_cache_missed; /* in this stage: nothing is looked up any more */

	/* The instruction at work. */
	const struct instruction *instruction;
	char **words; /* expanded */
	char *created_by;
	char *cache_key;
	struct container *container;
	struct worker *fetching; /* ends when the client goes; or NULL */
};

/* build.c */
/* The client has gone (progress.h): what waits for a stranger's server waits no longer. */
void build_gone(void *context);
/* The next instruction; called when one is done. */
void build_next(struct build *build);
/* Ends it with an error in words. */
void build_fail(struct build *build, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* {"stream": words} */
void build_say(struct build *build, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "---> ID", and the instruction is over. */
void build_done_with(struct build *build, const char *image);

/* build_words.c */
/* Fills build->words; false: *error says why, fresh memory. */
bool build_expand_words(struct build *build, char **error);
void build_free_words(struct build *build);
/* One word with its variables; NULL and *error on failure. */
char *build_expand(struct build *build, const char *word, char **error);
/* Name of a FROM's image, by the global arguments; NULL and *error on failure. */
char *build_expand_from(struct build *build, const char *word, char **error);
/* ARG's words: into the stage's arguments, or the global ones. */
char *build_take_args(struct build *build, bool is_global);
/* Environment of RUN: ENV, and the arguments that it does not set; array of NAME=VALUE. */
json *build_run_env(struct build *build);

/* build_stage.c */
void build_from(struct build *build);
/* A stage by its name or number; -1: none. */
int build_find_stage(const struct build *build, const char *name);
/* Number of the stage to end with; -1 and *error: there is none of that name. */
int build_last_stage(const struct build *build, char **error);

/* build_cache.c */
/* The image that this instruction made of this image before, when its key is the same; else NULL,
 * and the key is kept for build_remember(). `more` is added to the key, may be NULL. */
char *build_cached(struct build *build, const char *more);
/* The same by a key of one's own. */
char *build_cached_as(struct build *build, const char *key);
void build_remember(struct build *build, const char *image);

/* build_commit.c: an image of build->image with build->config; `container` gives its changes, NULL:
 * none. Then build_done_with(). */
void build_commit(struct build *build, struct container *container);

/* build_run.c, build_copy.c */
void build_run(struct build *build);
void build_copy(struct build *build);
/* A container of build->image for one instruction; NULL: failed, said. */
struct container *build_container(struct build *build, json *command);
/* The same of another image; build->container is it, too. */
struct container *build_container_of(struct build *build, const char *image, json *command);
void build_remove_container(struct build *build);
