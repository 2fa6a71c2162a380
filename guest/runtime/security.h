/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels of the kernel's security modules: process.apparmorProfile, process.selinuxLabel and
 * linux.mountLabel. runtime-spec, config.md "Linux Process"; config-linux.md "Mount Label".
 */
#pragma once

#include <stdbool.h>
#include "error.h"
#include "json.h"

/* One of the three is set. */
static inline bool security_is_wanted(json *process, json *linux_config)
{
	return *json_get_string(process, "apparmorProfile", "") ||
	       *json_get_string(process, "selinuxLabel", "") ||
	       *json_get_string(linux_config, "mountLabel", "");
}
/* An error for a label whose module this kernel does not run. */
int security_check(json *process, json *linux_config, struct error *e);
/* The labels count from the calling process's next execve(2) on, and for its children's. `proc` is
 * the host's /proc, opened; -1 where neither label is set. Between this and execve(2) the process
 * may not lose what the labels' policies ask of who sets them. */
int security_apply(int proc, json *process, struct error *e);
/* SELinux: the label of keyrings that the caller makes from now on; NULL: the default again. */
int security_label_keys(int proc, const char *label, struct error *e);
/* SELinux: the label of what `fd`, a new mount, shows as its root. */
int security_label_root(int fd, const char *label);
/* linux.mountLabel, or "". */
static inline const char *security_mount_label(json *linux_config)
{
	return json_get_string(linux_config, "mountLabel", "");
}
