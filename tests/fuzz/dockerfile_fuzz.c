/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of dockerfile_parse() and dockerfile_expand(): what is accepted keeps the header's
 * promises, and what is not comes with words. */
/* Links: guest/build/dockerfile.c guest/build/dockerfile_arguments.c */
/* Links: guest/build/dockerfile_expand.c guest/common/text.c guest/common/json.c */
/* Libraries: -ljson-c */
#include "fuzz.h"

#include "dockerfile.h"

#include <stdlib.h>
#include <string.h>

static const char *look(void *context, const char *name)
{
	(void)context;
	FUZZ_CHECK(*name);
	return name[0] & 1 ? "value $x" : NULL;
}

static void check_word(const char *word, char escape)
{
	char *error = NULL;
	char *result = dockerfile_expand(word, escape, look, NULL, &error);

	FUZZ_CHECK(!result == (error != NULL));
	free(result);
	free(error);
}

static void check_instruction(const struct instruction *one, char escape)
{
	FUZZ_CHECK(one->kind < INSTRUCTION_KINDS && one->line > 0 && one->original);
	FUZZ_CHECK(one->word_count || one->is_exec);
	FUZZ_CHECK(one->kind != INSTRUCTION_ENV || one->word_count % 2 == 0);
	FUZZ_CHECK(one->kind != INSTRUCTION_COPY || one->word_count >= 2);
	for (size_t i = 0; i < one->word_count; i++) {
		check_word(one->words[i], escape);
	}
	for (size_t i = 0; i < one->flag_count; i++) {
		FUZZ_CHECK(strchr(one->flags[i], '='));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dockerfile file;
	bool ok = dockerfile_parse(&file, (const char *)data, size);

	FUZZ_CHECK(ok == !file.error && (!ok || file.count));
	for (size_t i = 0; ok && i < file.count; i++) {
		check_instruction(&file.instructions[i], file.escape);
	}
	dockerfile_free(&file);
	char *word = strndup((const char *)data, size);
	check_word(word, '\\');
	free(word);
	return 0;
}
