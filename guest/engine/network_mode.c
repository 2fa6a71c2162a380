/* SPDX-License-Identifier: Apache-2.0 */
/* Networks without a worker: none, host, that of another container. */
#include "network.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static const char *mode_of(json *spec)
{
	return json_get_string(json_get(spec, "HostConfig"), "NetworkMode", "default");
}

char *network_check(json *host, unsigned *status)
{
	const char *mode = json_get_string(host, "NetworkMode", "default");

	if (!strncmp(mode, "container:", 10)) {
		if (!container_find(mode + 10, NULL)) {
			*status = 404;
			return text_format("No such container: %s", mode + 10);
		}
	}
	return NULL;
}

void network_connect(struct container *container, json *spec, network_done_fn done, void *context)
{
	const char *mode = mode_of(spec);

	if (!strncmp(mode, "container:", 10)) {
		struct container *other = container_find(mode + 10, NULL);
		if (!other || !other->state.is_running) {
			done(context, "the container whose network it shares is not running");
			return;
		}
	}
	(void)container;
	done(context, NULL);
}

void network_disconnect(struct container *container, network_done_fn done, void *context)
{
	(void)container;
	done(context, NULL);
}

void network_adopt(struct container *container)
{
	(void)container;
}

char *network_namespace(struct container *container, json *spec)
{
	const char *mode = mode_of(spec);

	(void)container;
	if (!strcmp(mode, "host")) {
		return NULL;
	}
	if (!strncmp(mode, "container:", 10)) {
		struct container *other = container_find(mode + 10, NULL);
		return other ? text_format("/proc/%d/ns/net", (int)other->state.pid)
			     : text_copy("");
	}
	return text_copy("");
}

char *network_hosts(struct container *container, json *spec)
{
	(void)container;
	(void)spec;
	return text_copy("");
}

char *network_resolver(struct container *container, json *spec)
{
	(void)container;
	(void)spec;
	return NULL;
}

static json *one_endpoint(const char *name)
{
	json *networks = json_object_new_object();
	json *endpoint = json_object_new_object();

	json_set_string(endpoint, "NetworkID", name);
	json_set_string(endpoint, "EndpointID", "");
	json_set_string(endpoint, "Gateway", "");
	json_set_string(endpoint, "IPAddress", "");
	json_set_int(endpoint, "IPPrefixLen", 0);
	json_set_string(endpoint, "MacAddress", "");
	json_set(networks, name, endpoint);
	return networks;
}

json *network_summary(struct container *container, json *spec)
{
	json *summary = json_object_new_object();
	const char *mode = mode_of(spec);

	(void)container;
	json_set(summary, "Networks",
		 !strcmp(mode, "host") || !strcmp(mode, "none") ? one_endpoint(mode)
								: json_object_new_object());
	return summary;
}

json *network_settings(struct container *container, json *spec)
{
	json *settings = network_summary(container, spec);

	json_set_string(settings, "SandboxID", "");
	json_set_string(settings, "SandboxKey", "");
	json_set_string(settings, "Bridge", "");
	json_set_string(settings, "IPAddress", "");
	json_set_string(settings, "Gateway", "");
	json_set_string(settings, "MacAddress", "");
	json_set_int(settings, "IPPrefixLen", 0);
	json_set(settings, "Ports", json_object_new_object());
	return settings;
}

json *network_ports(struct container *container, json *spec)
{
	(void)container;
	(void)spec;
	return json_object_new_array();
}
