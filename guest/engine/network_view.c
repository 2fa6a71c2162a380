/* SPDX-License-Identifier: Apache-2.0 */
/* What inspect and the lists tell of a container's networks. */
#include "engine.h"
#include "event.h"
#include "network_ip6.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

void network_event(const struct network *network, const char *action, const char *container)
{
	json *attributes = json_object_new_object();

	json_set_string(attributes, "name", network->name);
	json_set_string(attributes, "type", network->is_predefined ? network->name : "bridge");
	if (container) {
		json_set_string(attributes, "container", container);
	}
	event_send("network", action, network->id, NULL, attributes);
}

static json *borrow(json *object, const char *key)
{
	return json_object_get(json_get(object, key));
}

static void set_addresses(json *view, const struct network *network, json *endpoint)
{
	char text[IP_TEXT], text6[IP6_TEXT];
	struct ip6_net net;
	uint32_t address = (uint32_t)json_get_int(endpoint, "address", 0);

	json_set_string(view, "EndpointID", json_get_string(endpoint, "id", ""));
	json_set_string(view, "MacAddress", json_get_string(endpoint, "mac", ""));
	json_set_string(view, "Gateway",
			endpoint && network && !network_is_internal(network)
				? ip_text(network->gateway, text)
				: "");
	json_set_string(view, "IPAddress", address ? ip_text(address, text) : "");
	json_set_int(view, "IPPrefixLen", endpoint && network ? network->prefix : 0);
	const char *address6 = ip6_of_endpoint(network, endpoint, &net, text6);
	json_set_string(view, "GlobalIPv6Address", address6);
	json_set_int(view, "GlobalIPv6PrefixLen", *address6 ? net.prefix : 0);
	bool has_gateway = *address6 && !network_is_internal(network);
	json_set_string(view, "IPv6Gateway", has_gateway ? ip6_text(&net.gateway, text6) : "");
}

/* Names that neighbours find it by. */
static json *dns_names(const struct network *network, const char *id, json *config)
{
	struct container *container = container_find(id, NULL);
	json *aliases = json_get(config, "Aliases");

	if (!network || network->is_predefined || !container) {
		return NULL;
	}
	json *names = json_object_new_array();
	json_append_string(names, container->name);
	json_append_strings(names, aliases);
	json_append_owned(names, text_format("%.12s", container->id));
	return names;
}

static json *network_endpoint_view(const struct network *network, const char *container,
				   json *config, json *endpoint)
{
	json *view = json_object_new_object();

	json_set(view, "IPAMConfig", borrow(config, "IPAMConfig"));
	json_set(view, "Links", borrow(config, "Links"));
	json_set(view, "Aliases", borrow(config, "Aliases"));
	json_set(view, "DriverOpts", borrow(config, "DriverOpts"));
	json_set_string(view, "NetworkID", network ? network->id : "");
	set_addresses(view, network, endpoint);
	json_set(view, "DNSNames", dns_names(network, container, config));
	return view;
}

static json *networks_view(struct container *container, json *spec, json *endpoints)
{
	json *networks = json_object_new_object();
	json *plan = network_plan(spec);
	const char *mode = network_mode_of(spec);

	if (!strcmp(mode, "host") || !strcmp(mode, "none")) {
		json_set(networks, mode,
			 network_endpoint_view(network_find(mode), container->id, NULL, NULL));
	}
	for (size_t i = 0; i < json_count(plan); i++) {
		json *item = json_at(plan, i);
		const char *name = json_get_string(item, "name", "");
		struct network *network = network_find(name);
		json_set(networks, network ? network->name : name,
			 network_endpoint_view(network, container->id, json_get(item, "config"),
					       endpoint_find(endpoints, network)));
	}
	json_object_put(plan);
	return networks;
}

json *network_summary(struct container *container, json *spec)
{
	json *summary = json_object_new_object();
	json *endpoints = endpoints_of_container(container->id);

	json_set(summary, "Networks", networks_view(container, spec, endpoints));
	json_object_put(endpoints);
	return summary;
}

static void add_port(json *ports, json *port)
{
	char *key = text_format("%d/%s", (int)json_get_int(port, "container_port", 0),
				json_get_string(port, "protocol", "tcp"));
	char *host_port = text_format("%d", (int)json_get_int(port, "host_port", 0));
	json *binding = json_object_new_object();
	const char *host = json_get_string(port, "host_ip", "");

	json_set_string(binding, "HostIp", *host ? host : "0.0.0.0");
	json_set_string(binding, "HostPort", host_port);
	json *list = json_get_array(ports, key);
	if (!list) {
		list = json_object_new_array();
		json_set(ports, key, list);
	}
	json_object_array_add(list, binding);
	free(key);
	free(host_port);
}

/* Published ones with their bindings, exposed ones with null. */
static json *ports_view(json *spec, json *endpoints)
{
	json *ports = json_object_new_object();
	json *exposed = json_get_object(json_get(spec, "Config"), "ExposedPorts");

	if (!json_count(endpoints)) {
		return ports;
	}
	for (size_t i = 0; i < json_count(endpoints); i++) {
		json *list = json_get(json_at(endpoints, i), "ports");
		for (size_t k = 0; k < json_count(list); k++) {
			add_port(ports, json_at(list, k));
		}
	}
	if (exposed) {
		json_object_object_foreach(exposed, key, value)
		{
			(void)value;
			if (!json_get(ports, key)) {
				json_set(ports, key, NULL);
			}
		}
	}
	return ports;
}

json *network_settings(struct container *container, json *spec)
{
	json *settings = json_object_new_object();
	json *endpoints = endpoints_of_container(container->id);
	json *bridged = endpoint_find(endpoints, network_find("bridge"));
	char *key = engine_run_path("netns/%s", container->id);
	bool has_any = json_count(endpoints) > 0;

	json_set_string(settings, "Bridge", "");
	json_set_string(settings, "SandboxID", has_any ? container->id : "");
	json_set_string(settings, "SandboxKey", has_any ? key : "");
	free(key);
	json_set(settings, "Ports", ports_view(spec, endpoints));
	json_set_bool(settings, "HairpinMode", false);
	json_set_string(settings, "LinkLocalIPv6Address", "");
	json_set_int(settings, "LinkLocalIPv6PrefixLen", 0);
	json_set(settings, "SecondaryIPAddresses", NULL);
	json_set(settings, "SecondaryIPv6Addresses", NULL);
	set_addresses(settings, network_find("bridge"), bridged);
	json_set(settings, "Networks", networks_view(container, spec, endpoints));
	json_object_put(endpoints);
	return settings;
}

static bool is_published(json *list, int64_t port, const char *protocol)
{
	for (size_t i = 0; i < json_count(list); i++) {
		json *one = json_at(list, i);
		if (json_get_int(one, "PrivatePort", 0) == port &&
		    !strcmp(json_get_string(one, "Type", ""), protocol)) {
			return true;
		}
	}
	return false;
}

static json *port_summary(const char *ip, int64_t private_port, int64_t public_port,
			  const char *protocol)
{
	json *summary = json_object_new_object();

	if (public_port) {
		json_set_string(summary, "IP", *ip ? ip : "0.0.0.0");
	}
	json_set_int(summary, "PrivatePort", private_port);
	if (public_port) {
		json_set_int(summary, "PublicPort", public_port);
	}
	json_set_string(summary, "Type", protocol);
	return summary;
}

static void add_exposed(json *list, json *exposed)
{
	json_object_object_foreach(exposed, key, value)
	{
		unsigned first, last;
		const char *protocol;
		(void)value;
		if (network_port_parse(key, &first, &last, &protocol) &&
		    !is_published(list, first, protocol)) {
			json_object_array_add(list, port_summary("", first, 0, protocol));
		}
	}
}

json *network_ports(struct container *container, json *spec)
{
	json *list = json_object_new_array();
	json *exposed = json_get_object(json_get(spec, "Config"), "ExposedPorts");

	if (!container->state.is_running) {
		return list;
	}
	json *endpoints = endpoints_of_container(container->id);
	for (size_t i = 0; i < json_count(endpoints); i++) {
		json *ports = json_get(json_at(endpoints, i), "ports");
		for (size_t k = 0; k < json_count(ports); k++) {
			json *port = json_at(ports, k);
			json_object_array_add(
				list, port_summary(json_get_string(port, "host_ip", ""),
						   json_get_int(port, "container_port", 0),
						   json_get_int(port, "host_port", 0),
						   json_get_string(port, "protocol", "tcp")));
		}
	}
	if (exposed && json_count(endpoints)) {
		add_exposed(list, exposed);
	}
	json_object_put(endpoints);
	return list;
}
