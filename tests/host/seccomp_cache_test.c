/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of system call filters, also in the hands of others. */
/* Links: guest/runtime/seccomp.c guest/runtime/seccomp_cache.c guest/runtime/seccomp_compile.c guest/runtime/seccomp_words.c */
/* Links: guest/runtime/seccomp_enosys.c guest/runtime/seccomp_reduce.c guest/runtime/error.c guest/common/text.c guest/common/file.c */
/* Links: guest/common/json.c */
/* Libraries: -ljson-c -lseccomp */
#include "seccomp_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file.h"

static char folder[] = "/tmp/seccomp_test.XXXXXX";
static const char small[] =
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],\"action\":"
	"\"SCMP_ACT_ALLOW\"}]}";
static const char other[] =
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"write\"],\"action\":"
	"\"SCMP_ACT_ALLOW\"}]}";

/* The only file of the cache; the caller frees it. */
static char *cached_file(void)
{
	char *command = NULL;
	char path[256] = "";

	if (asprintf(&command, "ls %s/cache/*.bpf", folder) > 0) {
		FILE *list = popen(command, "r");
		if (list && fgets(path, sizeof(path), list)) {
			path[strcspn(path, "\n")] = '\0';
		}
		if (list) {
			pclose(list);
		}
	}
	free(command);
	return strdup(path);
}

static bool is_cached(const char *source)
{
	struct error e = {0};
	char *cache = NULL;

	TAP_CHECK(asprintf(&cache, "%s/cache", folder) > 0);
	TAP_EQUAL(load_from(source, cache, &e), 0);
	free(cache);
	error_free(&e);
	/* Whatever happened, it must be the filter of this profile. */
	TAP_EQUAL(native(SYS_read, 0), source == small ? SECCOMP_RET_ALLOW : ERRNO(EPERM));
	return filter.is_cached;
}

/* Changes a byte of the file; -1: cuts the last off. */
static void spoil(const char *path, long at, char value)
{
	struct text text = {0};

	TAP_EQUAL(file_read_at(AT_FDCWD, path, &text, 1 << 20), 0);
	if (at < 0) {
		text.length--;
	} else {
		text.data[at] = value;
	}
	TAP_EQUAL(file_replace_at(AT_FDCWD, path, text.data, text.length, 0600, 0), 0);
	text_free(&text);
}

static void test_cache(void)
{
	TAP_CHECK(mkdtemp(folder) != NULL);
	TAP_CHECK(!is_cached(small));
	TAP_CHECK(is_cached(small));
	char *path = cached_file();
	struct stat status;
	TAP_CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600);
	TAP_CHECK(!is_cached(other) && is_cached(other) && is_cached(small));

	/* Another profile under this one's name, a byte of the key, a cut file, a file too long. */
	spoil(path, 40, 'x');
	TAP_CHECK(!is_cached(small) && is_cached(small));
	spoil(path, -1, 0);
	TAP_CHECK(!is_cached(small) && is_cached(small));
	spoil(path, 0, 'x');
	TAP_CHECK(!is_cached(small) && is_cached(small));
	spoil(path, 23, 'x');
	TAP_CHECK(!is_cached(small) && is_cached(small));
	/* Written by others. */
	TAP_EQUAL(chmod(path, 0620), 0);
	TAP_CHECK(!is_cached(small) && is_cached(small));
	TAP_EQUAL(chmod(path, 0602), 0);
	TAP_CHECK(!is_cached(small) && is_cached(small));
	if (geteuid() == 0) {
		TAP_EQUAL(chown(path, 1, 0), 0);
		TAP_CHECK(!is_cached(small) && is_cached(small));
	}
	/* No file: a link, a directory, a pipe that nobody writes. */
	char *aside = NULL;
	TAP_CHECK(asprintf(&aside, "%s/aside", folder) > 0);
	TAP_EQUAL(rename(path, aside), 0);
	TAP_EQUAL(symlink(aside, path), 0);
	TAP_CHECK(!is_cached(small) && is_cached(small));
	TAP_CHECK(unlink(path) == 0 && mkfifo(path, 0600) == 0);
	TAP_CHECK(!is_cached(small) && is_cached(small));
	free(aside);
	free(path);
}

static void test_cache_folder(void)
{
	char *cache = NULL;
	char *moved = NULL;

	TAP_CHECK(asprintf(&cache, "%s/cache", folder) > 0);
	TAP_CHECK(asprintf(&moved, "%s/moved", folder) > 0);
	TAP_CHECK(is_cached(small));
	TAP_EQUAL(chmod(cache, 0777), 0);
	TAP_CHECK(!is_cached(small) && !is_cached(small));
	TAP_EQUAL(chmod(cache, 0700), 0);
	TAP_CHECK(is_cached(small));
	TAP_EQUAL(rename(cache, moved), 0);
	TAP_EQUAL(symlink(moved, cache), 0);
	TAP_CHECK(!is_cached(small) && !is_cached(small));
	TAP_EQUAL(file_remove_tree_at(AT_FDCWD, folder), 0);
	free(cache);
	free(moved);
}

static const struct tap_case cases[] = {
	{"the cache hits, and falls for no foreign file", test_cache},
	{"nor for a foreign folder", test_cache_folder},
};

TAP_MAIN(cases)
