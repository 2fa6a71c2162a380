/* SPDX-License-Identifier: Apache-2.0 */
/* One process packs what is copied under its new names, the other unpacks it into the root. */
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "chown.h"
#include "commands.h"
#include "container_path.h"
#include "glob.h"
#include "in_root.h"
#include "pack.h"
#include "report.h"
#include "request.h"
#include "text.h"
#include "unpack.h"

/* Paths of the tree that is packed are below this one of the context. */
struct filter {
	const struct copy *copy;
	const char *base;
};

static enum pack_choice choose(void *opaque, const char *path)
{
	const struct filter *filter = opaque;
	char *whole = text_format("%s%s%s", filter->base, *filter->base ? "/" : "", path);
	bool is_ignored = glob_ignores(filter->copy->ignore, whole);

	free(whole);
	if (!is_ignored) {
		return PACK_TAKE;
	}
	return filter->copy->has_exceptions ? PACK_LOOK_INSIDE : PACK_LEAVE;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void pack_source(const struct copy *copy, struct pack *pack,
			const struct copy_source *source)
{
	struct filter filter = {copy, source->path};

	if (source->is_dir) {
		int fd = in_root_open(source->from, source->path, O_RDONLY | O_DIRECTORY, 0);
		if (fd < 0) {
			fail_errno("cannot open %s", source->path);
		}
		pack->choose = choose;
		pack->choose_opaque = &filter;
		pack_tree(pack, fd, "");
		pack->choose = NULL;
		close(fd);
		return;
	}
	/* A symbolic link that is named itself is followed, inside of the context. */
	int fd = in_root_open_file(source->from, source->path);
	if (fd < 0) {
		fail_errno("cannot open %s", source->path);
	}
	pack_file(pack, fd, copy->name ? copy->name : base_name(source->path));
	close(fd);
}

static void pack_sources(const struct copy *copy, struct pack *pack, bool with_archives)
{
	pack->is_owner_set = true;
	pack->uid = copy->uid;
	pack->gid = copy->gid;
	pack_begin(pack);
	for (size_t i = 0; i < copy->count; i++) {
		if (with_archives || !copy->sources[i].is_archive) {
			pack_source(copy, pack, &copy->sources[i]);
		}
	}
	pack_end(pack);
}

static void add_to_hash(void *opaque, const void *bytes, size_t length)
{
	sha256_update(opaque, length, bytes);
}

/* Contents, names, modes, owners: what decides whether a cached layer can be taken. */
static void hash_sources(const struct copy *copy, struct digest *digest)
{
	struct sha256_ctx hash;
	struct pack pack = {
		.mode = TAR_PLAIN, .write = add_to_hash, .opaque = &hash, .has_no_times = true};

	sha256_init(&hash);
	pack_sources(copy, &pack, true);
	digest_finish(&hash, digest);
}

static void unpack_into(struct copy *copy, int fd, bool is_owner_set)
{

	struct unpack unpack = {
		.root = copy->to,
		.prefix = copy->dir,
		.mode = TAR_PLAIN,
		.is_owned = true,
		.is_owner_set = is_owner_set,
		.uid = copy->uid,
		.gid = copy->gid,
		.no_overwrite_dir_non_dir = true,
	};

	unpack_fd(&unpack, fd);

	copy->files += unpack.entries;
	copy->size += unpack.size;
}

static void copy_files(struct copy *copy)
{
	int ends[2];

	report_pipe(ends);

	if (report_fork() == 0) {
		struct pack pack = {.mode = TAR_PLAIN, .write = pack_write_fd, .opaque = &ends[1]};
		close(ends[0]);
		pack_sources(copy, &pack, false);
		exit(0);
	}
	close(ends[1]);
	unpack_into(copy, ends[0], true);
	report_join();
	close(ends[0]);
}

static void add_archives(struct copy *copy)
{
	for (size_t i = 0; i < copy->count; i++) {
		if (!copy->sources[i].is_archive) {
			continue;
		}
		int fd = in_root_open_file(copy->from, copy->sources[i].path);
		if (fd < 0) {
			fail_errno("cannot open %s", copy->sources[i].path);
		}
		unpack_into(copy, fd, copy->is_owner_set);
		close(fd);
	}
}

/* Length of the part of the path that is there already. */
static size_t existing_part(const struct copy *copy, const char *path)
{
	char *part = text_copy(path);
	size_t length = strlen(part);

	for (;;) {
		int fd = in_root_open(copy->to, part, O_PATH, 0);
		if (fd >= 0) {
			close(fd);
			break;
		}
		char *slash = strrchr(part, '/');
		length = slash ? (size_t)(slash - part) : 0;
		part[length] = '\0';
		if (!length) {
			break;
		}
	}
	free(part);
	return length;
}

/* Directories that were made belong to whom the files will belong to. */
static void own_new_dirs(const struct copy *copy, const char *path, size_t existing)
{
	for (size_t end = existing; path[end];) {
		end += strspn(path + end, "/");
		end += strcspn(path + end, "/");
		char *part = text_format("%.*s", (int)end, path);
		int fd = in_root_open(copy->to, part, O_RDONLY | O_DIRECTORY, 0);
		free(part);
		if (fd >= 0) {
			(void)!fchown(fd, copy->uid, copy->gid);
			close(fd);
		}
	}
}

/* Path of the directory as it is in the root, made where it is missing. */
static char *make_dir(const struct copy *copy, const char *path)
{
	size_t existing = existing_part(copy, path);
	int fd = in_root_make_dirs(copy->to, path, 0755);

	if (fd < 0) {
		if (errno == ENOTDIR) {
			fail(FAIL_CONFLICT, "cannot copy to non-directory: %s", path);
		}
		fail_errno("cannot make %s in the image", path);
	}
	own_new_dirs(copy, path, existing);
	char *inside = container_path_of(copy->to, fd);
	close(fd);
	if (!inside) {
		fail(FAIL_CONFLICT, "%s has moved", path);
	}
	char *bare = text_copy(inside + 1);
	free(inside);
	return bare;
}

/* Is the destination a directory, by how it is written or because it is one? */
static bool is_dir(const struct copy *copy, const char *dest, char **resolved)
{
	struct stat status;
	size_t length = strlen(dest);
	bool is_one = copy->count > 1 || copy->sources[0].is_dir || copy->sources[0].is_archive ||
		      length == 0 || dest[length - 1] == '/' || strcmp(base_name(dest), ".") == 0;
	int fd = in_root_open(copy->to, dest, O_PATH, 0);

	*resolved = NULL;
	if (fd >= 0) {
		is_one |= fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
		*resolved = container_path_of(copy->to, fd);
		close(fd);
	}
	return is_one;
}

static void find_destination(struct copy *copy, const char *dest)
{
	char *resolved;

	if (is_dir(copy, dest, &resolved)) {
		copy->dir = make_dir(copy, dest);
	} else {
		/* A file that is there through a symbolic link is the one that is replaced. */
		const char *path = resolved ? resolved : dest;
		const char *name = base_name(path);
		char *parent = text_format("%.*s", (int)(name - path), path);
		copy->dir = make_dir(copy, parent);
		copy->name = text_copy(name);
		free(parent);
	}
	free(resolved);
}

void command_copy(const char *argument)
{
	json *request = report_request();
	const char *chown = json_get_string(request, "chown", "");
	bool is_hash_only = json_get_bool(request, "hash_only", false);
	struct digest hash;
	struct copy copy = {.to = -1};

	(void)argument;
	copy.is_add = json_get_bool(request, "add", false);
	copy.ignore = json_get_array(request, "ignore");
	copy.has_exceptions = glob_has_exceptions(copy.ignore);
	report_doing("%s failed", copy.is_add ? "ADD" : "COPY");
	copy.from = request_dir("from", O_RDONLY);
	if (!is_hash_only || *chown) {
		copy.to = request_dir("to", O_RDONLY);
	}
	if (*chown) {
		copy.is_owner_set = true;
		chown_parse(chown, copy.to, &copy.uid, &copy.gid);
	}
	copy_find_sources(&copy, json_get_array(request, "sources"),
			  json_get_object(request, "remotes"));
	hash_sources(&copy, &hash);
	if (!is_hash_only) {
		find_destination(&copy, request_string("dest"));
		copy_files(&copy);
		add_archives(&copy);
	}
	json *result = json_object_new_object();
	json_set_string(result, "hash", hash.text);
	json_set_int(result, "files", (int64_t)copy.files);
	json_set_int(result, "size", (int64_t)copy.size);
	report_result(result);
}
