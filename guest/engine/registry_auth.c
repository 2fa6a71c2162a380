/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_auth.h"
#include "base64.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_MAX 65536
#define DOCKER_HUB "https://index.docker.io/v1/"

static json *decode(const char *header)
{
	struct text text = {0};
	const char *error;

	if (!header || strlen(header) > HEADER_MAX) {
		return json_object_new_object();
	}
	base64_decode(&text, header);

	json *value = json_parse(text.data, text.length, &error);
	explicit_bzero(text.data, text.length);
	text_free(&text);
	if (json_object_is_type(value, json_type_object)) {
		return value;
	}
	json_object_put(value);
	return json_object_new_object();
}

json *registry_auth(struct request *request)
{
	return decode(request_header(request, "X-Registry-Auth"));
}

json *registry_auths(struct request *request)
{
	return decode(request_header(request, "X-Registry-Config"));
}

/* The host of what people give as a registry's name or address. */
static size_t host_of(const char *server, const char **start)
{
	const char *slashes = strstr(server, "://");

	*start = slashes ? slashes + 3 : server;
	return strcspn(*start, "/");
}

json *registry_auth_for(json *auths, const char *ref)
{
	size_t length = strcspn(ref, "/");
	bool is_hub = length == 9 && !strncmp(ref, "docker.io", 9);

	if (auths) {
		json_object_object_foreach(auths, server, auth)
		{
			const char *start;
			size_t host = host_of(server, &start);
			bool is_same = is_hub ? !strcmp(server, DOCKER_HUB)
					      : host == length && !strncmp(start, ref, length);
			if (is_same && json_object_is_type(auth, json_type_object)) {
				return json_object_get(auth);
			}
		}
	}
	return json_object_new_object();
}
