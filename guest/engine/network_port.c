/* SPDX-License-Identifier: Apache-2.0 */
/* Published ports: from the API's words to bh-network's. */
#include "network_inside.h"
#include "text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PORTS_MAX 4096 /* bh-network's bound */

static const char *port_number(const char *text, unsigned *number)
{
	unsigned value = 0;
	const char *next = text;

	for (; isdigit((unsigned char)*next) && next - text < 5; next++) {
		value = value * 10 + (unsigned)(*next - '0');
	}
	*number = value;
	return next == text || value > 65535 ? NULL : next;
}

bool network_port_parse(const char *text, unsigned *first, unsigned *last, const char **protocol)
{
	static const char *const protocols[] = {"tcp", "udp", "sctp"};
	const char *next = port_number(text, first);

	*last = *first;
	*protocol = protocols[0];
	if (next && *next == '-') {
		next = port_number(next + 1, last);
	}
	if (!next || *last < *first) {
		return false;
	}
	if (*next == '\0') {
		return true;
	}
	for (size_t i = 0; *next == '/' && i < 3; i++) {
		if (!strcmp(next + 1, protocols[i])) {
			*protocol = protocols[i];
			return true;
		}
	}
	return false;
}

static json *make(const char *host_ip, const char *host_port, unsigned first, unsigned last,
		  const char *protocol)
{
	json *port = json_object_new_object();
	char *container =
		last > first ? text_format("%u-%u", first, last) : text_format("%u", first);

	json_set_string(port, "host_ip", host_ip);
	if (*host_port) {
		json_set_string(port, "host_port", host_port);
	}
	json_set_string(port, "container_port", container);
	json_set_string(port, "protocol", protocol);
	free(container);
	return port;
}

static void add_bindings(json *list, const char *key, json *bindings)
{
	unsigned first, last;
	const char *protocol;

	if (!network_port_parse(key, &first, &last, &protocol)) {
		return;
	}
	for (size_t i = 0; i < json_count(bindings) && json_count(list) < PORTS_MAX; i++) {
		json *binding = json_at(bindings, i);
		json_object_array_add(list, make(json_get_string(binding, "HostIp", ""),
						 json_get_string(binding, "HostPort", ""), first,
						 last, protocol));
	}
}

/* One of no address of IPv4: dockerd gives such ports to IPv6 alone, which our networks have not.
 */
json *network_port_requests(json *spec)
{
	json *host = json_get(spec, "HostConfig");
	json *bindings = json_get_object(host, "PortBindings");
	json *exposed = json_get_object(json_get(spec, "Config"), "ExposedPorts");
	json *list = json_object_new_array();

	if (bindings) {
		json_object_object_foreach(bindings, key, value)
		{
			add_bindings(list, key, value);
		}
	}
	if (exposed && json_get_bool(host, "PublishAllPorts", false)) {
		json_object_object_foreach(exposed, key, value)
		{
			unsigned first, last;
			const char *protocol;
			(void)value;
			if (!json_count(json_get(bindings, key)) &&
			    network_port_parse(key, &first, &last, &protocol)) {
				json_object_array_add(list, make("", "", first, last, protocol));
			}
		}
	}
	return list;
}

static char *check_binding(const char *key, json *binding)
{
	const char *ip = json_get_string(binding, "HostIp", "");
	const char *port = json_get_string(binding, "HostPort", "");
	const char *protocol;
	unsigned first, last;
	uint32_t address;

	if (*port && (!network_port_parse(port, &first, &last, &protocol) || strchr(port, '/'))) {
		return text_format("invalid port specification: \"%.40s\"", port);
	}
	if (*ip && !ip_parse(ip, &address) && strcmp(ip, "::") != 0) {
		return text_format("%.40s: \"%.60s\" is no IPv4 address of this host", key, ip);
	}
	return NULL;
}

char *network_port_check(json *host)
{
	json *bindings = json_get_object(host, "PortBindings");
	char *error = NULL;

	if (!bindings) {
		return NULL;
	}
	json_object_object_foreach(bindings, key, list)
	{
		unsigned first, last;
		const char *protocol;
		if (!network_port_parse(key, &first, &last, &protocol) || first == 0) {
			return text_format("invalid port specification: \"%.40s\"", key);
		}
		for (size_t i = 0; i < json_count(list) && !error; i++) {
			error = check_binding(key, json_at(list, i));
		}
		if (error) {
			return error;
		}
	}
	return NULL;
}
