/* SPDX-License-Identifier: Apache-2.0 */
/* `archive-put`: what `docker cp` puts into a container. */
#include "container_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "commands.h"
#include "in_root.h"
#include "report.h"
#include "request.h"
#include "unpack.h"

void command_archive_put(const char *argument)
{
	json *request = report_request();

	const char *path = request_string("path");

	(void)argument;
	report_doing("cannot copy to the container");
	int root = request_dir("rootfs", O_RDONLY);
	int fd = in_root_open(root, path, O_PATH | O_DIRECTORY, 0);
	if (fd < 0 && errno == ENOTDIR) {
		fail(FAIL_BAD_INPUT, "%s is not a directory", path);
	}
	if (fd < 0) {
		fail_errno("no such directory in the container: %s", path);
	}
	char *inside = container_path_of(root, fd);
	if (!inside) {
		fail(FAIL_CONFLICT, "%s has moved", path);
	}
	close(fd);
	struct unpack unpack = {
		.root = root,
		.prefix = inside + 1, /* without its slash */
		.mode = TAR_PLAIN,
		.is_owned = true,
		.is_owner_set =
			json_get_bool(request, "copy_uid_gid", false) && json_get(request, "uid"),
		.uid = (uint32_t)json_get_int(request, "uid", 0),
		.gid = (uint32_t)json_get_int(request, "gid", 0),
		.no_overwrite_dir_non_dir =
			json_get_bool(request, "no_overwrite_dir_non_dir", false),
	};
	unpack_fd(&unpack, STDIN_FILENO);
	free(inside);
	close(root);
	report_result(json_object_new_object());
}
