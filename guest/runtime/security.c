/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AppArmor: Documentation/admin-guide/LSM/apparmor.rst, "exec NAME" to attr/apparmor/exec.
 * SELinux: attr/exec, attr/keycreate and the mount option "context"; proc_pid_attr(5).
 */
#include "security.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "file.h"
#include "lsm.h"
#include "text.h"

int security_check(json *process, json *linux_config, struct error *e)
{
	const char *profile = json_get_string(process, "apparmorProfile", "");
	bool labelled = *json_get_string(process, "selinuxLabel", "");

	if (*profile && !lsm_has_apparmor()) {
		return error_set(e, 0,
				 "process.apparmorProfile is \"%s\", but this kernel runs no "
				 "AppArmor; remove it, or boot with apparmor=1 security=apparmor",
				 profile);
	}
	if ((labelled || *security_mount_label(linux_config)) && !lsm_has_selinux()) {
		return error_set(e, 0,
				 "%s is set, but this kernel runs no SELinux (there is no "
				 "selinuxfs at /sys/fs/selinux); remove it",
				 labelled ? "process.selinuxLabel" : "linux.mountLabel");
	}
	return 0;
}

static int put_profile(int proc, const char *profile, struct error *e)
{
	char *command = text_format("exec %s", profile);
	int result = file_put_at(proc, "thread-self/attr/apparmor/exec", command);

	/* Before Linux 5.8 the file is all modules'. */
	if (result < 0 && errno == ENOENT &&
	    faccessat(proc, "thread-self/attr/apparmor", F_OK, 0) < 0) {
		result = file_put_at(proc, "thread-self/attr/exec", command);
	}
	int error = errno;
	free(command);
	if (result == 0) {
		return 0;
	}
	return error == ENOENT
		       ? error_set(e, 0,
				   "the AppArmor profile \"%s\" is not loaded; load it with "
				   "apparmor_parser -r FILE",
				   profile)
		       : error_set(e, error, "cannot set the AppArmor profile \"%s\"", profile);
}

int security_apply(int proc, json *process, struct error *e)
{
	const char *profile = json_get_string(process, "apparmorProfile", "");
	const char *label = json_get_string(process, "selinuxLabel", "");

	if (*profile && put_profile(proc, profile, e) < 0) {
		return -1;
	}
	return *label && file_put_at(proc, "thread-self/attr/exec", label) < 0
		       ? error_set(e, errno,
				   "cannot set the SELinux label \"%s\"; does the policy know it, "
				   "and may the runtime change to it?",
				   label)
		       : 0;
}

int security_label_keys(int proc, const char *label, struct error *e)
{
	return file_put_at(proc, "thread-self/attr/keycreate", label ? label : "\n") < 0
		       ? error_set(e, errno, "cannot set the SELinux label of the session keyring")
		       : 0;
}

int security_label_root(int fd, const char *label)
{
	int root = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0) {
		return -1;
	}
	int result = fsetxattr(root, "security.selinux", label, strlen(label), 0);
	int error = errno;
	close(root);
	errno = error;
	return result;
}
