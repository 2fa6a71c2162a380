/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which networks a container shall be in: of HostConfig.NetworkMode and NetworkingConfig, until
 * somebody connects or disconnects it; from then on the spec has the list itself ("Networks").
 */
#include "network_inside.h"

#include <string.h>

#define PLAN_MAX 64

const char *network_mode_of(json *spec)
{
	const char *mode = json_get_string(json_get(spec, "HostConfig"), "NetworkMode", "default");

	return !*mode || !strcmp(mode, "default") ? "bridge" : mode;
}

bool network_mode_has_networks(const char *mode)
{
	return strcmp(mode, "none") != 0 && strcmp(mode, "host") != 0 &&
	       strncmp(mode, "container:", 10) != 0;
}

static void add(json *plan, const char *name, json *config)
{
	json *item = json_object_new_object();

	json_set_string(item, "name", name);
	json_set(item, "config",
		 json_object_is_type(config, json_type_object) ? json_object_get(config)
							       : json_object_new_object());
	json_object_array_add(plan, item);
}

/* The same network by name, ID or a part of it. */
static bool is_same(const char *one, const char *other)
{
	struct network *network = network_find(one);

	return !strcmp(one, other) || (network && network == network_find(other));
}

json *network_plan(json *spec)
{
	json *stored = json_get_array(spec, "Networks");
	const char *mode = network_mode_of(spec);
	json *wanted = json_get_object(json_get(spec, "NetworkingConfig"), "EndpointsConfig");
	json *own = NULL;

	if (stored) {
		return json_object_get(stored);
	}
	json *plan = json_object_new_array();
	if (!network_mode_has_networks(mode)) {
		return plan;
	}
	if (wanted) {
		json_object_object_foreach(wanted, name, config)
		{
			own = is_same(name, mode) || !strcmp(name, "default") ? config : own;
		}
	}
	add(plan, mode, own);
	if (wanted) {
		json_object_object_foreach(wanted, name, config)
		{
			if (!is_same(name, mode) && strcmp(name, "default") != 0 &&
			    json_count(plan) < PLAN_MAX) {
				add(plan, name, config);
			}
		}
	}
	return plan;
}

void network_plan_add(json *spec, const char *name, json *config)
{
	json *plan = network_plan(spec);

	add(plan, name, config);
	json_set(spec, "Networks", plan);
}

bool network_plan_remove(json *spec, const char *name)
{
	json *old = network_plan(spec);
	json *plan = json_object_new_array();
	bool is_found = false;

	for (size_t i = 0; i < json_count(old); i++) {
		json *item = json_at(old, i);
		if (is_same(json_get_string(item, "name", ""), name)) {
			is_found = true;
		} else {
			json_object_array_add(plan, json_object_get(item));
		}
	}
	json_object_put(old);
	json_set(spec, "Networks", plan);
	return is_found;
}
