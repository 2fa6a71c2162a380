/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Dockerfile's instructions do to an image's "config" section (image-spec, "Image
 * Configuration"). Pure. Errors are fresh memory, NULL is success.
 */
#pragma once

#include "dockerfile.h"
#include "json.h"

/*
 * `words` are the instruction's, expanded. *is_cmd_set: whether this stage has set CMD, which an
 * ENTRYPOINT takes away otherwise. Instructions that change no configuration do nothing.
 */
char *dockerfile_config_apply(json *config, const struct instruction *instruction,
			      char *const *words, bool *is_cmd_set);

/* The API's `changes`, strings with an instruction each: CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK
 * LABEL ONBUILD STOPSIGNAL USER VOLUME WORKDIR. */
char *dockerfile_config_changes(json *config, json *changes);

/* The value of an environment's variable in "Env", or NULL. Borrowed. */
const char *dockerfile_config_env(json *config, const char *name);
