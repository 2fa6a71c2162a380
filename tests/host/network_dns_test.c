/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages, the table of names, resolv.conf. */
/* Links: guest/network/dns_message.c guest/network/dns_table.c guest/network/dns_server.c */
/* Links: guest/network/request.c guest/network/request_port.c guest/network/report.c */
/* Links: guest/common/json.c guest/common/text.c guest/common/file.c */
/* Libraries: -ljson-c */
#include "dns_server.h"
#include "tap.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define TABLE                                                                                      \
	"{\"names\":{\"web\":[\"172.17.0.2\"],\"Both\":[\"172.17.0.3\",\"fd00::3\"],"              \
	"\"many\":[\"10.0.0.1\",\"10.0.0.2\",\"10.0.0.3\"],\"alias\":[\"172.17.0.2\"],\"odd\":[7]" \
	"},\"clients\":{\"172.17.0.3\":{\"Far\":[\"172.18.0.9\"],\"web\":[\"172.18.0.8\"]},\"x\":" \
	"1},\"servers\":{\"172.17.0.4\":[\"10.9.0.1\",\"x\",7,\"fd00::9\",\"172.17.0.1\"],"        \
	"\"172.17.0.5\":[],\"172.17.0.6\":1}}"

static struct dns_server server;
static union dns_socket_address client = {.v4 = {.sin_family = AF_INET}};
static uint8_t answer[DNS_UDP_MAX];

/* A question as it goes over the wire. */
static size_t ask(uint8_t *query, const char *name, unsigned type)
{
	size_t at = DNS_HEADER_SIZE;
	static const uint8_t header[DNS_HEADER_SIZE] = {0x12, 0x34, 0x01, 0, 0, 1};

	memcpy(query, header, sizeof(header));
	while (*name) {
		size_t label = strcspn(name, ".");
		query[at++] = (uint8_t)label;
		memcpy(query + at, name, label);
		at += label;
		name += label + (name[label] == '.');
	}
	memcpy(query + at, (uint8_t[]){0, (uint8_t)(type >> 8), (uint8_t)type, 0, 1}, 5);
	return at + 5;
}

static void load(void)
{
	const char *error = NULL;

	TAP_EQUAL(dns_table_load(&server.table, TABLE, strlen(TABLE), &error), 0);
	server.forwards = true;
	server.resolvers.count = 1;
}

static int decide(const char *name, unsigned type)
{
	uint8_t query[DNS_QUERY_MAX];
	struct dns_question question;
	size_t length = ask(query, name, type);

	return dns_decide(&server, &client, query, length, &question, answer, sizeof(answer));
}

static void addresses(void)
{
	load();
	int length = decide("WeB", DNS_A);
	TAP_EQUAL(length, DNS_HEADER_SIZE + 9 + 16);
	TAP_EQUAL(answer[0], 0x12);
	TAP_EQUAL(answer[2], 0x85); /* response, authority, recursion as asked */
	TAP_EQUAL(answer[3], 0x80);
	TAP_EQUAL(answer[7], 1);
	TAP_CHECK(memcmp(answer + length - 4, (uint8_t[]){172, 17, 0, 2}, 4) == 0);
	TAP_EQUAL(decide("web", DNS_AAAA), DNS_HEADER_SIZE + 9);
	TAP_EQUAL(answer[3] & 15, DNS_NO_ERROR);
	TAP_EQUAL(answer[7], 0);
	TAP_EQUAL(decide("web", 65), DNS_HEADER_SIZE + 9);
	TAP_EQUAL(decide("both", DNS_AAAA), DNS_HEADER_SIZE + 10 + 28);
	TAP_EQUAL(decide("both", DNS_A), DNS_HEADER_SIZE + 10 + 16);
	decide("many", DNS_A);
	TAP_EQUAL(answer[7], 3);
	decide("odd", DNS_A);
	TAP_EQUAL(answer[7], 0);
	TAP_EQUAL(decide("elsewhere.example", DNS_A), 0);
	dns_table_free(&server.table);
}

static void reverse(void)
{
	load();
	int length = decide("2.0.17.172.in-addr.arpa", DNS_PTR);
	TAP_CHECK(length > 5 && memcmp(answer + length - 5, "\3web", 5) == 0);
	TAP_EQUAL(decide("9.0.17.172.in-addr.arpa", DNS_PTR), 0);
	TAP_CHECK(decide("3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
			 DNS_PTR) > 0);
	TAP_EQUAL(decide("300.0.17.172.in-addr.arpa", DNS_PTR), 0);
	TAP_EQUAL(decide("0002.0.17.172.in-addr.arpa", DNS_PTR), 0);
	TAP_EQUAL(decide("2.0.17.172.in-addr.arpa.x", DNS_PTR), 0);
	dns_table_free(&server.table);
}

static void of_client(void)
{
	load();
	TAP_EQUAL(decide("far", DNS_A), 0);
	inet_pton(AF_INET, "172.17.0.3", &client.v4.sin_addr);
	int length = decide("FAR", DNS_A);
	TAP_CHECK(length > 4 && memcmp(answer + length - 4, (uint8_t[]){172, 18, 0, 9}, 4) == 0);
	/* The network's own names come first. */
	length = decide("web", DNS_A);
	TAP_CHECK(length > 4 && memcmp(answer + length - 4, (uint8_t[]){172, 17, 0, 2}, 4) == 0);
	length = decide("9.0.18.172.in-addr.arpa", DNS_PTR);
	TAP_CHECK(length > 5 && memcmp(answer + length - 5, "\3far", 5) == 0);
	client.v4.sin_addr.s_addr = 0;
	dns_table_free(&server.table);
}

static void refused(void)
{
	load();
	server.forwards = false;
	decide("elsewhere.example", DNS_A);
	TAP_EQUAL(answer[3] & 15, DNS_REFUSED);
	server.forwards = true;
	server.resolvers.count = 0;
	decide("elsewhere.example", DNS_A);
	TAP_EQUAL(answer[3] & 15, DNS_SERVER_FAILURE);
	dns_table_free(&server.table);
}

static enum dns_code parse_with(size_t at, uint8_t value, size_t length)
{
	uint8_t query[DNS_QUERY_MAX];
	struct dns_question question;
	size_t whole = ask(query, "web", DNS_A);

	query[at] = value;
	return dns_parse(query, length ? length : whole, &question);
}

static void hostile(void)
{
	uint8_t query[DNS_QUERY_MAX] = {0};
	struct dns_question question;

	TAP_EQUAL(parse_with(0, 0x12, 0), DNS_NO_ERROR);
	TAP_EQUAL(parse_with(2, 0x81, 0), DNS_DROP);            /* an answer */
	TAP_EQUAL(parse_with(2, 0x28, 0), DNS_NOT_IMPLEMENTED); /* UPDATE */
	TAP_EQUAL(parse_with(5, 0, 0), DNS_FORMAT_ERROR);       /* no question */
	TAP_EQUAL(parse_with(5, 2, 0), DNS_FORMAT_ERROR);       /* two */
	TAP_EQUAL(parse_with(7, 1, 0), DNS_FORMAT_ERROR);       /* with an answer */
	TAP_EQUAL(parse_with(12, 0xc0, 0), DNS_FORMAT_ERROR);   /* a pointer */
	TAP_EQUAL(parse_with(12, 64, 0), DNS_FORMAT_ERROR);
	TAP_EQUAL(parse_with(12, 40, 0), DNS_FORMAT_ERROR); /* beyond the end */
	for (size_t length = 1; length < DNS_HEADER_SIZE; length++) {
		TAP_EQUAL(parse_with(0, 0, length), DNS_DROP);
	}
	for (size_t length = DNS_HEADER_SIZE; length < DNS_HEADER_SIZE + 9; length++) {
		TAP_EQUAL(parse_with(0, 0, length), DNS_FORMAT_ERROR);
	}
	/* Four labels of 63 bytes are one too long. */
	query[5] = 1;
	for (size_t i = 0; i < 4; i++) {
		memset(query + DNS_HEADER_SIZE + i * 64, 'a', 64);
		query[DNS_HEADER_SIZE + i * 64] = 63;
	}
	TAP_EQUAL(dns_parse(query, 600, &question), DNS_FORMAT_ERROR);
	/* A dot in a label is not the dot between two. */
	size_t length = ask(query, "aXb", DNS_A);
	query[DNS_HEADER_SIZE + 2] = '.';
	TAP_EQUAL(dns_parse(query, length, &question), DNS_NO_ERROR);
	TAP_TEXT(question.name, "");
}

static void truncated(void)
{
	uint8_t query[DNS_QUERY_MAX];
	struct dns_question question;
	struct address list[DNS_ANSWER_MAX];

	for (unsigned i = 0; i < DNS_ANSWER_MAX; i++) {
		list[i] = (struct address){.family = AF_INET, .bytes = {10, 0, 0, (uint8_t)i}};
	}
	size_t length = ask(query, "many", DNS_A);
	TAP_EQUAL(dns_parse(query, length, &question), DNS_NO_ERROR);
	size_t size = dns_answer_addresses(query, &question, list, DNS_ANSWER_MAX, answer,
					   sizeof(answer));
	TAP_CHECK(size <= sizeof(answer));
	TAP_CHECK(answer[2] & 0x02);
	TAP_EQUAL(answer[7], (DNS_UDP_MAX - DNS_HEADER_SIZE - 10) / 16);
}

static void matching(void)
{
	uint8_t query[DNS_QUERY_MAX], reply[DNS_QUERY_MAX];
	struct dns_question question;
	size_t length = ask(query, "a.example", DNS_A);

	TAP_EQUAL(dns_parse(query, length, &question), DNS_NO_ERROR);
	memcpy(reply, query, length);
	dns_set_id(reply, 0x9999);
	TAP_CHECK(!dns_is_answer(reply, length, query, &question, 0x9999)); /* a query itself */
	reply[2] |= 0x80;
	TAP_CHECK(dns_is_answer(reply, length, query, &question, 0x9999));
	TAP_CHECK(!dns_is_answer(reply, length, query, &question, 0x1234));
	TAP_CHECK(!dns_is_answer(reply, length - 1, query, &question, 0x9999));
	reply[DNS_HEADER_SIZE + 1] = 'b';
	TAP_CHECK(!dns_is_answer(reply, length, query, &question, 0x9999));
}

static void tables(void)
{
	static const char *const bad[] = {"", "{", "[]", "{\"names\":[]}", "{\"name\":{}}", "null"};
	const char *error = NULL;
	struct address found[DNS_ANSWER_MAX];
	size_t count;

	load();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TAP_EQUAL(dns_table_load(&server.table, bad[i], strlen(bad[i]), &error), -1);
		TAP_CHECK(error != NULL);
	}
	TAP_CHECK(dns_table_find(&server.table, NULL, "web", found, &count) && count == 1);
	TAP_CHECK(!dns_table_find(&server.table, NULL, "", found, &count));
	dns_table_free(&server.table);
}

static void resolvers(void)
{
	union dns_socket_address own = {.v4 = {.sin_family = AF_INET}};
	struct dns_resolvers list;

	inet_pton(AF_INET, "172.17.0.1", &own.v4.sin_addr);
	dns_resolvers_parse(
		"# nameserver 1.1.1.1\nnameserver\nnameserver x\nnameserver 172.17.0.1\n"
		"nameserver 10.0.0.1 # here\n nameserver 10.0.0.9\nnameserver\t::1\r\n"
		"search a b\nnameserver 1.2.3.4.5\nnameserver 10.0.0.2\nnameserver "
		"10.0.0.3",
		&own, &list);
	TAP_EQUAL(list.count, 3);
	TAP_EQUAL(list.list[0].v4.sin_addr.s_addr, htonl(0x0a000001));
	TAP_EQUAL(list.list[0].v4.sin_port, htons(53));
	TAP_EQUAL(list.list[1].any.sa_family, AF_INET6);
	TAP_EQUAL(list.list[2].v4.sin_addr.s_addr, htonl(0x0a000002));
	dns_resolvers_parse("", &own, &list);
	TAP_EQUAL(list.count, 0);
}

static size_t servers_of(const char *address, struct dns_resolvers *room)
{
	union dns_socket_address one = {.v4 = {.sin_family = AF_INET}};

	inet_pton(AF_INET, address, &one.v4.sin_addr);
	return dns_resolvers_of(&server, &one, room)->count;
}

static void servers(void)
{
	struct dns_resolvers room;
	union dns_socket_address before = client;

	load();
	server.own.v4.sin_family = AF_INET;
	inet_pton(AF_INET, "172.17.0.1", &server.own.v4.sin_addr);
	TAP_EQUAL(servers_of("172.17.0.4", &room), 2);
	TAP_EQUAL(room.list[0].v4.sin_addr.s_addr, htonl(0x0a090001));
	TAP_EQUAL(room.list[1].any.sa_family, AF_INET6);
	TAP_EQUAL(servers_of("172.17.0.5", &room), 0);
	TAP_EQUAL(servers_of("172.17.0.6", &room), 1); /* the host's: no list */
	TAP_EQUAL(servers_of("172.17.0.7", &room), 1);
	inet_pton(AF_INET, "172.17.0.5", &client.v4.sin_addr);
	TAP_CHECK(decide("example.org", DNS_A) > 0); /* a failure: nobody to ask */
	TAP_EQUAL(answer[3] & 15, DNS_SERVER_FAILURE);
	inet_pton(AF_INET, "172.17.0.4", &client.v4.sin_addr);
	TAP_EQUAL(decide("example.org", DNS_A), 0);
	client = before;
	dns_table_free(&server.table);
}

static const struct tap_case cases[] = {
	{"addresses of names", addresses},   {"names of addresses", reverse},
	{"names for one client", of_client}, {"nobody to ask", refused},
	{"hostile questions", hostile},      {"an answer too long", truncated},
	{"answers of resolvers", matching},  {"the table", tables},
	{"resolv.conf", resolvers},          {"servers of one client", servers},
};

TAP_MAIN(cases)
