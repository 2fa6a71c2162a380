/* SPDX-License-Identifier: Apache-2.0 */
/* What a container's /etc/hosts and resolv.conf say of its networks. */
#include "engine.h"
#include "network_inside.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static bool is_one_line(const char *text)
{
	return !strpbrk(text, "\r\n");
}

static void add_own(struct text *text, json *endpoints, json *spec)
{
	json *config = json_get(spec, "Config");
	const char *hostname = json_get_string(config, "Hostname", "");
	const char *domain = json_get_string(config, "Domainname", "");
	char address[IP_TEXT];

	for (size_t i = 0; i < json_count(endpoints) && is_one_line(hostname); i++) {
		json *endpoint = json_at(endpoints, i);
		endpoint_ip(endpoint, address);
		if (*domain && is_one_line(domain)) {
			text_printf(text, "%s\t%s.%s %s\n", address, hostname, domain, hostname);
		} else {
			text_printf(text, "%s\t%s\n", address, hostname);
		}
	}
}

/* "NAME:ALIAS" or "NAME": of the default bridge, where there are no other names. */
static void add_link(struct text *text, const char *link)
{
	const char *colon = strchr(link, ':');
	char *name = text_format("%.*s", (int)(colon ? colon - link : (long)strlen(link)), link);
	const char *alias = colon ? colon + 1 : name;
	struct container *other = container_find(name, NULL);
	struct network *bridge = network_find("bridge");
	json *endpoints = other ? endpoints_of_container(other->id) : NULL;
	char address[IP_TEXT];

	json *endpoint = endpoint_find(endpoints, bridge);

	if (endpoint && is_one_line(alias)) {
		text_printf(text, "%s\t%s %.12s %s\n", endpoint_ip(endpoint, address), alias,
			    other->id, other->name);
	}

	json_object_put(endpoints);
	free(name);
}

char *network_hosts(struct container *container, json *spec)
{
	json *endpoints = endpoints_of_container(container->id);
	json *links = json_get(json_get(spec, "HostConfig"), "Links");
	struct text text = {0};

	text_puts(&text, "");
	add_own(&text, endpoints, spec);
	for (size_t i = 0; i < json_count(links); i++) {
		if (json_string_at(links, i)) {
			add_link(&text, json_string_at(links, i));
		}
	}
	json_object_put(endpoints);
	return text.data;
}

/* The gateway of the first endpoint's network, that of one with names; `by_user`: a user network's.
 */
static char *find_gateway(struct container *container, bool with_names, bool by_user)
{
	json *endpoints = endpoints_of_container(container->id);
	char *gateway = NULL;

	for (size_t i = 0; i < json_count(endpoints) && !gateway; i++) {
		json *endpoint = json_at(endpoints, i);
		struct network *network = network_find(json_get_string(endpoint, "network", ""));
		bool fits = network && !(by_user && network->is_predefined) &&
			    (!with_names || network_has_names(network));
		if (fits) {
			char text[IP_TEXT];
			gateway = text_copy(ip_text(network->gateway, text));
		}
	}
	json_object_put(endpoints);
	return gateway;
}

char *network_resolver(struct container *container, json *spec)
{
	/* The default bridge has a server only to ask the host's. */
	bool has_own = json_count(json_get(json_get(spec, "HostConfig"), "Dns")) > 0;

	return find_gateway(container, true, has_own);
}

char *network_gateway(struct container *container)
{
	return find_gateway(container, false, false);
}

void network_renamed(struct container *container)
{
	json *endpoints = endpoints_of_container(container->id);

	for (size_t i = 0; i < json_count(endpoints); i++) {
		struct network *network =
			network_find(json_get_string(json_at(endpoints, i), "network", ""));
		if (network) {
			network_dns_update(network, NULL, network_log, NULL);
		}
	}
	json_object_put(endpoints);
}
