/* SPDX-License-Identifier: Apache-2.0 */
#include "image_ref.h"
#include "text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DOCKER_IO      "docker.io/"
#define LIBRARY        "library/"
#define DOCKER_LIBRARY "docker.io/library/"
#define REPOSITORY_MAX 255
#define TAG_MAX        128

/* Where ":tag" or "@digest" begins, or the end. */
static const char *suffix_of(const char *name)
{
	const char *at = strchr(name, '@');
	const char *slash = strrchr(name, '/');
	const char *colon = strchr(slash ? slash : name, ':');

	if (at && (!colon || at < colon)) {
		return at;
	}
	return colon ? colon : name + strlen(name);
}

static bool is_digest(const char *text)
{
	return !strncmp(text, "sha256:", 7) && strlen(text) == 71 &&
	       strspn(text + 7, "0123456789abcdef") == 64;
}

static bool is_tag(const char *text, size_t length)
{
	if (!length || length > TAG_MAX || text[0] == '.' || text[0] == '-') {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr("_.-", text[i])) {
			return false;
		}
	}
	return true;
}

/* The first part names a host when it has a dot or a port, or is localhost. */
static size_t host_length(const char *name)
{
	const char *slash = strchr(name, '/');
	size_t length = slash ? (size_t)(slash - name) : 0;

	if (!slash) {
		return 0;
	}
	if (memchr(name, '.', length) || memchr(name, ':', length) ||
	    (length == 9 && !strncmp(name, "localhost", 9))) {
		return length + 1;
	}
	return 0;
}

/* NAME[.NAME...][:PORT] or [IPv6][:PORT] */
static bool is_host(const char *host, size_t length)
{
	if (length && !isalnum((unsigned char)host[0]) && host[0] != '[') {
		return false;
	}
	if (memmem(host, length, "..", 2)) {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)host[i]) && !strchr(".-:[]", host[i])) {
			return false;
		}
	}
	return true;
}

/* Parts of lower-case letters and digits, joined inside by . _ __ or dashes. */
static bool is_path(const char *path, size_t length)
{
	if (!length) {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		bool is_word = islower((unsigned char)path[i]) || isdigit((unsigned char)path[i]);
		bool is_edge =
			i == 0 || i + 1 == length || path[i - 1] == '/' || path[i + 1] == '/';
		if (!is_word && (is_edge || !strchr("._-/", path[i]))) {
			return false;
		}
		if (path[i] == '/' && is_edge &&
		    (i == 0 || i + 1 == length || path[i + 1] == '/')) {
			return false;
		}
	}
	return true;
}

char *image_ref_normal(const char *name)
{
	const char *suffix = suffix_of(name);
	size_t host = host_length(name);
	size_t length = (size_t)(suffix - name);
	const char *digest = strchr(suffix, '@');
	size_t tag_length = digest ? (size_t)(digest - suffix) : strlen(suffix);

	if (host > length || !is_host(name, host ? host - 1 : 0) ||
	    !is_path(name + host, length - host) || (digest && !is_digest(digest + 1)) ||
	    (tag_length && !is_tag(suffix + 1, tag_length - 1))) {
		return NULL;
	}
	if (!host && length == 64 && strspn(name, "0123456789abcdef") == 64) {
		return NULL; /* would be taken for an id */
	}
	const char *prefix = "";
	if (host == strlen(DOCKER_IO) && !strncmp(name, DOCKER_IO, host)) {
		name += host;
		length -= host;
		host = 0;
	}
	if (!host) {
		prefix = memchr(name, '/', length) ? DOCKER_IO : DOCKER_LIBRARY;
	}
	if (strlen(prefix) + length > REPOSITORY_MAX) {
		return NULL;
	}
	const char *end = digest ? digest : *suffix ? suffix : ":latest";
	return text_format("%s%.*s%s", prefix, (int)length, name, end);
}

char *image_ref_join(const char *repo, const char *tag)
{
	const char *separator = !tag || !*tag ? "" : strchr(tag, ':') ? "@" : ":";

	return text_format("%s%s%s", repo ? repo : "", separator, tag ? tag : "");
}

char *image_ref_familiar(const char *ref)
{
	const char *path = ref;

	if (!strncmp(ref, DOCKER_IO, strlen(DOCKER_IO))) {
		path = ref + strlen(DOCKER_IO);
		if (!strncmp(path, LIBRARY, strlen(LIBRARY)) &&
		    !strchr(path + strlen(LIBRARY), '/')) {
			path += strlen(LIBRARY);
		} else if (host_length(path) || !strncmp(path, LIBRARY, strlen(LIBRARY))) {
			path = ref; /* without the host it would mean something else */
		}
	}
	return text_copy(path);
}

bool image_ref_has_version(const char *name)
{
	return *suffix_of(name);
}

char *image_ref_repository(const char *ref)
{
	return text_format("%.*s", (int)(suffix_of(ref) - ref), ref);
}

const char *image_ref_tag(const char *ref)
{
	const char *suffix = suffix_of(ref);

	return *suffix ? suffix + 1 : suffix;
}
