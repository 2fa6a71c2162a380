/* SPDX-License-Identifier: Apache-2.0 */
/* What the whole engine knows: set by main() before the loop runs, constant then. */
#pragma once

#include <stdbool.h>

#define ENGINE_VERSION     "0.4.0"
#define ENGINE_API_VERSION 150 /* major * 100 + minor */
#define ENGINE_API_MINIMUM 124

#define ENGINE_PATH_MAX 400 /* bytes of --root and --run: SQLite takes 511, bh-network too */

struct engine {
	const char *root;          /* state that stays, absolute */
	const char *run;           /* state until the host's next start, absolute */
	char *bin;                 /* folder of the engine's own program */
	char *id;                  /* of this installation, kept in the database */
	const char *hosts[8];      /* unix://PATH, tcp://127.0.0.1:PORT */
	const char *bridge_device; /* an interface in the default bridge, or NULL */
	bool insecure_tcp;
	bool debug;
};

extern struct engine engine;

/* A line on standard error: what is wrong, for the operator. */
void engine_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* ROOT/relative or RUN/relative, which the caller frees. */
char *engine_root_path(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *engine_run_path(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A program of ours: beside the engine. The caller frees it. */
char *engine_program(const char *name);
