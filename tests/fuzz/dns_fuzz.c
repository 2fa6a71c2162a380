/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of the name server's messages: what parses is answered within bounds, and the answer
 * is one to the question. */
/* Links: guest/network/dns_message.c */
#include "fuzz.h"

#include "dns_message.h"

#include <string.h>

static void check_answer(const uint8_t *answer, size_t length, size_t room, const uint8_t *query,
			 const struct dns_question *question)
{
	FUZZ_CHECK(length >= DNS_HEADER_SIZE && length <= room);
	FUZZ_CHECK(dns_is_answer(answer, length, query, question, question->id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct address addresses[] = {
		{.family = AF_INET, .bytes = {10, 0, 0, 1}, .prefix = 32},
		{.family = AF_INET6, .bytes = {0xfd}, .prefix = 128},
	};
	struct dns_question question;
	struct address address;
	uint8_t answer[DNS_UDP_MAX];
	enum dns_code code = dns_parse(data, size, &question);

	if (code == DNS_DROP) {
		return 0;
	}
	FUZZ_CHECK(strlen(question.name) <= DNS_NAME_MAX && question.end <= size);
	size_t length = dns_answer_code(data, &question, code, answer);
	FUZZ_CHECK(length >= DNS_HEADER_SIZE && length <= sizeof(answer));
	if (code != DNS_NO_ERROR) {
		return 0;
	}
	length = dns_answer_addresses(data, &question, addresses, 2, answer, sizeof(answer));
	check_answer(answer, length, sizeof(answer), data, &question);
	length = dns_answer_name(data, &question, question.name, answer, sizeof(answer));
	check_answer(answer, length, sizeof(answer), data, &question);
	dns_reverse_parse(question.name, &address);
	dns_is_answer(data, size, answer, &question, question.id);
	return 0;
}
