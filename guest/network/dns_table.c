/* SPDX-License-Identifier: Apache-2.0 */
#include "dns_table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void dns_table_free(struct dns_table *table)
{
	json_object_put(table->names);
	json_object_put(table->clients);
	json_object_put(table->servers);
	*table = (struct dns_table){0};
}

/* A copy whose keys are in lower case. */
static json *lower_names(json *names)
{
	json *copy = json_object_new_object();

	json_object_object_foreach(names, name, addresses)
	{
		char text[DNS_NAME_MAX + 1];
		size_t length = strlen(name);
		if (length == 0 || length > DNS_NAME_MAX) {
			continue;
		}
		for (size_t i = 0; i <= length; i++) {
			text[i] = (char)tolower((unsigned char)name[i]);
		}
		if (!json_get(copy, text)) {
			json_set(copy, text, json_object_get(addresses));
		}
	}
	return copy;
}

/* NULL without any. */
static json *lower_clients(json *clients)
{
	if (!clients || json_object_object_length(clients) == 0) {
		return NULL;
	}
	json *copy = json_object_new_object();
	json_object_object_foreach(clients, address, names)
	{
		if (json_object_is_type(names, json_type_object)) {
			json_set(copy, address, lower_names(names));
		}
	}
	return copy;
}

int dns_table_load(struct dns_table *table, const char *text, size_t length, const char **error)
{
	json *file = json_parse(text, length, error);
	json *names = json_get_object(file, "names");
	int result = -1;

	if (file && !names) {
		*error = "no object \"names\"";
	} else if (names && json_object_object_length(names) > DNS_NAMES_MAX) {
		*error = "too many names";
	} else if (names) {
		dns_table_free(table);
		table->names = lower_names(names);
		table->clients = lower_clients(json_get_object(file, "clients"));
		table->servers = json_object_get(json_get_object(file, "servers"));
		result = 0;
	}
	json_object_put(file);
	return result;
}

static json *names_of_client(const struct dns_table *table, const char *client)
{
	return client && table->clients ? json_get(table->clients, client) : NULL;
}

json *dns_table_servers(const struct dns_table *table, const char *client)
{
	json *list = client ? json_get(table->servers, client) : NULL;

	return json_object_is_type(list, json_type_array) ? list : NULL;
}

bool dns_table_find(const struct dns_table *table, const char *client, const char *name,
		    struct address *addresses, size_t *count)
{
	json *list = *name ? json_get(table->names, name) : NULL;

	if (!list && *name) {
		list = json_get(names_of_client(table, client), name);
	}
	*count = 0;
	for (size_t i = 0; i < json_count(list) && *count < DNS_ANSWER_MAX; i++) {
		const char *text = json_string_at(list, i);
		if (text && address_parse(text, &addresses[*count])) {
			(*count)++;
		}
	}
	return list != NULL;
}

static bool has_address(json *list, const struct address *wanted)
{
	for (size_t i = 0; i < json_count(list) && i < DNS_ANSWER_MAX; i++) {
		const char *text = json_string_at(list, i);
		struct address address;
		if (text && address_parse(text, &address) && address.family == wanted->family &&
		    memcmp(address.bytes, wanted->bytes, sizeof(address.bytes)) == 0) {
			return true;
		}
	}
	return false;
}

static const char *find_name(json *names, const struct address *address)
{
	if (!names) {
		return NULL;
	}
	json_object_object_foreach(names, name, list)
	{
		if (has_address(list, address)) {
			return name;
		}
	}
	return NULL;
}

const char *dns_table_name(const struct dns_table *table, const char *client,
			   const struct address *address)
{
	const char *name = find_name(table->names, address);

	return name ? name : find_name(names_of_client(table, client), address);
}
