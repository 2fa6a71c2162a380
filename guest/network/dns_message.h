/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS messages (RFC 1035 section 4) as a name server of a few names needs them. Pure functions over
 * bytes that anybody sent. Numbers are in host order.
 */
#pragma once

#include "request.h"

#define DNS_HEADER_SIZE 12
#define DNS_NAME_MAX    255  /* bytes on the wire; the text is shorter */
#define DNS_QUERY_MAX   1024 /* longer ones are refused */
#define DNS_UDP_MAX     512  /* of an answer of ours; what does not fit goes over TCP */
#define DNS_MESSAGE_MAX 65535
#define DNS_TTL         10 /* seconds: containers come and go */

enum dns_type {
	DNS_A = 1,
	DNS_PTR = 12,
	DNS_AAAA = 28,
};

enum dns_code {
	DNS_NO_ERROR = 0,
	DNS_FORMAT_ERROR = 1,
	DNS_SERVER_FAILURE = 2,
	DNS_NAME_ERROR = 3,
	DNS_NOT_IMPLEMENTED = 4,
	DNS_REFUSED = 5,
	DNS_DROP = 16, /* no code of the protocol: not a query, never answered */
};

#define DNS_CLASS_IN 1

struct dns_question {
	uint16_t id;
	uint16_t flags;
	uint16_t type;
	uint16_t class;
	size_t end;                  /* where the question ends in the message */
	char name[DNS_NAME_MAX + 1]; /* lower case, without the last dot; "" where text cannot
					tell it (a dot or NUL in a label), and for the root */
};

/* Strict: one question, no compression in it, operation QUERY. DNS_NO_ERROR, or the code to answer
 * with (DNS_DROP: none); id and flags are set unless it is DNS_DROP. */
enum dns_code dns_parse(const uint8_t *bytes, size_t length, struct dns_question *question);

/* An answer with a code and nothing in it. `room` is DNS_HEADER_SIZE + DNS_NAME_MAX + 4 or more.
 * After DNS_FORMAT_ERROR or DNS_NOT_IMPLEMENTED the question is not repeated. Returns its length.
 */
size_t dns_answer_code(const uint8_t *query, const struct dns_question *question,
		       enum dns_code code, uint8_t *answer);
/* With those of the addresses that the question's type asks for (none: an empty answer). What is
 * beyond `room` is left out, with TC set. `room` as above or more. */
size_t dns_answer_addresses(const uint8_t *query, const struct dns_question *question,
			    const struct address *addresses, size_t count, uint8_t *answer,
			    size_t room);
/* With one name, as the answer to a PTR question. */
size_t dns_answer_name(const uint8_t *query, const struct dns_question *question, const char *name,
		       uint8_t *answer, size_t room);

/* Is it the answer to this query as it was sent (with `id`)? */
bool dns_is_answer(const uint8_t *answer, size_t length, const uint8_t *query,
		   const struct dns_question *question, uint16_t id);

void dns_set_id(uint8_t *message, uint16_t id);

/* "2.0.17.172.in-addr.arpa", and the same of ip6.arpa, to an address. */
bool dns_reverse_parse(const char *name, struct address *address);
