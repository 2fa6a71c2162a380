/* SPDX-License-Identifier: Apache-2.0 */
#include "body_check.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct body_key exec_keys[] = {
	{"AttachStdin", 'b'}, {"AttachStdout", 'b'}, {"AttachStderr", 'b'}, {"DetachKeys", 's'},
	{"Tty", 'b'},         {"Env", 'a'},          {"Cmd", 'a'},          {"Privileged", 'b'},
	{"User", 's'},        {"WorkingDir", 's'},
};

static const struct body_key volume_keys[] = {
	{"Name", 's'},
	{"Driver", 's'},
	{"DriverOpts", 'm'},
	{"Labels", 'm'},
};

static const struct body_key network_keys[] = {
	{"Name", 's'},       {"CheckDuplicate", 'b'}, {"Driver", 's'},     {"Internal", 'b'},
	{"Attachable", 'b'}, {"Ingress", 'b'},        {"EnableIPv6", 'b'}, {"IPAM", 'o'},
	{"Options", 'm'},    {"Labels", 'm'},
};

static const struct body_key ipam_keys[] = {
	{"Driver", 's'},
	{"Config", 'A'},
	{"Options", 'm'},
};

static const struct body_key ipam_config_keys[] = {
	{"Subnet", 's'},
	{"IPRange", 's'},
	{"Gateway", 's'},
	{"AuxiliaryAddresses", 'm'},
};

static const struct body_key connect_keys[] = {
	{"Container", 's'},
	{"Force", 'b'},
	{"EndpointConfig", 'o'},
};

static const struct body_key endpoint_keys[] = {
	{"Aliases", 'a'},    {"Links", 'a'},     {"IPAMConfig", 'o'}, {"DriverOpts", 'm'},
	{"MacAddress", 's'}, {"NetworkID", 's'}, {"IPAddress", 's'},  {"DNSNames", 'a'},
};

static const struct body_key address_keys[] = {
	{"IPv4Address", 's'},
	{"IPv6Address", 's'},
	{"LinkLocalIPs", 'a'},
};

static bool has_elements(json *array, enum json_type type)
{
	for (size_t i = 0; i < json_count(array); i++) {
		if (!json_object_is_type(json_at(array, i), type)) {
			return false;
		}
	}
	return json_object_is_type(array, json_type_array);
}

static bool has_strings(json *object)
{
	json_object_object_foreach(object, key, value)
	{
		(void)key;
		if (!json_object_is_type(value, json_type_string)) {
			return false;
		}
	}
	return true;
}

static bool has_type(json *value, char type)
{
	switch (type) {
	case 's':
		return json_object_is_type(value, json_type_string);
	case 'i':
		return json_object_is_type(value, json_type_int);
	case 'b':
		return json_object_is_type(value, json_type_boolean);
	case 'o':
		return json_object_is_type(value, json_type_object);
	case 'm':
		return json_object_is_type(value, json_type_object) && has_strings(value);
	case 'a':
		return has_elements(value, json_type_string);
	case 'A':
		return has_elements(value, json_type_object);
	default:
		return json_object_is_type(value, json_type_string) ||
		       has_elements(value, json_type_string);
	}
}

char *body_check_types(json *object, const struct body_key *keys, size_t count, const char *where)
{
	for (size_t i = 0; i < count; i++) {
		json *value = json_get(object, keys[i].key);
		if (value && !has_type(value, keys[i].type)) {
			return text_format("%s%s has a value of the wrong type", where,
					   keys[i].key);
		}
	}
	return NULL;
}

char *body_check_strings(json *object, const char *where)
{
	if (object) {
		json_object_object_foreach(object, key, value)
		{
			if (!json_object_is_type(value, json_type_string)) {
				return text_format("%s: %.100s is not a string", where, key);
			}
		}
	}
	return NULL;
}

char *body_check_exec(json *body)
{
	return body_check_types(body, exec_keys, COUNT(exec_keys), "");
}

char *body_check_volume(json *body)
{
	return body_check_types(body, volume_keys, COUNT(volume_keys), "");
}

char *body_check_network(json *body)
{
	char *error = body_check_types(body, network_keys, COUNT(network_keys), "");
	json *ipam = json_get(body, "IPAM");
	json *list = json_get(ipam, "Config");

	error = error ? error : body_check_types(ipam, ipam_keys, COUNT(ipam_keys), "IPAM.");
	for (size_t i = 0; !error && i < json_count(list); i++) {
		error = body_check_types(json_at(list, i), ipam_config_keys,
					 COUNT(ipam_config_keys), "IPAM.Config.");
	}
	return error;
}

static char *body_check_endpoint(json *config)
{
	char *error = body_check_types(config, endpoint_keys, COUNT(endpoint_keys), "");

	return error ? error
		     : body_check_types(json_get(config, "IPAMConfig"), address_keys,
					COUNT(address_keys), "IPAMConfig.");
}

char *body_check_connect(json *body)
{
	char *error = body_check_types(body, connect_keys, COUNT(connect_keys), "");

	return error ? error : body_check_endpoint(json_get(body, "EndpointConfig"));
}
