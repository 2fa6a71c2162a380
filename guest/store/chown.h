/* SPDX-License-Identifier: Apache-2.0 */
/* `--chown=USER[:GROUP]` of COPY and ADD: names are those of the root file system. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends with bad-input for a name that is not there. Without a group it is the user's own word. */
void chown_parse(const char *text, int root, uint32_t *uid, uint32_t *gid);
/* The number in a file such as /etc/passwd whose first field is `name`: field 3. Pure. */
bool chown_find(const char *file, const char *name, uint32_t *number);
/* A decimal number below 2^32 - 1 and nothing else. */
bool chown_number(const char *text, size_t length, uint32_t *number);
