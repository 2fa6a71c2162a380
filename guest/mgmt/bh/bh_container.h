/* SPDX-License-Identifier: Apache-2.0 */
/* Docker's words: bh hands them to bh-client, the program that speaks the engine's API. */
#pragma once

#include "bh.h"

/* Whether this is one of the words, or "container" in front of any of them. */
bool bh_is_container_word(const char *name);

/* Runs bh-client in place of this program; returns only when that fails (said). */
int bh_container(struct bh *bh, int argc, char **argv);

/* The words' lines of `bh --help`. */
void bh_container_help(struct bh *bh);
