/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals: made inside, handed out by descriptor. */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "in_root.h"
#include "mounts.h"
#include "pass_fd.h"
#include "file.h"

int console_connect(const char *path, struct error *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path)) {
		return error_set(e, ENAMETOOLONG, "console socket %s", path);
	}
	strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		return error_set(e, errno, "cannot connect to the console socket %s", path);
	}
	return fd;
}

static void set_size(int master, json *size)
{
	struct winsize window = {.ws_row = (unsigned short)json_get_int(size, "height", 0),
				 .ws_col = (unsigned short)json_get_int(size, "width", 0)};

	if (size) {
		ioctl(master, TIOCSWINSZ, &window);
	}
}

int console_open(int root, json *size, int *slave, struct error *e)
{
	struct statfs fs;
	struct stat status;
	int unlock = 0;
	int master = in_root_open(root, "dev/pts/ptmx", O_RDWR | O_NOCTTY, 0);

	if (master < 0) {
		return error_set(e, errno,
				 "cannot open /dev/pts/ptmx of the container; a terminal "
				 "needs a mount of type devpts at /dev/pts");
	}
	if (fstatfs(master, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC ||
	    fstat(master, &status) < 0 || status.st_rdev != makedev(5, 2)) {
		close(master);
		return error_set(e, 0, "/dev/pts/ptmx of the container belongs to no devpts");
	}
	set_size(master, size);
	*slave = ioctl(master, TIOCSPTLCK, &unlock) < 0
			 ? -1
			 : ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0) {
		error_set(e, errno, "cannot open a terminal of the container");
		close(master);
		return -1;
	}
	return master;
}

int console_bind(int root, int slave, struct error *e)
{
	int tree = mounts_clone_tree(slave, "", false);
	int target = mounts_target(root, "/dev/console", true, false);
	int result = tree < 0 || target < 0 || mounts_attach(tree, target) < 0
			     ? error_set(e, errno, "cannot bind the terminal to /dev/console")
			     : 0;

	file_close(tree);
	file_close(target);
	return result;
}

int console_send(int to, int master, struct error *e)
{
	static const char name[] = "/dev/ptmx";

	return pass_send(to, name, sizeof(name) - 1, &master, 1) < 0
		       ? error_set(e, errno, "cannot send the terminal to the console socket")
		       : 0;
}

int console_take(int slave, struct error *e)
{
	if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) < 0) {
		return error_set(e, errno, "cannot make the terminal the controlling one");
	}
	for (int fd = 0; fd < 3; fd++) {
		if (dup2(slave, fd) < 0) {
			return error_set(e, errno, "cannot use the terminal");
		}
	}
	return 0;
}
