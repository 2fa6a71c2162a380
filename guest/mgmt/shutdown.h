/* SPDX-License-Identifier: Apache-2.0 */
/* The end: processes, file systems, machine. */
#pragma once

/* The signal by which busybox' poweroff, halt and reboot, or the kernel (ctrl-alt-del), ask for it.
 */
_Noreturn void shutdown_run(int signal);
