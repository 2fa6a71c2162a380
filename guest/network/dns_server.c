/* SPDX-License-Identifier: Apache-2.0 */
#include "dns_server.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/epoll.h>

#define DNS_PORT 53

static int control(struct dns_server *server, int operation, int fd, uint32_t events,
		   enum dns_source source, size_t index)
{
	struct epoll_event event = {.events = events, .data.u64 = (uint64_t)source << 32 | index};

	return epoll_ctl(server->epoll, operation, fd, &event);
}

int dns_watch(struct dns_server *server, int fd, uint32_t events, enum dns_source source,
	      size_t index)
{
	return control(server, EPOLL_CTL_ADD, fd, events, source, index);
}

int dns_rewatch(struct dns_server *server, int fd, uint32_t events, enum dns_source source,
		size_t index)
{
	return control(server, EPOLL_CTL_MOD, fd, events, source, index);
}

socklen_t dns_socket_size(const union dns_socket_address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

bool dns_same_host(const union dns_socket_address *a, const union dns_socket_address *b)
{
	if (a->any.sa_family != b->any.sa_family) {
		return false;
	}
	return a->any.sa_family == AF_INET
		       ? a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr
		       : memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
}

static bool parse_address(const char *text, union dns_socket_address *address)
{
	*address = (union dns_socket_address){0};
	if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons(DNS_PORT);
		return true;
	}
	address->v6.sin6_family = AF_INET6;
	address->v6.sin6_port = htons(DNS_PORT);
	return inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1;
}

static bool parse_nameserver(const char *line, size_t length, union dns_socket_address *address)
{
	char text[ADDRESS_TEXT_MAX];
	const char *word = "nameserver";
	size_t skip = strlen(word);

	if (length <= skip || strncmp(line, word, skip) != 0 || !strchr(" \t", line[skip])) {
		return false;
	}
	while (skip < length && strchr(" \t", line[skip])) {
		skip++;
	}
	size_t size = 0;
	while (skip + size < length && !strchr(" \t\r#;", line[skip + size])) {
		size++;
	}
	if (size >= sizeof(text)) {
		return false;
	}
	memcpy(text, line + skip, size);
	text[size] = '\0';
	return parse_address(text, address);
}

void dns_resolvers_parse(const char *text, const union dns_socket_address *own,
			 struct dns_resolvers *resolvers)
{
	*resolvers = (struct dns_resolvers){0};
	while (*text && resolvers->count < DNS_RESOLVERS_MAX) {
		size_t length = strcspn(text, "\n");
		union dns_socket_address *next = &resolvers->list[resolvers->count];
		if (parse_nameserver(text, length, next) && !dns_same_host(next, own)) {
			resolvers->count++;
		}
		text += length + (text[length] == '\n');
	}
}

static const char *client_text(const union dns_socket_address *client, char text[ADDRESS_TEXT_MAX])
{
	const void *bytes = client->any.sa_family == AF_INET ? (const void *)&client->v4.sin_addr
							     : (const void *)&client->v6.sin6_addr;

	return inet_ntop(client->any.sa_family, bytes, text, ADDRESS_TEXT_MAX);
}

const struct dns_resolvers *dns_resolvers_of(const struct dns_server *server,
					     const union dns_socket_address *client,
					     struct dns_resolvers *room)
{
	char text[ADDRESS_TEXT_MAX];
	json *list = dns_table_servers(&server->table, client_text(client, text));

	if (!list) {
		return &server->resolvers;
	}
	*room = (struct dns_resolvers){0};
	for (size_t i = 0; i < json_count(list) && room->count < DNS_RESOLVERS_MAX; i++) {
		const char *address = json_string_at(list, i);
		union dns_socket_address *next = &room->list[room->count];
		if (address && parse_address(address, next) && !dns_same_host(next, &server->own)) {
			room->count++;
		}
	}
	return room;
}

static int answer_from_table(struct dns_server *server, const char *client, const uint8_t *query,
			     const struct dns_question *question, uint8_t *answer, size_t room)
{
	struct address addresses[DNS_ANSWER_MAX], reverse;
	size_t count;

	if (dns_table_find(&server->table, client, question->name, addresses, &count)) {
		return (int)dns_answer_addresses(query, question, addresses, count, answer, room);
	}
	if (question->type == DNS_PTR && dns_reverse_parse(question->name, &reverse)) {
		const char *name = dns_table_name(&server->table, client, &reverse);
		if (name) {
			return (int)dns_answer_name(query, question, name, answer, room);
		}
	}
	return 0;
}

int dns_decide(struct dns_server *server, const union dns_socket_address *client,
	       const uint8_t *query, size_t length, struct dns_question *question, uint8_t *answer,
	       size_t room)
{
	enum dns_code code = dns_parse(query, length, question);

	if (code == DNS_DROP) {
		return -1;
	}
	if (code == DNS_NO_ERROR && question->class != DNS_CLASS_IN) {
		code = DNS_REFUSED;
	}
	if (code == DNS_NO_ERROR) {
		char text[ADDRESS_TEXT_MAX];
		int size = answer_from_table(server, client_text(client, text), query, question,
					     answer, room);
		if (size > 0) {
			return size;
		}
		struct dns_resolvers some;
		bool has_any = dns_resolvers_of(server, client, &some)->count > 0;
		code = !server->forwards ? DNS_REFUSED
		       : !has_any        ? DNS_SERVER_FAILURE
					 : DNS_NO_ERROR;
	}
	return code == DNS_NO_ERROR ? 0 : (int)dns_answer_code(query, question, code, answer);
}
