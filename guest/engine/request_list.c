/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments that stand in a query more than once. */
#include "http_inside.h"

#include <string.h>

struct collect {
	const char *key;
	json *list;
};

static enum MHD_Result add_value(void *context, enum MHD_ValueKind kind, const char *key,
				 const char *value)
{
	struct collect *collect = context;

	(void)kind;
	if (value && !strcmp(key, collect->key)) {
		json_append_string(collect->list, value);
	}
	return MHD_YES;
}

json *request_query_list(struct request *request, const char *key)
{
	struct collect collect = {key, json_object_new_array()};

	if (request->connection) {
		MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, add_value,
					  &collect);
	}
	return collect.list;
}
