/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod's sandbox: the container that a CRI engine makes first, which only keeps the pod's
 * namespaces. No partition is needed for that: it is a container of bh-runtime, beside this
 * program, below the root of this one.
 */
#pragma once

#include <json.h>
#include <stdbool.h>

/* Below --root; no container's ID has this character. */
#define SANDBOX_ROOT "@sandboxes"

/* By the annotations that containerd and CRI-O give. */
bool sandbox_is(json *config);
/* A sandbox of this ID, or what its creation has left. */
bool sandbox_exists(const char *root, const char *id);
/*
 * The words for bh-runtime instead of argv, whose command is at argv[command]: `program`, with a
 * root of its own, which it makes. Free the array and its first and third word.
 */
char **sandbox_words(const char *program, const char *root, int argc, char **argv, int command);
/* Adds bh-runtime's list of those below root, if there are any. */
void sandbox_list(const char *program, const char *root, json *all);
