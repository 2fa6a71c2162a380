/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Dockerfile as the classic builder reads it: directives, continued lines, comments, flags, JSON
 * (exec) and shell forms. Pure; the text is a stranger's. Source: Docker's "Dockerfile reference".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define DOCKERFILE_MAX       (1 << 20) /* bytes */
#define DOCKERFILE_LINES_MAX 4096      /* instructions */

enum instruction_kind {
	INSTRUCTION_ADD,
	INSTRUCTION_ARG,
	INSTRUCTION_CMD,
	INSTRUCTION_COPY,
	INSTRUCTION_ENTRYPOINT,
	INSTRUCTION_ENV,
	INSTRUCTION_EXPOSE,
	INSTRUCTION_FROM,
	INSTRUCTION_HEALTHCHECK,
	INSTRUCTION_LABEL,
	INSTRUCTION_MAINTAINER,
	INSTRUCTION_ONBUILD,
	INSTRUCTION_RUN,
	INSTRUCTION_SHELL,
	INSTRUCTION_STOPSIGNAL,
	INSTRUCTION_USER,
	INSTRUCTION_VOLUME,
	INSTRUCTION_WORKDIR,
	INSTRUCTION_KINDS,
};

/*
 * What `words` holds, none of them expanded yet:
 *   ADD COPY VOLUME       sources and destination; paths
 *   ENV LABEL             names and values in turn
 *   ARG                   NAME or NAME=VALUE each
 *   EXPOSE                ports
 *   FROM                  image [AS name]
 *   RUN CMD ENTRYPOINT SHELL   is_exec: the arguments; else one word, the shell's line
 *   HEALTHCHECK           NONE, or CMD and then as RUN
 *   ONBUILD               one word, the instruction to be run later
 *   the others            one word
 */
struct instruction {
	enum instruction_kind kind;
	int line;       /* of its first line, from 1 */
	char *original; /* keyword and arguments on one line */
	char **flags;   /* "name=value" or "name", without the dashes */
	size_t flag_count;
	char **words;
	size_t word_count;
	bool is_exec;
};

struct dockerfile {
	struct instruction *instructions;
	size_t count;
	char escape;    /* backslash, or what the directive says */
	char *warnings; /* a line each, or NULL */
	char *error;    /* with the line's number, when parsing failed */
};

/* False: the file is bad, and dockerfile.error says where and why. Free it in both cases. */
bool dockerfile_parse(struct dockerfile *file, const char *bytes, size_t length);
/* One instruction of an ONBUILD trigger, or of the API's `changes`. The same rules. */
bool dockerfile_parse_one(struct dockerfile *file, const char *words);
void dockerfile_free(struct dockerfile *file);

const char *instruction_name(enum instruction_kind kind);
/* The flag's value ("" for a bare flag), or NULL. */
const char *instruction_flag(const struct instruction *instruction, const char *name);

/* Value of a variable, or NULL when it is not set. */
typedef const char *(*dockerfile_lookup)(void *context, const char *name);

/*
 * Quotes are taken away and variables replaced: $a ${a} ${a-w} ${a:-w} ${a+w} ${a:+w} ${a?w}
 * ${a:?w}. Returns fresh memory, or NULL with *error in fresh memory.
 */
char *dockerfile_expand(const char *word, char escape, dockerfile_lookup lookup, void *context,
			char **error);
