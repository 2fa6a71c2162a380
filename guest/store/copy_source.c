/* SPDX-License-Identifier: Apache-2.0 */
/* What a COPY or ADD takes from its context. */
#include "copy.h"
#include "file.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "glob.h"
#include "in_root.h"
#include "report.h"
#include "store_limits.h"
#include "tar_plan.h"
#include "text.h"
#include "tree.h"

static bool copy_is_archive(int fd)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;

	archive_read_support_format_tar(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_zstd(archive);
	bool is_tar = archive_read_open_fd(archive, fd, 65536) == ARCHIVE_OK &&
		      archive_read_next_header(archive, &entry) == ARCHIVE_OK;
	archive_read_free(archive);
	return is_tar && lseek(fd, 0, SEEK_SET) == 0;
}

static void add_source(struct copy *copy, const char *path)
{
	struct stat status;
	int place = in_root_open(copy->from, path, O_PATH, 0);

	if (copy->count >= LIMIT_ENTRIES / 64) {
		fail(FAIL_BAD_INPUT, "too many sources");
	}
	if (place < 0 || fstat(place, &status) < 0 ||
	    (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))) {
		fail(FAIL_NOT_FOUND,
		     "%s: not in the build context, excluded by .dockerignore, or neither file nor "
		     "directory",
		     path);
	}
	close(place);
	int fd = copy->is_add && S_ISREG(status.st_mode) ? in_root_open_file(copy->from, path) : -1;
	copy->sources = memory_resize(copy->sources, copy->count + 1, sizeof(*copy->sources));
	copy->sources[copy->count++] = (struct copy_source){
		.from = copy->from,
		.path = text_copy(path),
		.is_dir = S_ISDIR(status.st_mode),
		.is_archive = fd >= 0 && copy_is_archive(fd),
	};
	file_close(fd);
}

static void add_matches(struct copy *copy, const char *pattern)
{
	struct tree tree;

	tree_open(&tree, copy->from);
	while (tree_next(&tree)) {
		if (glob_ignores(copy->ignore, tree.path.data)) {
			if (!copy->has_exceptions) {
				tree_skip(&tree);
			}
		} else if (glob_match(pattern, tree.path.data, false) &&
			   !S_ISFIFO(tree.status.st_mode)) {
			add_source(copy, tree.path.data);
		}
	}
	tree_close(&tree);
}

/* What came from a URL is taken as it is: it may be any name, and no archive is unpacked. */
static void add_remotes(struct copy *copy, json *remotes)
{
	json *files = json_get_array(remotes, "files");
	const char *folder = json_get_string(remotes, "from", "");
	int from = json_count(files) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (json_count(files) && from < 0) {
		fail_errno("cannot open %s", folder);
	}
	for (size_t i = 0; i < json_count(files); i++) {
		copy->sources =
			memory_resize(copy->sources, copy->count + 1, sizeof(*copy->sources));
		copy->sources[copy->count++] = (struct copy_source){
			.from = from,
			.path = text_copy(json_string_at(files, i)),
		};
	}
}

void copy_find_sources(struct copy *copy, json *patterns, json *remotes)
{
	for (size_t i = 0; i < json_count(patterns); i++) {
		const char *word = json_string_at(patterns, i);
		const char *why;
		char *path = word ? plan_path(word, &why) : NULL;
		if (!path) {
			fail(FAIL_BAD_INPUT, "forbidden path outside the build context: %s",
			     word ? word : "(no string)");
		}
		if (glob_is_pattern(path)) {
			add_matches(copy, path);
		} else if (*path && glob_ignores(copy->ignore, path) && !copy->has_exceptions) {
			fail(FAIL_NOT_FOUND,
			     "%s: not in the build context, or excluded by .dockerignore", path);
		} else {
			add_source(copy, path);
		}
		free(path);
	}
	add_remotes(copy, remotes);
	if (copy->count == 0) {
		fail(FAIL_NOT_FOUND, "no source files were specified");
	}
}
