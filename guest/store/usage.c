/* SPDX-License-Identifier: Apache-2.0 */
/* `usage`: how many bytes files in directories have; one that is not there has none. */
#include "commands.h"
#include "file.h"

#include <fcntl.h>
#include <unistd.h>
#include "json.h"
#include "report.h"
#include "tree.h"

static int64_t bytes_below(int root)
{
	struct tree tree;
	int64_t bytes = 0;

	tree_open(&tree, root);
	while (tree_next(&tree)) {
		/* One of several names counts its part. */
		if (S_ISREG(tree.status.st_mode) && tree.status.st_nlink > 0) {
			bytes += tree.status.st_size / (int64_t)tree.status.st_nlink;
		}
	}
	tree_close(&tree);
	return bytes;
}

void command_usage(const char *argument)
{
	json *dirs = json_get_array(report_request(), "dirs");
	json *sizes = json_object_new_array();
	json *result = json_object_new_object();

	(void)argument;
	report_doing("cannot measure");
	for (size_t i = 0; i < json_count(dirs); i++) {
		const char *path = json_string_at(dirs, i);
		int root = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

		json_object_array_add(sizes,
				      json_object_new_int64(root < 0 ? 0 : bytes_below(root)));
		file_close(root);
	}
	json_set(result, "sizes", sizes);
	report_result(result);
}
