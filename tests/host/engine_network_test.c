/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, ports and plans of the engine's networks; the database is a list of addresses. */
/* Links: guest/engine/network_address.c guest/engine/network_ip6.c guest/engine/network_port.c guest/engine/network_plan.c */
/* Links: guest/common/json.c guest/common/text.c */
/* Libraries: -ljson-c */
#include "db.h"
#include "network_inside.h"
#include "network_ip6.h"
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

static json *endpoints;

json *endpoints_of_network(const char *network)
{
	(void)network;
	return json_object_get(endpoints);
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

/* True: what it says begins with `wanted`; "": it is fine. */
static bool says(char *words, const char *wanted)
{
	bool is_so = words ? *wanted && !strncmp(words, wanted, strlen(wanted)) : !*wanted;

	free(words);
	return is_so;
}

static bool network_says(const char *config, const char *wanted)
{
	char *body_text = text_format("{\"EnableIPv6\":true,\"IPAM\":{\"Config\":[{%s}]}}", config);
	json *body = parse(body_text);
	bool is_so = says(ip6_check_network(body), wanted);

	json_object_put(body);
	free(body_text);
	return is_so;
}

static void ip6_networks(void)
{
	json *body = parse("{\"IPAM\":{\"Config\":[{\"Subnet\":\"fd00:1::/64\"}]}}");

	TAP_CHECK(says(ip6_check_network(body), "a subnet of IPv6 needs"));
	json_object_put(body);
	TAP_CHECK(network_says("\"Subnet\":\"10.0.0.0/24\"", ""));
	TAP_CHECK(network_says("\"Subnet\":\"fd00:1::/64\",\"Gateway\":\"fd00:1::9\"", ""));
	TAP_CHECK(network_says("\"Subnet\":\"fd00:1::/64\",\"Gateway\":\"fd00:2::1\"",
			       "invalid gateway"));
	TAP_CHECK(
		network_says("\"Subnet\":\"fd00:1::/64\",\"IPRange\":\"fd00:1::/80\"", "a range"));
	static const char *const bad[] = {"fd00::/7",  "fd00::/97", "fd00::",   "::1/64",
					  "fe80::/64", "ff02::/64", "fd00::/x", "fd00::1::/64"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *config = text_format("\"Subnet\":\"%s\"", bad[i]);
		TAP_CHECK(network_says(config, "invalid subnet"));
		free(config);
	}
	/* One that is there. */
	other.spec = parse("{\"EnableIPv6\":true,\"IPAM\":{\"Config\":[{\"Subnet\":"
			   "\"fd00:5::/48\"}]}}");
	TAP_CHECK(network_says("\"Subnet\":\"fd00:5:0:7::/64\"", "Pool overlaps"));
	TAP_CHECK(network_says("\"Subnet\":\"fd00::/16\"", "Pool overlaps"));
	json_object_put(other.spec);
	other.spec = NULL;
}

static bool endpoint_says(const struct network *network, const char *address, const char *wanted)
{
	char *words = text_format("{\"IPAMConfig\":{\"IPv6Address\":\"%s\"}}", address);
	json *config = parse(words);
	bool is_so = says(ip6_check_endpoint(network, config, ip("10.9.0.7")), wanted);

	json_object_put(config);
	free(words);
	return is_so;
}

static void ip6_endpoints(void)
{
	struct network network = {.id = "001122334455667788", .name = "six", .prefix = 24};
	char text[IP6_TEXT];
	struct ip6_net net;

	network.subnet = ip("10.9.0.0");
	network.spec = parse("{}");
	endpoints = parse("[{\"address\":168361989,\"config\":{\"IPAMConfig\":{"
			  "\"IPv6Address\":\"fd11:2233:4455:6677::99\"}}}]");
	TAP_TEXT(ip6_of_endpoint(&network, json_at(endpoints, 0), NULL, text), "");
	TAP_CHECK(endpoint_says(&network, "", ""));
	TAP_CHECK(endpoint_says(&network, "fd00::9", "network six has no IPv6"));
	json_object_put(network.spec);

	/* Of its ID; an endpoint has its own address, or its IPv4 one behind the prefix. */
	network.spec = parse("{\"EnableIPv6\":true}");
	TAP_CHECK(ip6_of_network(&network, &net) && net.prefix == 64);
	TAP_TEXT(ip6_text(&net.gateway, text), "fd11:2233:4455:6677::1");
	TAP_TEXT(ip6_of_endpoint(&network, json_at(endpoints, 0), NULL, text),
		 "fd11:2233:4455:6677::99");
	json_object_put(endpoints);
	endpoints = parse("[{\"address\":168361989}]");
	TAP_TEXT(ip6_of_endpoint(&network, json_at(endpoints, 0), NULL, text),
		 "fd11:2233:4455:6677::a09:5");

	TAP_CHECK(endpoint_says(&network, "fd11:2233:4455:6677::42", ""));
	TAP_CHECK(endpoint_says(&network, "fd11:2233:4455:6677::a09:7", "")); /* its own */
	static const char *const refused[] = {
		"fd11:2233:4455:6677::1", "fd11:2233:4455:6677::", "fd11:2233:4455:6678::42",
		"fd11:2233:4455:6677::a09:8" /* another's, some time */};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		TAP_CHECK(endpoint_says(&network, refused[i], "Address"));
	}
	TAP_CHECK(endpoint_says(&network, "word", "invalid IPv6 address"));
	json_object_put(endpoints);
	endpoints = NULL;
	json_object_put(network.spec);
}

static const struct tap_case cases[] = {
	{"subnets of IPv6", ip6_networks},
	{"addresses of IPv6", ip6_endpoints},
	{"subnets", subnets},
	{"addresses", choices},
	{"ports", ports},
	{"bindings", bindings},
	{"plans", plans},
};

TAP_MAIN(cases)
