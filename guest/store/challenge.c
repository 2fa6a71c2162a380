/* SPDX-License-Identifier: Apache-2.0 */
#include "challenge.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define TOKEN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"

struct reader {
	const char *next;
	const char *end;
};

static void skip_any(struct reader *reader, const char *set)
{
	while (reader->next < reader->end && *reader->next && strchr(set, *reader->next)) {
		reader->next++;
	}
}

static size_t read_token(struct reader *reader, const char **token)
{
	*token = reader->next;
	skip_any(reader, TOKEN);
	return (size_t)(reader->next - *token);
}

/* A quoted string or a token; false when it does not fit or does not end. */
static bool read_value(struct reader *reader, char *value)
{
	size_t length = 0;
	bool is_quoted = reader->next < reader->end && *reader->next == '"';

	reader->next += is_quoted;
	while (reader->next < reader->end) {
		char c = *reader->next;
		if (is_quoted && c == '"') {
			reader->next++;
			value[length] = '\0';
			return true;
		}
		if (!is_quoted && (!c || !strchr(TOKEN ":/=?", c))) {
			break;
		}
		if (is_quoted && c == '\\' && reader->next + 1 < reader->end) {
			c = *++reader->next;
		}
		if (length + 1 >= CHALLENGE_ROOM || (unsigned char)c < ' ') {
			return false;
		}
		value[length++] = c;
		reader->next++;
	}
	value[length] = '\0';
	return !is_quoted && length > 0;
}

static char *member(struct challenge *challenge, const char *name, size_t length)
{
	static const char *const names[] = {"realm", "service", "scope"};
	char *const rooms[] = {challenge->realm, challenge->service, challenge->scope};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == length && strncasecmp(name, names[i], length) == 0) {
			return rooms[i];
		}
	}
	return NULL;
}

static enum challenge_scheme scheme_of(const char *name, size_t length)
{
	if (length == 5 && strncasecmp(name, "basic", length) == 0) {
		return CHALLENGE_BASIC;
	}
	return length == 6 && strncasecmp(name, "bearer", length) == 0 ? CHALLENGE_BEARER
								       : CHALLENGE_NONE;
}

static void keep(const struct challenge *found, struct challenge *challenge)
{
	bool is_whole = found->scheme == CHALLENGE_BASIC ||
			(found->scheme == CHALLENGE_BEARER && found->realm[0]);

	if (is_whole && found->scheme > challenge->scheme) {
		*challenge = *found;
	}
}

void challenge_read(const char *value, size_t length, struct challenge *challenge)
{
	struct reader reader = {value, value + length};
	struct challenge found = {0};
	char unused[CHALLENGE_ROOM];

	while (reader.next < reader.end) {
		const char *token;
		skip_any(&reader, " \t,");
		size_t size = read_token(&reader, &token);
		if (size == 0) {
			break;
		}
		skip_any(&reader, " \t");
		if (reader.next < reader.end && *reader.next == '=') {
			char *room = member(&found, token, size);
			reader.next++;
			skip_any(&reader, " \t");
			if (!read_value(&reader, room ? room : unused)) {
				found.scheme = CHALLENGE_NONE;
				break;
			}
		} else {
			keep(&found, challenge);
			memset(&found, 0, sizeof(found));
			found.scheme = scheme_of(token, size);
		}
	}
	keep(&found, challenge);
}
