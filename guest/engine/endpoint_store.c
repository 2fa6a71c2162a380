/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints: rows as objects. */
#include "db.h"
#include "network_ip6.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS                                                                                    \
	"SELECT container, network, id, address, mac, interface, host_interface, ports, config"    \
	" FROM endpoint"

static json *rows(sqlite3_stmt *query)
{
	static const char *const keys[] = {"container", "network",       "id", NULL, "mac",
					   "interface", "host_interface"};
	json *list = json_object_new_array();

	while (db_step(query)) {
		json *row = json_object_new_object();
		for (int i = 0; i < 7; i++) {
			if (keys[i]) {
				json_set_string(row, keys[i], db_text(query, i));
			}
		}
		json_set_int(row, "address", db_int(query, 3));
		json_set(row, "ports", db_json(query, 7));
		json_set(row, "config", db_json(query, 8));
		json_object_array_add(list, row);
	}
	db_done(query);
	return list;
}

json *endpoints_of_container(const char *container)
{
	return rows(db_query(COLUMNS " WHERE container = ? ORDER BY interface", "t", container));
}

json *endpoints_of_network(const char *network)
{
	return rows(db_query(COLUMNS " WHERE network = ? ORDER BY address", "t", network));
}

json *endpoints_all(void)
{
	return rows(db_query(COLUMNS " ORDER BY container, interface", ""));
}

/* The first ethN that the container has not. */
static void choose_interface(const char *container, char *name, size_t size)
{
	for (unsigned i = 0;; i++) {
		snprintf(name, size, "eth%u", i);
		if (db_number("SELECT count(*) FROM endpoint WHERE container = ? AND interface = ?",
			      "tt", container, name) == 0) {
			return;
		}
	}
}

static uint32_t choose_address(const struct network *network, json *config, char **error)
{
	const char *text = json_get_string(json_get(config, "IPAMConfig"), "IPv4Address", "");
	uint32_t wanted = 0;

	if (*text && !ip_parse(text, &wanted)) {
		*error = text_format("invalid IPv4 address: %.40s", text);
		return 0;
	}
	uint32_t address = address_choose(network, wanted);
	if (!address) {
		*error = !wanted ? text_format("no available IPv4 addresses on network %s; remove "
					       "containers, or make a network with a larger subnet",
					       network->name)
				 : text_format("Address %s is in use, or not of network %s", text,
					       network->name);
	}
	return address;
}

json *endpoint_make(struct container *container, struct network *network, json *config,
		    char **error)
{
	char id[ID_SIZE], interface[16], host_interface[16];
	uint32_t address = choose_address(network, config, error);

	*error = address ? ip6_check_endpoint(network, config, address) : *error;
	if (!address || *error) {
		return NULL;
	}
	id_random(id);
	choose_interface(container->id, interface, sizeof(interface));
	snprintf(host_interface, sizeof(host_interface), "veth%.8s", id);
	const char *mac = json_get_string(config, "MacAddress", "");
	if (db_run("INSERT INTO endpoint (container, network, id, address, mac, interface,"
		   " host_interface, ports, config) VALUES (?,?,?,?,?,?,?,'[]',?)",
		   "tttitttt", container->id, network->id, id, (int64_t)address, mac, interface,
		   host_interface, config ? json_text(config) : "{}") < 0) {
		*error = text_copy("the database does not take the endpoint");
		return NULL;
	}
	json *row = json_object_new_object();
	json_set_string(row, "container", container->id);
	json_set_string(row, "network", network->id);
	json_set_string(row, "id", id);
	json_set_int(row, "address", address);
	json_set_string(row, "mac", mac);
	json_set_string(row, "interface", interface);
	json_set_string(row, "host_interface", host_interface);
	json_set(row, "config", json_object_get(config));
	return row;
}

json *endpoint_find(json *endpoints, const struct network *network)
{
	for (size_t i = 0; network && i < json_count(endpoints); i++) {
		json *endpoint = json_at(endpoints, i);
		if (!strcmp(json_get_string(endpoint, "network", ""), network->id)) {
			return endpoint;
		}
	}
	return NULL;
}

const char *endpoint_ip(json *endpoint, char text[IP_TEXT])
{
	return ip_text((uint32_t)json_get_int(endpoint, "address", 0), text);
}

int endpoint_store_result(json *endpoint, json *result)
{
	json *ports = json_get_array(result, "ports");
	const char *mac = json_get_string(result, "mac", "");

	json_set_string(endpoint, "mac", mac);
	json_set(endpoint, "ports", json_object_get(ports));
	return db_run("UPDATE endpoint SET mac = ?, ports = ? WHERE id = ?", "ttt", mac,
		      ports ? json_text(ports) : "[]", json_get_string(endpoint, "id", ""));
}

int endpoint_delete(json *endpoint)
{
	return db_run("DELETE FROM endpoint WHERE id = ?", "t",
		      json_get_string(endpoint, "id", ""));
}
