/* SPDX-License-Identifier: Apache-2.0 */
/* Running from a sealed copy of the program. */
#include "sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int copy_of(int from, struct error *e)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	struct stat status;
	off_t done = 0;

	int copy = memfd_create("bh-runtime", flags | MFD_EXEC);
	if (copy < 0 && errno == EINVAL) {
		copy = memfd_create("bh-runtime", flags);
	}
	if (copy < 0 || fstat(from, &status) < 0) {
		return error_set(e, errno, "cannot copy the program into memory");
	}
	while (done < status.st_size) {
		ssize_t n = sendfile(copy, from, &done, (size_t)(status.st_size - done));
		if (n <= 0) {
			return error_set(e, errno, "cannot copy the program into memory");
		}
	}
	if (fcntl(copy, F_ADD_SEALS, SEALS) < 0) {
		return error_set(e, errno, "cannot seal the program's copy");
	}
	return copy;
}

int sealed_enter(char **argv, struct error *e)
{
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (self < 0) {
		return error_set(e, errno, "cannot open /proc/self/exe; is /proc mounted?");
	}
	int seals = fcntl(self, F_GET_SEALS);
	if (seals >= 0 && (seals & SEALS) == SEALS) {
		close(self);
		prctl(PR_SET_NAME, "bh-runtime");
		return 0;
	}
	int copy = copy_of(self, e);
	if (copy < 0) {
		return -1;
	}
	syscall(SYS_execveat, copy, "", argv, environ, AT_EMPTY_PATH);
	return error_set(e, errno, "cannot execute the program's sealed copy");
}
