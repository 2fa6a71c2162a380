/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of bh-image. Each reads its request, works, and reports a result or ends by fail().
 * `argument` is the command's operand, or NULL. */
#pragma once

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
void command_login(const char *argument);
void command_context(const char *argument);
void command_copy(const char *argument);
void command_save(const char *argument);
void command_gc(const char *argument);
void command_verify(const char *argument);
