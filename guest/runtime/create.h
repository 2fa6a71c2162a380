/* SPDX-License-Identifier: Apache-2.0 */
/* Making containers, and taking them away. runtime-spec, runtime.md "Lifecycle". */
#pragma once

#include "container.h"

/* Makes container `id` of the bundle up to the point where only the start is missing. On failure
 * nothing is left, and the error is in rt->error. */
int create_container(struct container *c, const char *id, const char *bundle);
/* For run without hooks before the start: the word to start is sent while the process still builds,
 * so that neither waits for the other. */
bool create_starts_early(const struct container *c);
/* For run: lets it go on and runs the poststart hooks. */
int create_start(struct container *c);
/* Ends what runs and removes all there is of the container; poststop hooks run when it had a
 * process. `config` may be NULL. */
int create_undo(struct runtime *rt, struct state *s, json *config, bool poststop);
/* The same where its cgroup is open. */
int create_undo_in(struct runtime *rt, struct cgroup *cgroup, struct state *s, json *config,
		   bool poststop);
/* c->host_proc. */
int create_open_proc(struct container *c, struct error *e);
void create_free(struct container *c);
