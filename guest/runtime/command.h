/* SPDX-License-Identifier: Apache-2.0 */
/* What commands share. */
#pragma once

#include "runtime.h"
#include "state.h"

/* The single operand of a command without options; NULL with an error. Answers --help itself. */
const char *command_one_id(struct runtime *rt, int argc, char **argv);
/* "9", "KILL" or "SIGKILL", in any case; -1 for none. */
int command_signal(const char *text);
