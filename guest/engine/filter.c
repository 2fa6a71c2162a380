/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"
#include "text.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static json *values_of(json *value)
{
	json *list = json_object_new_array();

	if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_count(value); i++) {
			const char *text = json_string_at(value, i);
			if (text) {
				json_append_string(list, text);
			}
		}
	} else if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, is_set)
		{
			if (json_object_get_boolean(is_set)) {
				json_append_string(list, key);
			}
		}
	} else {
		json_object_put(list);
		return NULL;
	}
	return list;
}

json *filter_parse(const char *text, const char **error)
{
	json *filter = json_object_new_object();

	*error = NULL;
	if (!text || !*text) {
		return filter;
	}
	json *given = json_parse(text, strlen(text), error);
	if (given && !json_object_is_type(given, json_type_object)) {
		*error = "not an object";
	}
	if (!*error) {
		json_object_object_foreach(given, key, value)
		{
			json *list = values_of(value);
			*error = list ? *error : "a filter is a list of strings";
			json_set(filter, key, list);
		}
	}
	json_object_put(given);
	if (*error) {
		json_object_put(filter);
		return NULL;
	}
	return filter;
}

const char *filter_unknown(json *filter, const char *const *keys)
{
	json_object_object_foreach(filter, key, value)
	{
		size_t i = 0;
		(void)value;
		while (keys[i] && strcmp(keys[i], key) != 0) {
			i++;
		}
		if (!keys[i]) {
			return key;
		}
	}
	return NULL;
}

bool filter_has(json *filter, const char *key)
{
	return json_count(json_get(filter, key)) > 0;
}

static bool match_any(json *filter, const char *key, const char *value,
		      bool (*test)(const char *wanted, const char *value))
{
	json *list = json_get(filter, key);

	for (size_t i = 0; i < json_count(list); i++) {
		if (test(json_string_at(list, i), value)) {
			return true;
		}
	}
	return json_count(list) == 0;
}

static bool is_equal(const char *wanted, const char *value)
{
	return !strcmp(wanted, value);
}

static bool is_prefix(const char *wanted, const char *value)
{
	return !strncmp(wanted, value, strlen(wanted));
}

/* A regular expression is compiled only when it is short: they come from outside. */
static bool is_part(const char *wanted, const char *value)
{
	regex_t expression;

	if (strstr(value, wanted)) {
		return true;
	}
	if (strlen(wanted) > 128 || !strpbrk(wanted, "^$.*[]|") || strpbrk(wanted, "{(\\") ||
	    regcomp(&expression, wanted, REG_EXTENDED | REG_NOSUB) != 0) {
		return false;
	}
	bool found = regexec(&expression, value, 0, NULL, 0) == 0;
	regfree(&expression);
	return found;
}

bool filter_match(json *filter, const char *key, const char *value)
{
	return match_any(filter, key, value, is_equal);
}

bool filter_match_part(json *filter, const char *key, const char *value)
{
	return match_any(filter, key, value, is_part);
}

bool filter_match_prefix(json *filter, const char *key, const char *value)
{
	return match_any(filter, key, value, is_prefix);
}

bool filter_has_label(json *labels, const char *wanted)
{
	const char *equals = strchr(wanted, '=');
	char *name =
		text_format("%.*s", (int)(equals ? equals - wanted : (long)strlen(wanted)), wanted);
	const char *value = json_get_string(labels, name, NULL);

	free(name);
	return value && (!equals || !strcmp(value, equals + 1));
}

bool filter_match_labels(json *filter, const char *key, json *labels)
{
	json *list = json_get(filter, key);

	for (size_t i = 0; i < json_count(list); i++) {
		if (!filter_has_label(labels, json_string_at(list, i))) {
			return false;
		}
	}
	return true;
}

const char *filter_value(json *filter, const char *key)
{
	return json_string_at(json_get(filter, key), 0);
}

bool filter_bool(json *filter, const char *key, bool fallback)
{
	const char *value = filter_value(filter, key);

	if (!value) {
		return fallback;
	}
	return !strcasecmp(value, "true") || !strcmp(value, "1");
}
