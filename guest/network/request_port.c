/* SPDX-License-Identifier: Apache-2.0 */
/* Published ports of a request. */
#include "request.h"
#include "text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP}};

#define PROTOCOL_COUNT (sizeof(protocols) / sizeof(protocols[0]))

const char *port_protocol_name(uint8_t protocol)
{
	for (size_t i = 0; i < PROTOCOL_COUNT; i++) {
		if (protocols[i].number == protocol) {
			return protocols[i].name;
		}
	}
	return "?";
}

static uint8_t protocol_number(const char *name)
{
	for (size_t i = 0; i < PROTOCOL_COUNT; i++) {
		if (strcmp(protocols[i].name, name) == 0) {
			return protocols[i].number;
		}
	}
	return 0;
}

/* One to five digits, at most 65535. */
static const char *port_number(const char *text, uint16_t *number)
{
	unsigned value = 0;
	const char *next = text;

	for (; isdigit((unsigned char)*next) && next - text < 5; next++) {
		value = value * 10 + (unsigned)(*next - '0');
	}
	if (next == text || value > UINT16_MAX) {
		return NULL;
	}
	*number = (uint16_t)value;
	return next;
}

bool port_range_parse(const char *text, uint16_t *first, uint16_t *last)
{
	uint16_t low, high;
	const char *next = port_number(text, &low);

	high = low;
	if (next && *next == '-') {
		next = port_number(next + 1, &high);
	}
	if (!next || *next || high < low || (low == 0 && high != 0)) {
		return false;
	}
	*first = low;
	*last = high;
	return true;
}

/* A number or a range; absent: 0. */
static int get_range(json *item, const char *key, uint16_t *first, uint16_t *last,
		     struct failure *failure)
{
	json *value = json_get(item, key);
	const char *text = !value ? "0" : json_object_get_string(value);

	if ((value && !json_object_is_type(value, json_type_int) &&
	     !json_object_is_type(value, json_type_string)) ||
	    !port_range_parse(*text ? text : "0", first, last)) {
		return fail(failure, "bad-input",
			    "\"%s\": \"%.40s\" is no port: 1 to 65535, or a range like 8000-8010",
			    key, text);
	}
	return 0;
}

static int add(struct endpoint *endpoint, const struct port *port, struct failure *failure)
{
	if (endpoint->port_count >= PORTS_MAX) {
		return fail(failure, "bad-input", "more than %d published ports", PORTS_MAX);
	}
	endpoint->ports[endpoint->port_count++] = *port;
	return 0;
}

/* Ranges of one length go side by side; a range before one port means any of the range. */
static int add_ranges(struct endpoint *endpoint, struct port port, uint16_t container_last,
		      struct failure *failure)
{
	unsigned host_count = port.host_last - port.host_port + 1u;
	unsigned container_count = container_last - port.container_port + 1u;

	if (container_count == 1) {
		return add(endpoint, &port, failure);
	}
	if (port.host_port != 0 && host_count != container_count) {
		return fail(failure, "bad-input",
			    "ranges of different lengths: %u ports of the host for %u of the "
			    "container",
			    host_count, container_count);
	}
	for (unsigned i = 0; i < container_count; i++) {
		struct port one = port;
		one.host_port = (uint16_t)(port.host_port ? port.host_port + i : 0);
		one.host_last = one.host_port;
		one.container_port = (uint16_t)(port.container_port + i);
		if (add(endpoint, &one, failure) < 0) {
			return -1;
		}
	}
	return 0;
}

static int get_port(json *item, struct endpoint *endpoint, struct failure *failure)
{
	const char *host = json_get_string(item, "host_ip", "");
	const char *protocol = json_get_string(item, "protocol", "tcp");
	uint16_t container_last;
	struct port port = {.protocol = protocol_number(protocol)};

	if (!port.protocol) {
		return fail(failure, "bad-input", "\"protocol\": \"%.20s\" is not tcp, udp or sctp",
			    protocol);
	}
	if (*host && (!address_parse(host, &port.host) || strchr(host, '/'))) {
		return fail(failure, "bad-input", "\"host_ip\": \"%.60s\" is no address", host);
	}
	if (memcmp(port.host.bytes, (uint8_t[16]){0}, 16) == 0) {
		port.host = (struct address){0};
	}
	if (get_range(item, "host_port", &port.host_port, &port.host_last, failure) < 0 ||
	    get_range(item, "container_port", &port.container_port, &container_last, failure) < 0) {
		return -1;
	}
	if (port.container_port == 0) {
		return fail(failure, "bad-input", "\"container_port\" is missing");
	}
	return add_ranges(endpoint, port, container_last, failure);
}

int request_ports(json *list, struct endpoint *endpoint, struct failure *failure)
{
	size_t count = json_count(list);

	if (list && !json_object_is_type(list, json_type_array)) {
		return fail(failure, "bad-input", "\"ports\" is no list");
	}
	if (count == 0) {
		return 0;
	}
	if (!endpoint->address[0].family && !endpoint->address[1].family) {
		return fail(failure, "bad-input", "\"ports\" without an \"address\"");
	}
	endpoint->ports = memory_zeroed(PORTS_MAX, sizeof(*endpoint->ports));
	for (size_t i = 0; i < count; i++) {
		if (get_port(json_at(list, i), endpoint, failure) < 0) {
			return -1;
		}
	}
	return 0;
}
