/* SPDX-License-Identifier: Apache-2.0 */
#include "resolv.h"
#include "text.h"

#include <arpa/inet.h>
#include <string.h>

#define WORDS_MAX 64

static bool is_local(const char *server)
{
	return !strncmp(server, "127.", 4) || !strcmp(server, "::1");
}

/* A line's value when it begins with that key; length without blanks around it. */
static const char *value_of(const char *line, size_t length, const char *key, size_t *size)
{
	size_t skip = strlen(key);

	if (length <= skip || strncmp(line, key, skip) != 0 || !strchr(" \t", line[skip])) {
		return NULL;
	}
	while (skip < length && strchr(" \t", line[skip])) {
		skip++;
	}
	while (length > skip && strchr(" \t\r", line[length - 1])) {
		length--;
	}
	*size = length - skip;
	return line + skip;
}

static bool is_kept(const struct resolv *resolv, const char *line, size_t length)
{
	size_t size;
	const char *server = value_of(line, length, "nameserver", &size);

	if (server) {
		bool is_host_only =
			resolv->has_own_network &&
			(!strncmp(server, "127.", 4) || (size == 3 && !strncmp(server, "::1", 3)));
		return !resolv->resolver && !json_count(resolv->servers) && !is_host_only;
	}
	if (value_of(line, length, "search", &size) || value_of(line, length, "domain", &size)) {
		return !json_count(resolv->search);
	}
	if (value_of(line, length, "options", &size)) {
		return !json_count(resolv->options);
	}
	return length > 0 && *line != '#' && *line != ';';
}

static void add_host_lines(struct text *text, const struct resolv *resolv)
{
	for (const char *line = resolv->host; *line;) {
		size_t length = strcspn(line, "\n");
		if (is_kept(resolv, line, length)) {
			text_add(text, line, length);
			text_puts(text, "\n");
		}
		line += length + (line[length] == '\n');
	}
}

static void add_servers(struct text *text, const struct resolv *resolv)
{
	if (resolv->resolver) {
		text_printf(text, "nameserver %s\n", resolv->resolver);
	}
	for (size_t i = 0; i < json_count(resolv->servers); i++) {
		const char *server = json_string_at(resolv->servers, i);
		if (!resolv->resolver || is_local(server)) {
			text_printf(text, "nameserver %s\n", server);
		}
	}
}

/* One line, as resolv.conf(5) takes the last of several. */
static void add_words(struct text *text, const char *key, json *words)
{
	for (size_t i = 0; i < json_count(words); i++) {
		text_printf(text, "%s%s", i ? " " : key, i ? "" : " ");
		text_puts(text, json_string_at(words, i));
	}
	if (json_count(words)) {
		text_puts(text, "\n");
	}
}

static bool has_ndots(const struct resolv *resolv)
{
	for (size_t i = 0; i < json_count(resolv->options); i++) {
		if (!strncmp(json_string_at(resolv->options, i), "ndots:", 6)) {
			return true;
		}
	}
	return !json_count(resolv->options) && strstr(resolv->host, "ndots:");
}

char *resolv_make(const struct resolv *resolv)
{
	struct text text = {0};
	const char *first = json_count(resolv->search) ? json_string_at(resolv->search, 0) : "";

	text_puts(&text, "");
	add_servers(&text, resolv);
	add_host_lines(&text, resolv);
	if (strcmp(first, ".") != 0) {
		add_words(&text, "search", resolv->search);
	}
	add_words(&text, "options", resolv->options);
	if (resolv->resolver && !has_ndots(resolv)) {
		/* A container's name is a whole one: it is not first tried in the search list. */
		text_puts(&text, "options ndots:0\n");
	}
	return text.data;
}

json *resolv_forwarded(json *servers)
{
	if (!json_count(servers)) {
		return NULL;
	}
	json *list = json_object_new_array();
	for (size_t i = 0; i < json_count(servers); i++) {
		if (!is_local(json_string_at(servers, i))) {
			json_append_string(list, json_string_at(servers, i));
		}
	}
	return list;
}

static char *check_words(json *words, const char *key)
{
	if (json_count(words) > WORDS_MAX) {
		return text_format("HostConfig.%s has more than %d entries", key, WORDS_MAX);
	}
	for (size_t i = 0; i < json_count(words); i++) {
		const char *word = json_string_at(words, i);
		if (!*word || strlen(word) > 255 || strpbrk(word, " \t\r\n#;")) {
			return text_format("invalid entry of HostConfig.%s: '%.60s' is no word",
					   key, word);
		}
	}
	return NULL;
}

char *resolv_check(json *host)
{
	json *servers = json_get(host, "Dns");
	char *error = check_words(servers, "Dns");
	unsigned char address[sizeof(struct in6_addr)];

	for (size_t i = 0; !error && i < json_count(servers); i++) {
		const char *server = json_string_at(servers, i);
		if (inet_pton(AF_INET, server, address) != 1 &&
		    inet_pton(AF_INET6, server, address) != 1) {
			error = text_format("invalid IP address in HostConfig.Dns: %.60s", server);
		}
	}
	error = error ? error : check_words(json_get(host, "DnsSearch"), "DnsSearch");
	return error ? error : check_words(json_get(host, "DnsOptions"), "DnsOptions");
}
