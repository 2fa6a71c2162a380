/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of bh-image. Each reads its request, works, and reports a result or ends by fail().
 * `argument` is the command's operand, or NULL. */
#pragma once

void command_load(const char *argument);
void command_import(const char *argument);
