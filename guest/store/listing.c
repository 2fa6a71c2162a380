/* SPDX-License-Identifier: Apache-2.0 */
/* `tags` and `search`: what a registry lists, page by page (distribution-spec, "Listing tags";
 * Docker's registry API, "Listing repositories"). */
#include "commands.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "registry.h"
#include "report.h"
#include "store_limits.h"

#define PAGES_MAX   100
#define ENTRIES_MAX 10000
#define RESULTS_MAX 100 /* of a search, as Docker */

/* The URL of the next page, by `Link: <URL>; rel="next"` (RFC 8288); NULL: this was the last. */
static char *next_page(const struct registry *registry, const char *page,
		       const struct http_reply *reply)
{
	const char *end = strchr(reply->link, '>');

	if (reply->link[0] != '<' || !end || !strcasestr(end, "rel=\"next\"")) {
		return NULL;
	}
	char *base = registry_url(registry, page);
	char *relative = text_format("%.*s", (int)(end - reply->link - 1), reply->link + 1);
	char *url = http_resolve(base, relative);
	if (!url || !http_same_origin(url, registry->base)) {
		fail(FAIL_BAD_INPUT, "the registry's next page lies elsewhere: %.200s", relative);
	}
	free(base);
	free(relative);
	return url;
}

static json *page_of(struct registry *registry, const char *page, const char *what,
		     struct http_reply *reply)
{
	struct http_call call = {
		.method = "GET", .accept = "application/json", .limit = LIMIT_DOCUMENT};
	const char *why;

	registry_call(registry, page, &call, reply);
	if (reply->status != 200) {
		registry_fail(registry, reply, what);
	}
	json *value = json_parse(reply->body.data, reply->body.length, &why);
	if (!value) {
		fail(FAIL_BAD_INPUT, "%s: the registry's answer is not JSON: %s", what, why);
	}
	return value;
}

/* Calls `take` for each string of `member` of all pages; it returns false when it has enough. */
static void list_all(struct registry *registry, const char *path, const char *member,
		     const char *what, bool (*take)(void *opaque, const char *entry), void *opaque)
{
	char *page = text_copy(path);
	size_t entries = 0;
	bool goes_on = true;

	for (int pages = 0; page && goes_on; pages++) {
		struct http_reply reply;
		json *value = page_of(registry, page, what, &reply);
		json *list = json_get_array(value, member);
		for (size_t i = 0; goes_on && i < json_count(list); i++) {
			const char *entry = json_string_at(list, i);
			goes_on = !entry || take(opaque, entry);
		}
		entries += json_count(list);
		char *next = next_page(registry, page, &reply);
		if (goes_on && next && (pages >= PAGES_MAX || entries >= ENTRIES_MAX)) {
			fail(FAIL_BAD_INPUT, "%s: the registry's list has no end", what);
		}
		http_reply_free(&reply);
		json_object_put(value);
		free(page);
		page = next;
	}
	free(page);
}

struct tags {
	const char *name;
	json *list;
};

static bool take_tag(void *opaque, const char *entry)
{
	struct tags *tags = opaque;
	char *whole = text_format("%s:%s", tags->name, entry);
	struct reference reference;
	const char *why;

	if (strchr(entry, '@') || !reference_parse(whole, &reference, &why)) {
		fail(FAIL_BAD_INPUT, "the registry lists what is no tag: %.130s", entry);
	}
	if (json_count(tags->list) >= ENTRIES_MAX) {
		fail(FAIL_BAD_INPUT, "the registry lists more than %d tags", ENTRIES_MAX);
	}
	json_append_string(tags->list, entry);
	free(whole);
	return true;
}

void command_tags(const char *argument)
{
	json *request = report_request();
	struct tags tags = {argument, json_object_new_array()};
	struct reference reference;
	struct registry registry;
	const char *why;

	report_doing("cannot list the tags of %s", argument);
	if (!reference_parse(argument, &reference, &why)) {
		fail(FAIL_BAD_INPUT, "%s", why);
	}
	registry_open(&registry, reference.domain, json_get_object(request, "auth"),
		      json_get_bool(request, "insecure", false));
	char *scope = text_format("repository:%s:pull", reference.path);
	char *path = text_format("%s/tags/list", reference.path);
	registry_login(&registry, scope);
	list_all(&registry, path, "tags", "no such repository", take_tag, &tags);
	json *result = json_object_new_object();
	json_set(result, "tags", tags.list);
	report_result(result);
	registry_close(&registry);
	free(scope);
	free(path);
}

struct matches {
	const char *words;
	json *list;
};

static bool take_match(void *opaque, const char *entry)
{
	struct matches *matches = opaque;

	if (strlen(entry) < REFERENCE_NAME && strcasestr(entry, matches->words)) {
		json_append_string(matches->list, entry);
	}
	return json_count(matches->list) < RESULTS_MAX;
}

void command_search(const char *argument)
{
	json *request = report_request();
	size_t length = strcspn(argument, "/");
	char *domain = text_format("%.*s", (int)length, argument);
	struct matches matches = {argument[length] ? argument + length + 1 : "",
				  json_object_new_array()};
	struct registry registry;

	report_doing("cannot search %s", domain);
	if (!reference_is_domain(domain)) {
		fail(FAIL_BAD_INPUT, "it is not HOST or HOST:PORT");
	}
	registry_open(&registry, domain, json_get_object(request, "auth"),
		      json_get_bool(request, "insecure", false));
	registry_login(&registry, "registry:catalog:*");
	list_all(&registry, "_catalog", "repositories", "the catalogue", take_match, &matches);
	json *result = json_object_new_object();
	json_set(result, "names", matches.list);
	report_result(result);
	registry_close(&registry);
	free(domain);
}
