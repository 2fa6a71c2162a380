/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the parser: from an instruction's words to its flags and arguments. */
#pragma once

#include "dockerfile.h"

/* What is wrong, as a format's result; false, so that callers can return it. */
bool dockerfile_fail(struct dockerfile *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Fills the instruction, whose kind and line are set, from what follows the keyword. */
bool dockerfile_parse_arguments(struct dockerfile *file, struct instruction *instruction,
				const char *rest);
/* The kind of a keyword of `length` letters in any case, or INSTRUCTION_KINDS. */
enum instruction_kind dockerfile_keyword(const char *letters, size_t length);
