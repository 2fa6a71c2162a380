/* SPDX-License-Identifier: Apache-2.0 */
/* Is a config.json one that can be acted upon? Pure: looks at nothing but what it is given. */
#pragma once

#include <stdbool.h>
#include "error.h"
#include "json.h"
#include "namespaces.h"

/* Types, ranges and what must be there; what one file alone acts upon is checked where it does. */
int validate_config(json *config, struct error *e);
/* Process of config.json or of exec: args, cwd, env, user. */
int validate_process(json *process, struct error *e);
/* What needs a namespace of its own. */
int validate_namespaces(json *config, const struct namespaces *ns, bool rootless, struct error *e);
