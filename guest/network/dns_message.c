/* SPDX-License-Identifier: Apache-2.0 */
#include "dns_message.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FLAG_RESPONSE       0x8000
#define FLAG_AUTHORITY      0x0400
#define FLAG_TRUNCATED      0x0200
#define FLAG_DESIRED        0x0100
#define FLAG_AVAILABLE      0x0080
#define OPERATION_MASK      0x7800
#define LABEL_MAX           63
#define POINTER_TO_QUESTION (0xc000 | DNS_HEADER_SIZE)
#define RECORD_FIXED        12 /* pointer, type, class, TTL, length */

static uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void put16(uint8_t *bytes, unsigned value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

void dns_set_id(uint8_t *message, uint16_t id)
{
	put16(message, id);
}

/* The name at `at` as text; returns where it ends, 0 when it is none. */
static size_t parse_name(const uint8_t *bytes, size_t length, size_t at, char *text)
{
	size_t start = at, used = 0;
	bool is_text = true;

	while (at < length && bytes[at] != 0) {
		size_t label = bytes[at++];
		/* Above: compression, which a question has no use for, and reserved forms. */
		if (label > LABEL_MAX || label >= length - at ||
		    at + label - start >= DNS_NAME_MAX) {
			return 0;
		}
		if (used) {
			text[used++] = '.';
		}
		for (size_t i = 0; i < label; i++, at++) {
			is_text = is_text && bytes[at] != '.' && bytes[at] != 0;
			text[used++] = (char)tolower(bytes[at]);
		}
	}
	text[is_text ? used : 0] = '\0';
	return at < length ? at + 1 : 0;
}

enum dns_code dns_parse(const uint8_t *bytes, size_t length, struct dns_question *question)
{
	*question = (struct dns_question){0};
	if (length < DNS_HEADER_SIZE || get16(bytes + 2) & FLAG_RESPONSE) {
		return DNS_DROP;
	}
	question->id = get16(bytes);
	question->flags = get16(bytes + 2);
	if (question->flags & OPERATION_MASK) {
		return DNS_NOT_IMPLEMENTED;
	}
	/* One question, no answer and no authority; additional records are EDNS (RFC 6891). */
	if (get16(bytes + 4) != 1 || get16(bytes + 6) != 0 || get16(bytes + 8) != 0) {
		return DNS_FORMAT_ERROR;
	}
	size_t end = parse_name(bytes, length, DNS_HEADER_SIZE, question->name);
	if (end == 0 || length - end < 4) {
		return DNS_FORMAT_ERROR;
	}
	question->type = get16(bytes + end);
	question->class = get16(bytes + end + 2);
	question->end = end + 4;
	return DNS_NO_ERROR;
}

static size_t start_answer(const uint8_t *query, const struct dns_question *question,
			   unsigned flags, uint8_t *answer)
{
	bool has_question = question->end != 0;

	memset(answer, 0, DNS_HEADER_SIZE);
	put16(answer, question->id);
	put16(answer + 2, FLAG_RESPONSE | FLAG_AVAILABLE | flags |
				  (question->flags & (FLAG_DESIRED | OPERATION_MASK)));
	put16(answer + 4, has_question);
	if (!has_question) {
		return DNS_HEADER_SIZE;
	}
	memcpy(answer + DNS_HEADER_SIZE, query + DNS_HEADER_SIZE, question->end - DNS_HEADER_SIZE);
	return question->end;
}

size_t dns_answer_code(const uint8_t *query, const struct dns_question *question,
		       enum dns_code code, uint8_t *answer)
{
	return start_answer(query, question, (unsigned)code, answer);
}

/* Adds a record of the question's own name; returns the new length, or 0 when there is no room. */
static size_t add_record(uint8_t *answer, size_t at, size_t room, unsigned type, const void *data,
			 size_t size)
{
	uint8_t *record = answer + at;

	if (room - at < RECORD_FIXED + size) {
		put16(answer + 2, get16(answer + 2) | FLAG_TRUNCATED);
		return 0;
	}
	put16(record, POINTER_TO_QUESTION);
	put16(record + 2, type);
	put16(record + 4, DNS_CLASS_IN);
	put16(record + 6, 0);
	put16(record + 8, DNS_TTL);
	put16(record + 10, (unsigned)size);
	memcpy(record + RECORD_FIXED, data, size);
	put16(answer + 6, get16(answer + 6) + 1u);
	return at + RECORD_FIXED + size;
}

size_t dns_answer_addresses(const uint8_t *query, const struct dns_question *question,
			    const struct address *addresses, size_t count, uint8_t *answer,
			    size_t room)
{
	size_t length = start_answer(query, question, FLAG_AUTHORITY, answer);

	for (size_t i = 0; i < count; i++) {
		bool is_v4 = addresses[i].family == AF_INET;
		if (question->type != (is_v4 ? DNS_A : DNS_AAAA)) {
			continue;
		}
		size_t next = add_record(answer, length, room, question->type, addresses[i].bytes,
					 is_v4 ? 4 : 16);
		if (next == 0) {
			break;
		}
		length = next;
	}
	return length;
}

/* Text to labels; 0 when it is no name. */
static size_t wire_name(const char *name, uint8_t *wire)
{
	size_t used = 0;

	while (*name) {
		size_t label = strcspn(name, ".");
		if (label == 0 || label > LABEL_MAX || used + label + 2 > DNS_NAME_MAX) {
			return 0;
		}
		wire[used++] = (uint8_t)label;
		memcpy(wire + used, name, label);
		used += label;
		name += label + (name[label] == '.');
	}
	wire[used] = 0;
	return used + 1;
}

size_t dns_answer_name(const uint8_t *query, const struct dns_question *question, const char *name,
		       uint8_t *answer, size_t room)
{
	uint8_t wire[DNS_NAME_MAX + 1];
	size_t size = wire_name(name, wire);
	size_t length = start_answer(query, question, FLAG_AUTHORITY, answer);
	size_t next = size ? add_record(answer, length, room, DNS_PTR, wire, size) : 0;

	return next ? next : length;
}

bool dns_is_answer(const uint8_t *answer, size_t length, const uint8_t *query,
		   const struct dns_question *question, uint16_t id)
{
	if (length < question->end || get16(answer) != id || !(get16(answer + 2) & FLAG_RESPONSE) ||
	    get16(answer + 4) != 1) {
		return false;
	}
	for (size_t i = DNS_HEADER_SIZE; i < question->end; i++) {
		if (tolower(answer[i]) != tolower(query[i])) {
			return false;
		}
	}
	return true;
}

static int hex_digit(char digit)
{
	const char *digits = "0123456789abcdef";
	const char *found = digit ? strchr(digits, digit) : NULL;

	return found ? (int)(found - digits) : -1;
}

static bool reverse_v6(const char *name, struct address *address)
{
	for (size_t i = 0; i < 32; i++, name += 2) {
		int digit = hex_digit(name[0]);
		if (digit < 0 || name[1] != '.') {
			return false;
		}
		address->bytes[15 - i / 2] |= (uint8_t)(i % 2 ? digit << 4 : digit);
	}
	return strcmp(name, "ip6.arpa") == 0;
}

bool dns_reverse_parse(const char *name, struct address *address)
{
	*address = (struct address){.family = AF_INET, .prefix = 32};
	if (strlen(name) == 64 + strlen("ip6.arpa")) {
		address->family = AF_INET6;
		address->prefix = 128;
		return reverse_v6(name, address);
	}
	for (int i = 3; i >= 0; i--) {
		char *end;
		unsigned long part = strtoul(name, &end, 10);
		if (!isdigit((unsigned char)*name) || end - name > 3 || part > 255 || *end != '.') {
			return false;
		}
		address->bytes[i] = (uint8_t)part;
		name = end + 1;
	}
	return strcmp(name, "in-addr.arpa") == 0;
}
