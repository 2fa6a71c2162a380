/* SPDX-License-Identifier: Apache-2.0 */
/* Rules into the kernel, all of a text or nothing. Functions return 0, or -1 with *failure. */
#pragma once

#include "report.h"
#include "text.h"

int rules_run(const struct text *text, struct failure *failure);
/* rules_base() where it is not there yet. */
int rules_ensure_base(int family, struct failure *failure);
