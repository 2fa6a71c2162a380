/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of bh-image. Each reads its request, works, and reports a result or ends by fail().
 * `argument` is the command's operand, or NULL. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct command {
	const char *name;
	void (*run)(const char *argument); /* NULL: bh-registry does it */
	const char *operand;               /* NULL: none */
	const char *help;
	bool has_output; /* standard output is data */
	bool has_store;
};

/* Of the program: commands_image.c or commands_registry.c. */
extern const struct command commands[];
extern const size_t command_count;

void command_load(const char *argument);
void command_import(const char *argument);
void command_commit(const char *argument);
void command_diff(const char *argument);
void command_usage(const char *argument);
void command_export(const char *argument);
void command_archive_get(const char *argument);
void command_archive_put(const char *argument);
void command_archive_stat(const char *argument);
void command_pull(const char *argument);
void command_push(const char *argument);
void command_fetch(const char *argument);
void command_tags(const char *argument);
void command_search(const char *argument);
void command_login(const char *argument);
void command_context(const char *argument);
void command_copy(const char *argument);
void command_save(const char *argument);
void command_gc(const char *argument);
void command_verify(const char *argument);
