/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API's filters: {"label":["a=b"],"status":["running"]}, or the older {"label":{"a=b":true}}.
 * Different keys are all asked for, values of one key are alternatives (labels: all of them).
 */
#pragma once

#include "json.h"

/* NULL text gives an empty filter. NULL: it is none, *error says why. The caller puts it. */
json *filter_parse(const char *text, const char **error);
/* Each key of the filter is one of `keys` (ending in NULL); else the wrong one, borrowed. */
const char *filter_unknown(json *filter, const char *const *keys);

bool filter_has(json *filter, const char *key);
/* True without the key, or when one of its values is `value`. */
bool filter_match(json *filter, const char *key, const char *value);
/* The same; a value may be a part of `value`, or an expression ^...$. */
bool filter_match_part(json *filter, const char *key, const char *value);
/* The same; a value may be a beginning of `value`. */
bool filter_match_prefix(json *filter, const char *key, const char *value);
/* All values (NAME or NAME=VALUE) hold for the object of labels. */
bool filter_match_labels(json *filter, const char *key, json *labels);
/* NAME is there, or NAME=VALUE. */
bool filter_has_label(json *labels, const char *wanted);
/* true, 1 / false, 0; the fallback without the key. */
bool filter_bool(json *filter, const char *key, bool fallback);
/* The first value, or NULL. */
const char *filter_value(json *filter, const char *key);
