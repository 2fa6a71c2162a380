/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of the checks of config.json, between validate.c and validate_parts.c. */
#pragma once

#include <stdbool.h>
#include "error.h"
#include "json.h"

/* The member, if it is there (it must be when `required`), has the type. `where` is "process." and
 * so on, for the message. */
int validate_type(json *object, const char *where, const char *key, enum json_type type,
		  bool required, struct error *e);
/* The member, if it is there, is an array of strings. */
int validate_strings(json *object, const char *where, const char *key, struct error *e);

int validate_mounts(json *config, struct error *e);
int validate_hooks(json *config, struct error *e);
int validate_annotations(json *config, struct error *e);
int validate_linux(json *linux_config, struct error *e);
