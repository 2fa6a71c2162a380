/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the configuration file: text to number, set or path. Private to config_*.c. */
#pragma once

#include "config_parse.h"

#include <stdbool.h>

/* Part of the file, never terminated. */
struct config_text {
	const char *start;
	size_t length;
};

/* Sets line and message (formats: fmt.h), returns HV_INVALID. */
__attribute__((format(printf, 3, 4))) enum hv_status
config_fail(struct config_error *error, uint32_t line, const char *format, ...);

/* Length of a text as printf's int precision; long ones are cut in a message. */
int config_shown(struct config_text text);

bool config_text_is(struct config_text text, const char *word);
struct config_text config_trim(struct config_text text);

/* Takes the part before the first `separator`, or all, off `rest`. */
void config_split(struct config_text *rest, char separator, struct config_text *part,
		  bool *is_last);

/* Each fails with `line` and a message that quotes the value. */
MUST_CHECK enum hv_status config_cpus(struct config_text text, uint32_t line, uint64_t *cpus,
				      struct config_error *error);
MUST_CHECK enum hv_status config_memory(struct config_text text, uint32_t line, uint64_t *bytes,
					struct config_error *error);
/* "served:SIZE", a disk's; SIZE as of memory, but any number. */
bool config_is_served(struct config_text text);
MUST_CHECK enum hv_status config_served(struct config_text text, uint32_t line, uint64_t *sectors,
					struct config_error *error);
MUST_CHECK enum hv_status config_path(struct config_text text, uint32_t line,
				      struct config_error *error);
MUST_CHECK enum hv_status config_name(struct config_text text, uint32_t line, char *name,
				      struct config_error *error);
MUST_CHECK enum hv_status config_devices(struct config_text text, uint32_t line,
					 struct config_partition *partition,
					 struct config_error *error);

/* Position of `text` in words[count]; fails with the list of the words. */
MUST_CHECK enum hv_status config_word(struct config_text key, struct config_text text,
				      uint32_t line, const char *const *words, uint32_t count,
				      uint32_t *position, struct config_error *error);
