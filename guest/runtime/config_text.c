/* SPDX-License-Identifier: Apache-2.0 */
/* Finding linux.seccomp in config.json. */
#include "config_text.h"

#include <string.h>

struct part {
	const char *at;
	const char *end;
};

static void skip_blank(struct part *p)
{
	while (p->at < p->end &&
	       (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')) {
		p->at++;
	}
}

static bool begins_with(const struct part *p, char byte)
{
	return p->at < p->end && *p->at == byte;
}

/* Of a string at its first quote. False: it does not end. */
static bool skip_string(struct part *p, bool *is_plain)
{
	*is_plain = true;
	for (p->at++; p->at < p->end && *p->at != '"'; p->at++) {
		if (*p->at == '\\') {
			*is_plain = false;
			p->at++;
		}
	}
	return p->at++ < p->end;
}

/* To the comma or bracket behind it. */
static bool skip_value(struct part *p)
{
	unsigned depth = 0;
	bool is_plain;

	while (p->at < p->end) {
		char byte = *p->at;
		if (byte == '"') {
			if (!skip_string(p, &is_plain)) {
				return false;
			}
			continue;
		}
		bool closes = byte == '}' || byte == ']';
		if (!depth && (closes || byte == ',')) {
			return true;
		}
		depth += byte == '{' || byte == '[';
		depth -= closes;
		p->at++;
	}
	return false;
}

static bool read_name(struct part *p, struct part *name)
{
	bool is_plain;

	skip_blank(p);
	if (!begins_with(p, '"')) {
		return false;
	}
	name->at = p->at + 1;
	if (!skip_string(p, &is_plain) || !is_plain) {
		return false;
	}
	name->end = p->at - 1;
	skip_blank(p);
	return begins_with(p, ':');
}

/* The one member of that name of the object that `p` begins with. */
static bool find_member(struct part p, const char *key, struct part *value)
{
	struct part name;
	size_t length = strlen(key);
	bool is_found = false;

	if (!begins_with(&p, '{')) {
		return false;
	}
	do {
		p.at++;
		if (!read_name(&p, &name)) {
			return false;
		}
		p.at++;
		skip_blank(&p);
		const char *begin = p.at;
		if (!skip_value(&p)) {
			return false;
		}
		if ((size_t)(name.end - name.at) == length && !memcmp(name.at, key, length)) {
			if (is_found) {
				return false;
			}
			is_found = true;
			*value = (struct part){begin, p.at};
		}
	} while (*p.at == ',');
	return is_found && *p.at == '}';
}

bool config_seccomp_text(const char *text, size_t length, const char **begin, size_t *size)
{
	struct part config = {text, text + length}, linux_config, seccomp;

	/* The parser ends at a zero byte. */
	if (memchr(text, '\0', length)) {
		return false;
	}
	skip_blank(&config);
	if (!find_member(config, "linux", &linux_config) ||
	    !find_member(linux_config, "seccomp", &seccomp) || !begins_with(&seccomp, '{')) {
		return false;
	}
	*begin = seccomp.at;
	*size = (size_t)(seccomp.end - seccomp.at);
	return true;
}

json *config_parse(const char *text, size_t length, const char *cache_dir,
		   struct seccomp_filter *filter, const char **error)
{
	const char *profile;
	size_t size;

	if (!config_seccomp_text(text, length, &profile, &size) ||
	    seccomp_load_text(profile, size, cache_dir, filter) < 0) {
		return json_parse(text, length, error);
	}
	const struct json_piece pieces[] = {
		{text, (size_t)(profile - text)},
		{"{}", 2},
		{profile + size, (size_t)(text + length - profile) - size}};
	json *config = json_parse_pieces(pieces, 3, error);
	if (!config) {
		seccomp_free(filter);
	}
	return config;
}
