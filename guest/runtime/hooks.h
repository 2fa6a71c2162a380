/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks. runtime-spec, config.md "POSIX-platform Hooks". */
#pragma once

#include "json.h"
#include "runtime.h"
#include "state.h"

/* Runs hooks.NAME in order, each with the state on its standard input. The first failure ends it:
 * -1 with the error. `status` is what the state says. */
int hooks_run(json *config, const char *name, const struct state *s, enum state_status status,
	      struct error *e);
/* There are hooks between the namespaces and the start: prestart, createRuntime, createContainer.
 */
bool hooks_before_start(json *config);
/* The same as hooks_run() for hooks whose failure is a warning: all of them run. */
void hooks_run_all(struct runtime *rt, json *config, const char *name, const struct state *s);
