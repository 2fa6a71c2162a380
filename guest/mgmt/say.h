/* SPDX-License-Identifier: Apache-2.0 */
/* What init tells the person at the console: one line a fact, `init: ...`. */
#pragma once

/* Printf-like; the newline is added. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* From now on into this file; NULL, or one that cannot be opened: the console. */
void say_into(const char *path);

/* Of a child: its output goes there too. */
void say_lend(void);
