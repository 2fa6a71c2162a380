/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_insecure.h"

#include <stdbool.h>
#include <string.h>

#define REGISTRIES_MAX 16

static const char *added[REGISTRIES_MAX];
static size_t count;

int registry_insecure_add(const char *option)
{
	if (count == REGISTRIES_MAX || !*option || option[strcspn(option, "/@ \t")]) {
		return -1;
	}
	added[count++] = option;
	return 0;
}

static bool is_insecure(const char *name)
{
	const char *slashes = strstr(name, "://");
	const char *host = slashes ? slashes + 3 : name;
	size_t length = strcspn(host, "/");

	for (size_t i = 0; i < count; i++) {
		if (strlen(added[i]) == length && strncmp(added[i], host, length) == 0) {
			return true;
		}
	}
	return false;
}

json *registry_request(const char *name, json *auth)
{
	json *request = json_object_new_object();

	json_set(request, "auth", auth);
	json_set_bool(request, "insecure", is_insecure(name));
	return request;
}

static void list_one(json *list, const char *name, bool is_secure)
{
	json *entry = json_object_new_object();

	json_set_string(entry, "Name", name);
	json_set(entry, "Mirrors", json_object_new_array());
	json_set_bool(entry, "Secure", is_secure);
	json_set_bool(entry, "Official", is_secure);
	json_set(list, name, entry);
}

json *registry_insecure_list(void)
{
	json *config = json_object_new_object();
	json *ranges = json_object_new_array();
	json *indexes = json_object_new_object();

	list_one(indexes, "docker.io", true);
	for (size_t i = 0; i < count; i++) {
		list_one(indexes, added[i], false);
	}
	json_append_string(ranges, "127.0.0.0/8");
	json_set(config, "InsecureRegistryCIDRs", ranges);
	json_set(config, "IndexConfigs", indexes);
	json_set(config, "Mirrors", json_object_new_array());
	return config;
}
