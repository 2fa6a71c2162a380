/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle's config.json (runtime-spec), as far as a partition can be that. */
#pragma once

#include "resources.h"

#include <json.h>
#include <stdbool.h>
#include <text.h>

struct bundle {
	json *config;
	char *path; /* of the bundle, absolute */
	int root;   /* its root file system; -1 */
	bool has_terminal;
	bool has_network;
	int holder; /* of the card in the network namespace; -1 */
	struct resources limits;
	const char *kernel;  /* annotation bulkhead.kernel, or NULL */
	const char *cmdline; /* annotation bulkhead.cmdline, or "" */
	struct text setup;   /* spec.h */
	struct text spec;    /* of the container's process */
};

/* Its config.json alone, or NULL. */
json *bundle_peek(const char *path);
/* False: *error says what is wrong; free it. */
bool bundle_read(const char *path, struct bundle *bundle, char **error);
/* Files and folders that are copied in: calls `copy` for each; false as it does. */
bool bundle_each_copy(const struct bundle *bundle,
		      bool (*copy)(void *context, const char *source, const char *destination),
		      void *context);
void bundle_drop(struct bundle *bundle);

/* The records of a process object; false: *why, a constant. */
bool bundle_process(json *process, struct text *spec, const char **why);
/* Adds a record. */
void bundle_record(struct text *spec, char letter, const char *value);
