/* SPDX-License-Identifier: Apache-2.0 */
#include "route.h"
#include "text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static size_t part_length(const char *part)
{
	return strcspn(part, "/");
}

static char *copy_part(const char *bytes, size_t length)
{
	return text_format("%.*s", (int)length, bytes);
}

/* {x...}: as many parts as leave one for each part of the pattern behind it. */
static size_t many_length(const char *path, const char *pattern_rest)
{
	size_t behind = 0;
	size_t length = strlen(path);

	for (const char *c = pattern_rest; *c; c++) {
		behind += *c == '/';
	}
	while (behind && length) {
		length--;
		behind -= path[length] == '/';
	}
	return behind ? 0 : length;
}

/* Both begin behind a slash. */
static bool match_parts(const char *pattern, const char *path, struct route_match *match)
{
	size_t parameter = 0;

	for (;;) {
		size_t pattern_part = part_length(pattern);
		size_t path_part = part_length(path);
		bool is_parameter = *pattern == '{';
		bool is_many = is_parameter && pattern_part > 4 &&
			       !strncmp(pattern + pattern_part - 4, "...}", 4);

		if (is_many) {
			path_part = many_length(path, pattern + pattern_part);
		}
		if (is_parameter) {
			if (!path_part || parameter == ROUTE_PARAMETERS) {
				return false;
			}
			match->parameters[parameter++] = copy_part(path, path_part);
		} else if (pattern_part != path_part || strncmp(pattern, path, path_part) != 0) {
			return false;
		}
		pattern += pattern_part;
		path += path_part;
		if (*pattern != *path || !*pattern) {
			return *pattern == *path;
		}
		pattern++;
		path++;
	}
}

void route_match_free(struct route_match *match)
{
	for (size_t i = 0; i < ROUTE_PARAMETERS; i++) {
		free(match->parameters[i]);
		match->parameters[i] = NULL;
	}
}

void route_find(const struct route_table *tables, size_t count, const char *method,
		const char *path, struct route_match *match)
{
	memset(match, 0, sizeof(*match));
	for (size_t t = 0; t < count && *path == '/'; t++) {
		for (size_t r = 0; r < tables[t].count; r++) {
			const struct route *route = &tables[t].routes[r];
			if (match_parts(route->pattern + 1, path + 1, match)) {
				match->path_known = 1;
				if (!strcmp(route->method, method)) {
					match->route = route;
					return;
				}
			}
			route_match_free(match);
		}
	}
}

const char *route_version(const char *path, unsigned *version)
{
	char *end;

	*version = 0;
	if (path[0] != '/' || path[1] != 'v' || path[2] < '0' || path[2] > '9') {
		return path;
	}
	unsigned long major = strtoul(path + 2, &end, 10);
	if (major > 99 || *end != '.' || end[1] < '0' || end[1] > '9') {
		return path;
	}
	unsigned long minor = strtoul(end + 1, &end, 10);
	if (minor > 99 || (*end != '/' && *end != '\0')) {
		return path;
	}
	*version = (unsigned)(major * 100 + minor);
	return *end ? end : "/";
}
