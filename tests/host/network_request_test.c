/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of bh-network, and the rules that are made of them. */
/* Links: guest/network/request.c guest/network/request_port.c guest/network/report.c */
/* Links: guest/network/rules.c guest/common/json.c guest/common/text.c guest/common/file.c */
/* Libraries: -ljson-c */
#include "request.h"
#include "rules.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json *parse(const char *text)
{
	const char *error;
	json *value = json_parse(text, strlen(text), &error);

	TAP_CHECK(value != NULL);
	return value;
}

static void ranges(void)
{
	static const char *const bad[] = {"",      "-",     "80-", "-80",      "80-79",
					  "65536", "80 ",   " 80", "+80",      "080000",
					  "8o",    "1-2-3", "0-5", "80-65536", "99999999999"};
	uint16_t first, last;

	TAP_CHECK(port_range_parse("80", &first, &last) && first == 80 && last == 80);
	TAP_CHECK(port_range_parse("8000-8010", &first, &last) && first == 8000 && last == 8010);
	TAP_CHECK(port_range_parse("1-65535", &first, &last) && first == 1 && last == 65535);
	TAP_CHECK(port_range_parse("0", &first, &last) && first == 0 && last == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bool is_taken = port_range_parse(bad[i], &first, &last);
		TAP_CHECK(!is_taken);
		if (is_taken) {
			tap_note("%s", bad[i]);
		}
	}
}

static void addresses(void)
{
	static const char *const bad[] = {"",           "1.2.3",       "1.2.3.4/",   "1.2.3.4/33",
					  "1.2.3.4/-1", "1.2.3.4/ 8",  "1.2.3.4/8x", "::1/129",
					  "1.2.3.4;",   "fe80::1%eth0"};
	struct address address, subnet, other;
	char text[ADDRESS_TEXT_MAX];

	TAP_CHECK(address_parse("172.17.5.2/16", &address) && address.prefix == 16);
	TAP_TEXT(address_text(&address, text), "172.17.5.2");
	TAP_CHECK(address_parse("fd00::2", &other) && other.prefix == 128 &&
		  other.family == AF_INET6);
	TAP_CHECK(address_parse("172.17.0.0/16", &subnet));
	TAP_CHECK(address_within(&address, &subnet));
	TAP_CHECK(!address_within(&other, &subnet));
	TAP_CHECK(address_parse("172.16.0.0/12", &subnet) && address_within(&address, &subnet));
	TAP_CHECK(address_parse("172.17.5.3/31", &subnet) && address_within(&address, &subnet));
	TAP_CHECK(address_parse("172.17.5.3/32", &subnet) && !address_within(&address, &subnet));
	TAP_CHECK(address_parse("0.0.0.0/0", &subnet) && address_within(&address, &subnet));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TAP_CHECK(!address_parse(bad[i], &address));
	}
}

static void names(void)
{
	uint8_t mac[MAC_SIZE];

	TAP_CHECK(interface_name_is_valid("br-0123456789a"));
	TAP_CHECK(!interface_name_is_valid("br-0123456789abc"));
	TAP_CHECK(!interface_name_is_valid(""));
	TAP_CHECK(!interface_name_is_valid("a/b"));
	TAP_CHECK(!interface_name_is_valid(".."));
	TAP_CHECK(!interface_name_is_valid("a\"b"));
	TAP_CHECK(!interface_name_is_valid("all"));
	TAP_CHECK(mac_parse("02:42:ac:11:00:02", mac) && mac[2] == 0xac);
	TAP_CHECK(!mac_parse("01:00:5e:00:00:01", mac));
	TAP_CHECK(!mac_parse("00:00:00:00:00:00", mac));
	TAP_CHECK(!mac_parse("02:42:ac:11:00:0", mac));
	TAP_CHECK(!mac_parse("02:42:ac:11:00:0g", mac));
}

static int read_endpoint(const char *ports, struct endpoint *endpoint, struct failure *failure)
{
	char text[1000];

	snprintf(text, sizeof(text),
		 "{\"netns\":\"/run/netns/x\",\"bridge\":\"bh0\",\"interface\":\"eth0\","
		 "\"host_interface\":\"veth1\",\"address\":\"172.17.0.2/16\",\"ports\":%s}",
		 ports);
	json *request = parse(text);
	*failure = (struct failure){0};
	int result = request_endpoint(request, endpoint, failure);
	json_object_put(request);
	return result;
}

static void port_lists(void)
{
	struct endpoint endpoint;
	struct failure failure;

	TAP_EQUAL(read_endpoint(
			  "[{\"host_port\":\"9000-9002\",\"container_port\":\"90-92\"},"
			  "{\"host_port\":\"8000-8010\",\"container_port\":80},"
			  "{\"container_port\":53,\"protocol\":\"udp\",\"host_ip\":\"0.0.0.0\"}]",
			  &endpoint, &failure),
		  0);
	TAP_EQUAL(endpoint.port_count, 5);
	TAP_EQUAL(endpoint.ports[2].host_port, 9002);
	TAP_EQUAL(endpoint.ports[2].host_last, 9002);
	TAP_EQUAL(endpoint.ports[2].container_port, 92);
	TAP_EQUAL(endpoint.ports[3].host_last, 8010);
	TAP_EQUAL(endpoint.ports[4].host_port, 0);
	TAP_EQUAL(endpoint.ports[4].host.family, 0);
	endpoint_free(&endpoint);
	TAP_EQUAL(read_endpoint("[{\"host_port\":\"1-5000\",\"container_port\":\"1-5000\"}]",
				&endpoint, &failure),
		  -1);
	TAP_TEXT(failure.kind, "bad-input");
	endpoint_free(&endpoint);
	TAP_EQUAL(read_endpoint("[{\"host_port\":\"1-2\",\"container_port\":\"1-3\"}]", &endpoint,
				&failure),
		  -1);
	endpoint_free(&endpoint);
	TAP_EQUAL(read_endpoint("[3]", &endpoint, &failure), -1);
	endpoint_free(&endpoint);
}

static void port_rules(void)
{
	struct endpoint endpoint;
	struct failure failure;
	struct text text = {0};

	TAP_EQUAL(read_endpoint("[{\"host_port\":8080,\"container_port\":80},{\"host_port\":53,"
				"\"container_port\":5353,\"protocol\":\"udp\",\"host_ip\":"
				"\"127.0.0.1\"}]",
				&endpoint, &failure),
		  0);
	rules_delete_ports(&text, AF_INET, &endpoint);
	TAP_TEXT(text.data,
		 "add element ip bulkhead ports { tcp . 8080 : 172.17.0.2 . 80 }\n"
		 "add element ip bulkhead addressed { 127.0.0.1 . udp . 53 : 172.17.0.2 . 5353 }\n"
		 "delete element ip bulkhead ports { tcp . 8080 : 172.17.0.2 . 80 }\n"
		 "delete element ip bulkhead addressed { 127.0.0.1 . udp . 53 : 172.17.0.2 . 5353 "
		 "}\n");
	text_free(&text);
	rules_add_ports(&text, AF_INET6, &endpoint);
	TAP_EQUAL(text.length, 0);
	text_free(&text);
	endpoint_free(&endpoint);
}

static void network_rules(void)
{
	json *request = parse("{\"bridge\":\"bh0\",\"subnet\":\"172.17.9.9/16\",\"gateway\":"
			      "\"172.17.0.1\",\"internal\":true}");
	struct network network;
	struct failure failure = {0};
	struct text text = {0};

	TAP_EQUAL(request_network(request, &network, &failure), 0);
	TAP_EQUAL(network.gateway[0].prefix, 16);
	rules_add_network(&text, AF_INET, &network);
	TAP_CHECK(strstr(text.data, "networks { 172.17.0.0/16 : jump from-bh0 }") != NULL);
	TAP_CHECK(strstr(text.data, "internal { \"bh0\" }") != NULL);
	TAP_CHECK(strstr(text.data, "delete element") == NULL);
	TAP_CHECK(strstr(text.data, "rule ip bulkhead from-bh0 masquerade") == NULL);
	text_free(&text);
	network.internal = false;
	rules_add_network(&text, AF_INET, &network);
	TAP_CHECK(strstr(text.data, "rule ip bulkhead from-bh0 masquerade") != NULL);
	TAP_CHECK(strstr(text.data, "delete element ip bulkhead internal") != NULL);
	text_free(&text);
	rules_add_network(&text, AF_INET6, &network);
	TAP_EQUAL(text.length, 0);
	rules_base(&text, AF_INET, &network, 1);
	/* The chain before the map whose elements jump to it. */
	TAP_CHECK(strstr(text.data, "chain ip bulkhead from-bh0") <
		  strstr(text.data, "map ip bulkhead networks"));
	text_free(&text);
	json_object_put(request);
}

static const struct tap_case cases[] = {
	{"port ranges", ranges},
	{"addresses", addresses},
	{"names", names},
	{"lists of ports", port_lists},
	{"rules of ports", port_rules},
	{"rules of networks", network_rules},
};

TAP_MAIN(cases)
