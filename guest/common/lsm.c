/* SPDX-License-Identifier: Apache-2.0 */
#include "lsm.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

bool lsm_has_apparmor(void)
{
	int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
	char answer = 'N';

	if (fd >= 0) {
		if (read(fd, &answer, 1) != 1) {
			answer = 'N';
		}
		close(fd);
	}
	return answer == 'Y';
}

bool lsm_has_selinux(void)
{
	struct statfs fs;

	return statfs("/sys/fs/selinux", &fs) == 0 && (unsigned long)fs.f_type == SELINUX_MAGIC;
}
