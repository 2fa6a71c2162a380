/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of decode_memory(): bounds, sizes, and the same answer for the bytes it says it used.
 */
/* Links: arch/x86/decode.c */
#include "fuzz.h"

#include "decode.h"

#include <string.h>

static void check_sizes(const struct decoded *got)
{
	bool is_string = got->op == DECODE_STOS || got->op == DECODE_MOVS;

	FUZZ_CHECK(got->size == 1 || got->size == 2 || got->size == 4 || got->size == 8);
	FUZZ_CHECK(got->address_size == 2 || got->address_size == 4 || got->address_size == 8);
	FUZZ_CHECK(got->reg < 16);
	FUZZ_CHECK(got->op <= DECODE_MOVS);
	FUZZ_CHECK(got->segment < 6);
	FUZZ_CHECK(is_string || !got->is_rep);
	FUZZ_CHECK(!got->is_high_byte || (got->reg < 4 && got->reg_size == 1));
	if (!got->is_immediate && got->op <= DECODE_CMPXCHG) {
		FUZZ_CHECK(got->reg_size >= got->size || got->op != DECODE_MOV);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decode_head head;
	struct decoded got;
	struct decoded again;
	uint8_t *exact;

	if (size < 1) {
		return 0;
	}
	/* A block of exactly the input's size: the sanitizer sees every byte too far. */
	exact = malloc(size);
	FUZZ_CHECK(exact != NULL);
	memcpy(exact, data + 1, size - 1);
	if (decode_prefixes(exact, size - 1, (enum decode_mode)(data[0] % 3), &head)) {
		FUZZ_CHECK(head.length < DECODE_LENGTH_MAX && head.length < size - 1);
	}
	if (decode_memory(exact, size - 1, (enum decode_mode)(data[0] % 3), &got)) {
		FUZZ_CHECK(got.length >= 1 && got.length <= DECODE_LENGTH_MAX &&
			   got.length <= size - 1);
		check_sizes(&got);
		FUZZ_CHECK(
			decode_memory(exact, got.length, (enum decode_mode)(data[0] % 3), &again));
		FUZZ_CHECK(memcmp(&got, &again, sizeof(got)) == 0);
		FUZZ_CHECK(!decode_memory(exact, got.length - 1u, (enum decode_mode)(data[0] % 3),
					  &again));
	}
	free(exact);
	return 0;
}
