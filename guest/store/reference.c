/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LOWER        "abcdefghijklmnopqrstuvwxyz"
#define UPPER        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS       "0123456789"
#define DEFAULT_HOST "docker.io"
#define OFFICIAL     "library/"
#define PORT_MAX     65535

static bool is_port(const char *text)
{
	unsigned int value = 0;
	size_t length = strspn(text, DIGITS);

	if (length == 0 || length > 5 || text[length]) {
		return false;
	}
	while (*text) {
		value = value * 10 + (unsigned int)(*text++ - '0');
	}
	return value > 0 && value <= PORT_MAX;
}

/* [v6 address] and perhaps a port. */
static bool is_literal(const char *text)
{
	size_t length = strspn(text + 1, DIGITS "abcdefABCDEF:");
	const char *end = text + 1 + length;

	return length >= 2 && *end == ']' && (!end[1] || (end[1] == ':' && is_port(end + 2)));
}

bool reference_is_domain(const char *text)
{
	const char *end = text;

	if (*text == '[') {
		return is_literal(text);
	}
	for (;;) {
		size_t length = strspn(end, LOWER UPPER DIGITS "-");
		if (length == 0 || *end == '-' || end[length - 1] == '-') {
			return false;
		}
		end += length;
		if (*end != '.') {
			break;
		}
		end++;
	}
	return !*end || (*end == ':' && is_port(end + 1));
}

bool reference_is_loopback(const char *domain)
{
	char host[REFERENCE_NAME];
	unsigned int parts[4];
	int used = 0;

	if (strncmp(domain, "[::1]", 5) == 0) {
		return domain[5] == '\0' || domain[5] == ':';
	}
	snprintf(host, sizeof(host), "%.*s", (int)strcspn(domain, ":"), domain);
	if (strcmp(host, "localhost") == 0) {
		return true;
	}
	return strspn(host, DIGITS ".") == strlen(host) &&
	       sscanf(host, "%3u.%3u.%3u.%3u%n", &parts[0], &parts[1], &parts[2], &parts[3],
		      &used) == 4 &&
	       !host[used] && parts[0] == 127 && parts[1] < 256 && parts[2] < 256 && parts[3] < 256;
}

/* One part of a path: words of lower-case letters and digits, between them `.`, `_`, `__`, `-`s. */
static bool is_part(const char *text, size_t length)
{
	size_t at = 0;

	for (;;) {
		size_t word = strspn(text + at, LOWER DIGITS);
		if (word == 0 || at + word > length) {
			return false;
		}
		at += word;
		if (at == length) {
			return true;
		}
		if (text[at] == '-') {
			at += strspn(text + at, "-");
		} else if (text[at] == '_') {
			at += text[at + 1] == '_' ? 2 : 1;
		} else if (text[at] == '.') {
			at++;
		} else {
			return false;
		}
	}
}

static bool is_path(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");
		if (!is_part(path, length)) {
			return false;
		}
		if (!path[length]) {
			return true;
		}
		path += length + 1;
	}
}

static bool is_tag(const char *tag)
{
	return *tag && *tag != '.' && *tag != '-' && strlen(tag) < REFERENCE_TAG &&
	       strspn(tag, LOWER UPPER DIGITS "_.-") == strlen(tag);
}

/* Is the part in front of the first slash a registry? */
static bool names_registry(const char *text, size_t length)
{
	char part[REFERENCE_NAME];

	if (!text[length] || length >= sizeof(part)) {
		return false;
	}
	memcpy(part, text, length);
	part[length] = '\0';
	return strpbrk(part, ".:") || strcmp(part, "localhost") == 0 || strpbrk(part, UPPER);
}

static void split(char *text, struct reference *reference)
{
	size_t length = strcspn(text, "/");

	if (names_registry(text, length)) {
		text[length] = '\0';
		snprintf(reference->domain, sizeof(reference->domain), "%.255s", text);
		text += length + 1;
	} else {
		strcpy(reference->domain, DEFAULT_HOST);
	}
	if (strcmp(reference->domain, "index.docker.io") == 0) {
		strcpy(reference->domain, DEFAULT_HOST);
	}
	bool is_official = strcmp(reference->domain, DEFAULT_HOST) == 0 && !strchr(text, '/');
	snprintf(reference->path, sizeof(reference->path), "%s%.247s", is_official ? OFFICIAL : "",
		 text);
}

bool reference_parse(const char *text, struct reference *reference, const char **why)
{
	char copy[REFERENCE_NAME + REFERENCE_TAG + DIGEST_ROOM];

	*why = NULL;
	memset(reference, 0, sizeof(*reference));
	if (!*text || strlen(text) >= sizeof(copy)) {
		*why = "the name is empty or too long";
		return false;
	}
	strcpy(copy, text);
	char *at = strchr(copy, '@');
	if (at) {
		*at = '\0';
		if (!digest_parse(at + 1, &reference->digest)) {
			*why = "what follows the @ is not a sha256 digest";
			return false;
		}
	}
	char *slash = strrchr(copy, '/');
	char *colon = strrchr(slash ? slash : copy, ':');
	if (colon) {
		*colon = '\0';
		if (!is_tag(colon + 1)) {
			*why = "the tag must be up to 128 letters, digits, '_', '.' and '-'";
			return false;
		}
		strcpy(reference->tag, colon + 1);
	} else if (!at) {
		strcpy(reference->tag, "latest");
	}
	if (strlen(copy) >= REFERENCE_NAME - strlen(OFFICIAL)) {
		*why = "the name is too long";
	} else if (!strchr(copy, '/') && strlen(copy) == DIGEST_HEX &&
		   strspn(copy, DIGITS "abcdef") == DIGEST_HEX) {
		*why = "64 hexadecimal digits are an image's ID, not a name";
	} else {
		split(copy, reference);
		if (!reference_is_domain(reference->domain)) {
			*why = "the registry must be HOST or HOST:PORT";
		} else if (!is_path(reference->path)) {
			*why = "the repository must be lower-case letters, digits and separators";
		}
	}
	return !*why;
}

const char *reference_version(const struct reference *reference)
{
	return reference->digest.text[0] ? reference->digest.text : reference->tag;
}
