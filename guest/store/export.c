/* SPDX-License-Identifier: Apache-2.0 */
/* `export`: a container's root file system as a tar on standard output. */
#include "commands.h"

#include <fcntl.h>
#include <unistd.h>
#include "pack.h"
#include "report.h"
#include "request.h"

void command_export(const char *argument)
{
	int output = STDOUT_FILENO;

	(void)argument;
	report_doing("cannot export");
	struct pack pack = {
		.mode = TAR_PLAIN,
		.write = pack_write_fd,
		.opaque = &output,
		.skip = json_get_array(report_request(), "skip"),
	};
	int root = request_dir("rootfs", O_RDONLY);
	pack_whole(&pack, root);
	close(root);
	report_result(json_object_new_object());
}
