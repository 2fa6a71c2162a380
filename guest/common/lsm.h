/* SPDX-License-Identifier: Apache-2.0 */
/* Which security modules this kernel runs. sysfs must be mounted, for SELinux selinuxfs too. */
#pragma once

#include <stdbool.h>

bool lsm_has_apparmor(void);
bool lsm_has_selinux(void);
