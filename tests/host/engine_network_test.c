/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, ports and plans of the engine's networks; the database is a list of addresses. */
/* Links: guest/engine/network_address.c guest/engine/network_port.c guest/engine/network_plan.c */
/* Links: guest/common/json.c guest/common/text.c */
/* Libraries: -ljson-c */
#include "db.h"
#include "network_inside.h"
#include "tap.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static const uint32_t *used;
static size_t used_count, used_next;
static struct network other = {.id = "bbbb", .name = "other", .bridge = "br-b"};
static struct network first = {.next = &other, .id = "aaaa", .name = "front", .bridge = "br-a"};

struct network *network_first(void)
{
	return &first;
}

struct network *network_find(const char *name)
{
	for (struct network *one = &first; one; one = one->next) {
		if (!strcmp(one->name, name) || !strcmp(one->id, name)) {
			return one;
		}
	}
	return NULL;
}

int64_t db_number(const char *sql, const char *types, ...)
{
	va_list arguments;
	int64_t count = 0;

	(void)sql;
	va_start(arguments, types);
	va_arg(arguments, const char *);
	int64_t address = va_arg(arguments, int64_t);
	va_end(arguments);
	for (size_t i = 0; i < used_count; i++) {
		count += used[i] == address;
	}
	return count;
}

sqlite3_stmt *db_query(const char *sql, const char *types, ...)
{
	va_list arguments;

	(void)sql;
	va_start(arguments, types);
	va_arg(arguments, const char *);
	int64_t least = va_arg(arguments, int64_t);
	va_end(arguments);
	for (used_next = 0; used_next < used_count && used[used_next] < least; used_next++) {
	}
	return NULL;
}

bool db_step(sqlite3_stmt *query)
{
	(void)query;
	return used_next < used_count;
}

int64_t db_int(sqlite3_stmt *query, int column)
{
	(void)query;
	(void)column;
	return used[used_next++];
}

void db_done(sqlite3_stmt *query)
{
	(void)query;
}

static uint32_t ip(const char *text)
{
	uint32_t address = 0;

	TAP_CHECK(ip_parse(text, &address));
	return address;
}

static json *parse(const char *text)
{
	const char *error;
	json *value = json_parse(text, strlen(text), &error);

	TAP_CHECK(value != NULL);
	return value;
}

static void subnets(void)
{
	static const char *const bad[] = {"",
					  "10.0.0.0",
					  "10.0.0.0/",
					  "10.0.0.0/7",
					  "10.0.0.0/31",
					  "10.0.0.0/x",
					  "10.0.0/24",
					  "fd00::/64",
					  "10.0.0.0/24 ",
					  "1000.0.0.0/24",
					  "10.0.0.0.0.0.0.0/24"};
	uint32_t subnet;
	unsigned prefix;

	TAP_CHECK(subnet_parse("10.1.2.3/16", &subnet, &prefix));
	TAP_EQUAL(subnet, ip("10.1.0.0"));
	TAP_EQUAL(prefix, 16);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TAP_CHECK(!subnet_parse(bad[i], &subnet, &prefix));
	}
	TAP_CHECK(subnet_candidate(0, &subnet, &prefix) && subnet == ip("172.17.0.0"));
	TAP_CHECK(subnet_candidate(14, &subnet, &prefix) && subnet == ip("172.31.0.0"));
	TAP_CHECK(subnet_candidate(15, &subnet, &prefix) && subnet == ip("192.168.0.0") &&
		  prefix == 20);
	TAP_CHECK(subnet_candidate(30, &subnet, &prefix) && subnet == ip("192.168.240.0"));
	TAP_CHECK(!subnet_candidate(31, &subnet, &prefix));
	other.subnet = ip("172.18.0.0");
	other.prefix = 16;
	TAP_CHECK(subnet_is_taken(ip("172.18.5.0"), 24, NULL));
	TAP_CHECK(subnet_is_taken(ip("172.16.0.0"), 12, NULL));
	TAP_CHECK(!subnet_is_taken(ip("172.19.0.0"), 16, NULL));
	TAP_CHECK(!subnet_is_taken(ip("172.18.0.0"), 16, &other));
}

static void choices(void)
{
	uint32_t taken[] = {ip("10.0.0.2"), ip("10.0.0.3"), ip("10.0.0.5")};
	struct network network = {.id = "x", .subnet = ip("10.0.0.0"), .prefix = 29};

	network.gateway = ip("10.0.0.4");
	used = taken;
	used_count = 0;
	TAP_EQUAL(address_choose(&network, 0), ip("10.0.0.1"));
	network.gateway = ip("10.0.0.1");
	TAP_EQUAL(address_choose(&network, 0), ip("10.0.0.2"));
	used_count = 2;
	network.gateway = ip("10.0.0.4");
	TAP_EQUAL(address_choose(&network, 0), ip("10.0.0.1"));
	network.gateway = ip("10.0.0.1");
	TAP_EQUAL(address_choose(&network, 0), ip("10.0.0.4"));
	used_count = 3;
	TAP_EQUAL(address_choose(&network, 0), ip("10.0.0.4"));
	TAP_EQUAL(address_choose(&network, ip("10.0.0.6")), ip("10.0.0.6"));
	TAP_EQUAL(address_choose(&network, ip("10.0.0.5")), 0);
	TAP_EQUAL(address_choose(&network, ip("10.0.0.1")), 0);
	TAP_EQUAL(address_choose(&network, ip("10.0.1.6")), 0);
	/* Full: all but the network, the gateway and the broadcast address. */
	uint32_t all[] = {ip("10.0.0.2"), ip("10.0.0.3"), ip("10.0.0.4"), ip("10.0.0.5"),
			  ip("10.0.0.6")};
	used = all;
	used_count = 5;
	TAP_EQUAL(address_choose(&network, 0), 0);
	/* A range of its own. */
	network.spec = parse("{\"IPAM\":{\"Config\":[{\"IPRange\":\"10.0.0.4/30\"}]}}");
	used_count = 0;
	TAP_EQUAL(address_choose(&network, 0), ip("10.0.0.4"));
	json_object_put(network.spec);
}

static void ports(void)
{
	static const char *const bad[] = {"",      "x",   "80/icmp", "80/",  "80-79",
					  "70000", "80 ", "-80",     "/tcp", "80-/udp"};
	unsigned low, high;
	const char *protocol;

	TAP_CHECK(network_port_parse("80", &low, &high, &protocol) && low == 80 && high == 80);
	TAP_TEXT(protocol, "tcp");
	TAP_CHECK(network_port_parse("8000-8010/udp", &low, &high, &protocol) && high == 8010);
	TAP_TEXT(protocol, "udp");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TAP_CHECK(!network_port_parse(bad[i], &low, &high, &protocol));
	}
	json *spec =
		parse("{\"HostConfig\":{\"PublishAllPorts\":true,\"PortBindings\":{\"80/tcp\":["
		      "{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"8080\"},{}]}},\"Config\":{"
		      "\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}}}}");
	json *list = network_port_requests(spec);
	TAP_TEXT(json_text(list),
		 "[{\"host_ip\":\"127.0.0.1\",\"host_port\":\"8080\",\"container_port\":\"80\","
		 "\"protocol\":\"tcp\"},{\"host_ip\":\"\",\"container_port\":\"80\",\"protocol\":"
		 "\"tcp\"},{\"host_ip\":\"\",\"container_port\":\"53\",\"protocol\":\"udp\"}]");
	json_object_put(list);
	json_object_put(spec);
}

static void bindings(void)
{
	static const char *const bad[] = {
		"{\"PortBindings\":{\"x\":[]}}",
		"{\"PortBindings\":{\"0/tcp\":[]}}",
		"{\"PortBindings\":{\"80/tcp\":[{\"HostPort\":\"80/udp\"}]}}",
		"{\"PortBindings\":{\"80/tcp\":[{\"HostPort\":\"99999\"}]}}",
		"{\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"x\"}]}}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json *host = parse(bad[i]);
		char *error = network_port_check(host);
		TAP_CHECK(error != NULL);
		free(error);
		json_object_put(host);
	}
	json *host = parse("{\"PortBindings\":{\"80\":[{\"HostPort\":\"\"},{\"HostPort\":\"1-2\"}],"
			   "\"81/udp\":null}}");
	char *error = network_port_check(host);
	TAP_CHECK(error == NULL);
	free(error);
	json_object_put(host);
}

static void check_plan(const char *spec_text, const char *wanted)
{
	json *spec = parse(spec_text);
	json *plan = network_plan(spec);

	TAP_TEXT(json_text(plan), wanted);
	json_object_put(plan);
	json_object_put(spec);
}

static void plans(void)
{
	check_plan("{\"HostConfig\":{\"NetworkMode\":\"host\"}}", "[]");
	check_plan("{\"HostConfig\":{\"NetworkMode\":\"container:x\"}}", "[]");
	check_plan("{}", "[{\"name\":\"bridge\",\"config\":{}}]");
	/* The mode's network first, once, whatever it is called. */
	check_plan("{\"HostConfig\":{\"NetworkMode\":\"front\"},\"NetworkingConfig\":{"
		   "\"EndpointsConfig\":{\"other\":{},\"aaaa\":{\"Aliases\":[\"x\"]}}}}",
		   "[{\"name\":\"front\",\"config\":{\"Aliases\":[\"x\"]}},{\"name\":\"other\","
		   "\"config\":{}}]");
	check_plan("{\"HostConfig\":{\"NetworkMode\":\"front\"},\"NetworkingConfig\":{"
		   "\"EndpointsConfig\":{\"front\":null,\"other\":7}}}",
		   "[{\"name\":\"front\",\"config\":{}},{\"name\":\"other\",\"config\":{}}]");
	json *spec = parse("{\"HostConfig\":{\"NetworkMode\":\"front\"}}");
	network_plan_add(spec, "other", NULL);
	TAP_CHECK(network_plan_remove(spec, "aaaa"));
	TAP_CHECK(!network_plan_remove(spec, "front"));
	json *plan = network_plan(spec);
	TAP_TEXT(json_text(plan), "[{\"name\":\"other\",\"config\":{}}]");
	json_object_put(plan);
	json_object_put(spec);
}

static const struct tap_case cases[] = {
	{"subnets", subnets},   {"addresses", choices}, {"ports", ports},
	{"bindings", bindings}, {"plans", plans},
};

TAP_MAIN(cases)
