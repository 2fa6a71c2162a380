/* SPDX-License-Identifier: Apache-2.0 */
/* What a kill in the middle left of volumes. */
#include "engine.h"
#include "file.h"
#include "text.h"
#include "volume.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>

void volume_sweep(void)
{
	char *folder = engine_root_path("volumes");
	DIR *list = opendir(folder);
	struct dirent *entry;

	while (list && (entry = readdir(list))) {
		if (entry->d_name[0] != '.' && !volume_exists(entry->d_name)) {
			file_remove_tree_at(dirfd(list), entry->d_name);
		}
	}
	if (list) {
		closedir(list);
	}
	free(folder);
}
