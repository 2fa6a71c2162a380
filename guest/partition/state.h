/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a container: a folder ROOT/ID with state.json and the socket `control`. */
#pragma once

#include <json.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define STATE_ID_MAX 255u

enum state_status { STATE_CREATING, STATE_CREATED, STATE_RUNNING, STATE_PAUSED, STATE_STOPPED };
extern const char *const state_words[]; /* by enum state_status, runtime-spec's words */

/* An ID as runc has them: letters, digits, and _+-. but no "." or "..". */
bool state_is_id(const char *id);
/* The folder; it is made, or EEXIST. -1 with errno. */
int state_make(const char *root, const char *id);
int state_open(const char *root, const char *id);
/* NULL with errno: it cannot be read. */
json *state_load(int dir);
bool state_save(int dir, json *state);
void state_remove(const char *root, const char *id);
/* Its process: still the one that was noted (pid and start time). */
bool state_is_alive(json *state);
/* Clock ticks after boot at which a process has started; 0: it is none. */
uint64_t state_start_time(pid_t pid);
/* Now, as RFC 3339; free it. */
char *state_now(void);
