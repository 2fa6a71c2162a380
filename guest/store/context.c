/* SPDX-License-Identifier: Apache-2.0 */
/* `context`: the build context's tar into a directory. */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "report.h"
#include "request.h"
#include "unpack.h"

void command_context(const char *argument)
{

	const char *to = request_string("to");

	(void)argument;
	report_doing("cannot unpack the build context");
	if (mkdir(to, 0700) < 0 && errno != EEXIST) {
		fail_errno("cannot make %s", to);
	}
	struct unpack unpack = {.root = request_dir("to", O_RDONLY), .mode = TAR_PLAIN};
	unpack_fd(&unpack, STDIN_FILENO);
	json *result = json_object_new_object();
	json_set_int(result, "size", (int64_t)unpack.size);
	json_set_int(result, "entries", (int64_t)unpack.entries);
	report_result(result);
	close(unpack.root);
}
