/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"
#include "filter.h"
#include "http.h"
#include "moment.h"

#include <string.h>

json *query_filter(struct request *request, const char *const *known)
{
	const char *error;
	json *filter = filter_parse(request_query(request, "filters"), &error);
	const char *unknown = filter && known ? filter_unknown(filter, known) : NULL;

	if (!filter) {
		reply_error(request, 400, "invalid filter: %s", error);
	} else if (unknown) {
		reply_error(request, 400, "invalid filter '%.60s'", unknown);
		json_object_put(filter);
		return NULL;
	}
	return filter;
}

bool query_moment(struct request *request, const char *key, int64_t *moment)
{
	const char *text = request_query(request, key);

	if (text && *text && !moment_parse(text, moment_now(), moment)) {
		reply_error(request, 400, "%s is \"%.60s\", which is no time", key, text);
		return false;
	}
	return true;
}

json *prune_filter(struct request *request, const char *const *known, int64_t *until)
{
	json *filter = query_filter(request, known);
	const char *text = filter ? filter_value(filter, "until") : NULL;

	*until = INT64_MAX;
	if (text && !moment_parse(text, moment_now(), until)) {
		reply_error(request, 400, "until is \"%.60s\", which is no time", text);
		json_object_put(filter);
		return NULL;
	}
	return filter;
}

bool prune_matches(json *filter, json *labels)
{
	json *spared = json_get(filter, "label!");

	for (size_t i = 0; i < json_count(spared); i++) {
		if (filter_has_label(labels, json_string_at(spared, i))) {
			return false;
		}
	}
	return filter_match_labels(filter, "label", labels);
}

void prune_reply(struct request *request, const char *key, json *removed, int64_t bytes)
{
	json *reply = json_object_new_object();

	json_set(reply, key, removed);
	json_set_int(reply, "SpaceReclaimed", bytes);
	reply_json(request, 200, reply);
}
