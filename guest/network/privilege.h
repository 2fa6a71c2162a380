/* SPDX-License-Identifier: Apache-2.0 */
/* For the processes that stay: after this the process is nobody's, for good. */
#pragma once

#include "report.h"

/* User and group nobody, no capability, no_new_privs, not dumpable, no new processes. Does nothing
 * but the last three where it is not root's. -1 with *failure. */
int privilege_drop(struct failure *failure);
/* As many descriptors as may be. */
void privilege_raise_files(void);
