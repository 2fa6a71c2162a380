/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define JSON_DEPTH 64

static json *parse_pieces(struct json_tokener *tokener, const struct json_piece *pieces,
			  size_t count, const char **error)
{
	enum json_tokener_error state = json_tokener_continue;
	json *value = NULL;
	size_t i = 0;

	for (; i < count && state == json_tokener_continue; i++) {
		if (pieces[i].length > INT_MAX) {
			return NULL;
		}
		value = json_tokener_parse_ex(tokener, pieces[i].bytes, (int)pieces[i].length);
		state = json_tokener_get_error(tokener);
	}
	/* A number ends only at what follows it. */
	if (state == json_tokener_continue) {
		value = json_tokener_parse_ex(tokener, "", 1);
		state = json_tokener_get_error(tokener);
	}
	*error = state != json_tokener_success ? json_tokener_error_desc(state)
		 : i < count                   ? "there is more behind its end"
					       : NULL;
	if (*error) {
		json_object_put(value);
		return NULL;
	}
	if (!value) {
		*error = "the value is null";
	}
	return value;
}

json *json_parse_pieces(const struct json_piece *pieces, size_t count, const char **error)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	json *value = NULL;

	*error = "out of memory";
	if (tokener) {
		json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
		value = parse_pieces(tokener, pieces, count, error);
		json_tokener_free(tokener);
	}
	return value;
}

json *json_parse(const char *bytes, size_t length, const char **error)
{
	const struct json_piece whole = {bytes, length};

	return json_parse_pieces(&whole, 1, error);
}

json *json_get(json *object, const char *key)
{
	json *value = NULL;

	if (json_object_is_type(object, json_type_object)) {
		json_object_object_get_ex(object, key, &value);
	}
	return value;
}

static json *get_typed(json *object, const char *key, enum json_type type)
{
	json *value = json_get(object, key);

	return json_object_is_type(value, type) ? value : NULL;
}

json *json_get_object(json *object, const char *key)
{
	return get_typed(object, key, json_type_object);
}

json *json_get_array(json *object, const char *key)
{
	return get_typed(object, key, json_type_array);
}

const char *json_get_string(json *object, const char *key, const char *fallback)
{
	json *value = get_typed(object, key, json_type_string);

	return value ? json_object_get_string(value) : fallback;
}

int64_t json_get_int(json *object, const char *key, int64_t fallback)
{
	json *value = get_typed(object, key, json_type_int);

	return value ? json_object_get_int64(value) : fallback;
}

bool json_get_bool(json *object, const char *key, bool fallback)
{
	json *value = get_typed(object, key, json_type_boolean);

	return value ? json_object_get_boolean(value) : fallback;
}

size_t json_count(json *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

json *json_at(json *array, size_t index)
{
	return index < json_count(array) ? json_object_array_get_idx(array, index) : NULL;
}

const char *json_string_at(json *array, size_t index)
{
	json *value = json_at(array, index);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

bool json_has_string(json *array, const char *value)
{
	for (size_t i = 0; i < json_count(array); i++) {
		const char *one = json_string_at(array, i);
		if (one && !strcmp(one, value)) {
			return true;
		}
	}
	return false;
}

void json_set(json *object, const char *key, json *value)
{
	json_object_object_add(object, key, value);
}

void json_set_string(json *object, const char *key, const char *value)
{
	json_set(object, key, value ? json_object_new_string(value) : NULL);
}

void json_set_int(json *object, const char *key, int64_t value)
{
	json_set(object, key, json_object_new_int64(value));
}

void json_set_bool(json *object, const char *key, bool value)
{
	json_set(object, key, json_object_new_boolean(value));
}

void json_append_string(json *array, const char *value)
{
	json_object_array_add(array, json_object_new_string(value));
}

void json_set_owned(json *object, const char *key, char *value)
{
	json_set_string(object, key, value);
	free(value);
}

void json_append_owned(json *array, char *value)
{
	json_append_string(array, value);
	free(value);
}

void json_append_strings(json *array, json *strings)
{
	for (size_t i = 0; i < json_count(strings); i++) {
		const char *value = json_string_at(strings, i);
		if (value) {
			json_append_string(array, value);
		}
	}
}

json *json_pair(const char *key, const char *value)
{
	json *object = json_object_new_object();

	json_set_string(object, key, value);
	return object;
}

json *json_copy(json *value)
{
	json *copy = NULL;

	if (value) {
		json_object_deep_copy(value, &copy, NULL);
	}
	return copy;
}

const char *json_text(json *value)
{
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
							     JSON_C_TO_STRING_NOSLASHESCAPE);
}
