/* SPDX-License-Identifier: Apache-2.0 */
#include "prune.h"
#include "filter.h"
#include "http.h"
#include "moment.h"

#include <string.h>

static const char *unknown_key(json *filter, const char *const *more)
{
	static const char *const common[] = {"label", "label!", "until", NULL};

	json_object_object_foreach(filter, key, value)
	{
		bool is_known = false;
		(void)value;
		for (size_t i = 0; common[i]; i++) {
			is_known = is_known || !strcmp(common[i], key);
		}
		for (size_t i = 0; more[i]; i++) {
			is_known = is_known || !strcmp(more[i], key);
		}
		if (!is_known) {
			return key;
		}
	}
	return NULL;
}

json *prune_filter(struct request *request, const char *const *more, int64_t *until)
{
	const char *error;
	json *filter = filter_parse(request_query(request, "filters"), &error);
	const char *text = filter ? filter_value(filter, "until") : NULL;
	const char *unknown = filter ? unknown_key(filter, more) : NULL;

	*until = INT64_MAX;
	if (!filter) {
		reply_error(request, 400, "invalid filter: %s", error);
	} else if (unknown) {
		reply_error(request, 400, "invalid filter '%.60s'", unknown);
	} else if (text && !moment_parse(text, moment_now(), until)) {
		reply_error(request, 400, "until is \"%.60s\", which is no time", text);
	} else {
		return filter;
	}
	json_object_put(filter);
	return NULL;
}

bool prune_matches(json *filter, json *labels)
{
	json *spared = json_get(filter, "label!");

	for (size_t i = 0; i < json_count(spared); i++) {
		json *one = json_object_new_object();
		json *list = json_object_new_array();
		json_append_string(list, json_string_at(spared, i));
		json_set(one, "label", list);
		bool is_spared = filter_match_labels(one, "label", labels);
		json_object_put(one);
		if (is_spared) {
			return false;
		}
	}
	return filter_match_labels(filter, "label", labels);
}
