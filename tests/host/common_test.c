/* SPDX-License-Identifier: Apache-2.0 */
/* What container programs share: files, paths in a foreign root, JSON, starting programs. */
/* Links: guest/common/text.c guest/common/file.c guest/common/in_root.c guest/common/json.c guest/common/spawn.c */
/* Libraries: -ljson-c */
#include "file.h"
#include "in_root.h"
#include "json.h"
#include "spawn.h"

#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[] = "/tmp/common_test.XXXXXX";
static int dir;

static void set_up(void)
{
	memcpy(place + strlen(place) - 6, "XXXXXX", 6);
	TAP_CHECK(mkdtemp(place) != NULL);
	dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void tear_down(void)
{
	close(dir);
	TAP_EQUAL(file_remove_tree_at(AT_FDCWD, place), 0);
	TAP_CHECK(access(place, F_OK) < 0);
}

static void put(const char *path, const char *content)
{
	TAP_EQUAL(file_replace_at(dir, path, content, strlen(content), 0600, 1), 0);
}

static void check_content(int at, const char *path, const char *content)
{
	struct text text = {0};

	TAP_EQUAL(file_read_at(at, path, &text, 1 << 20), 0);
	TAP_TEXT(text.data, content);
	text_free(&text);
}

static void files_are_replaced_whole(void)
{
	struct text text = {0};

	set_up();
	put("a", "one");
	put("a", "second");
	check_content(dir, "a", "second");
	put("a", "");
	check_content(dir, "a", "");
	TAP_CHECK(faccessat(dir, "a.new", F_OK, 0) < 0);
	/* What lies in the way of the new file is not written through. */
	TAP_EQUAL(symlinkat("a", dir, "b.new"), 0);
	TAP_EQUAL(file_replace_at(dir, "b", "x", 1, 0600, 0), -1);
	check_content(dir, "a", "");
	put("a", "12345");
	TAP_EQUAL(file_read_at(dir, "a", &text, 4), -1);
	TAP_EQUAL(errno, EFBIG);
	text_free(&text);
	TAP_EQUAL(file_read_at(dir, "a", &text, 5), 0);
	text_free(&text);
	tear_down();
}

static void trees_are_removed_without_following_links(void)
{
	set_up();
	char *deep = text_format("%s/tree/x/y/z", place);
	TAP_EQUAL(file_make_dirs(deep, 0700), 0);
	TAP_EQUAL(file_make_dirs(deep, 0700), 0);
	free(deep);
	put("kept", "kept");
	put("tree/x/file", "1");
	TAP_EQUAL(symlinkat("../kept", dir, "tree/link"), 0);
	TAP_EQUAL(symlinkat("..", dir, "tree/x/up"), 0);
	TAP_EQUAL(file_remove_tree_at(dir, "tree"), 0);
	TAP_CHECK(faccessat(dir, "tree", F_OK, 0) < 0);
	check_content(dir, "kept", "kept");
	TAP_EQUAL(file_remove_tree_at(dir, "tree"), 0);
	TAP_EQUAL(symlinkat("kept", dir, "tree"), 0);
	TAP_EQUAL(file_remove_tree_at(dir, "tree"), 0);
	check_content(dir, "kept", "kept");
	tear_down();
}

static void deep_trees_are_removed_with_few_descriptors(void)
{
	struct rlimit old, few;

	set_up();
	TAP_EQUAL(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){.rlim_cur = 128, .rlim_max = old.rlim_max};
	TAP_EQUAL(setrlimit(RLIMIT_NOFILE, &few), 0);
	TAP_EQUAL(mkdirat(dir, "tree", 0700), 0);
	TAP_EQUAL(mkdirat(dir, "tree/.deep-0", 0700), 0);
	int at = openat(dir, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 3000; i++) {
		if (mkdirat(at, "d", 0700) < 0 || mkdirat(at, "e", 0700) < 0) {
			TAP_CHECK(false);
			break;
		}
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	close(at);
	TAP_EQUAL(file_remove_tree_at(dir, "tree"), 0);
	TAP_CHECK(faccessat(dir, "tree", F_OK, 0) < 0);
	setrlimit(RLIMIT_NOFILE, &old);
	tear_down();
}

static void paths_stay_in_the_root(void)
{
	set_up();
	TAP_EQUAL(mkdirat(dir, "root", 0700), 0);
	TAP_EQUAL(mkdirat(dir, "root/etc", 0700), 0);
	put("secret", "outside");
	put("root/secret", "inside");
	TAP_EQUAL(symlinkat("/", dir, "root/slash"), 0);
	TAP_EQUAL(symlinkat("../../..", dir, "root/up"), 0);
	TAP_EQUAL(symlinkat("/proc/self/root", dir, "root/magic"), 0);
	TAP_EQUAL(symlinkat("loop", dir, "root/loop"), 0);
	int root = openat(dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	static const char *const spellings[] = {"secret",          "/secret",   "../secret",
						"slash/secret",    "up/secret", "up/../secret",
						"etc/../../secret"};
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		struct text text = {0};
		int fd = in_root_open(root, spellings[i], O_RDONLY, 0);
		TAP_CHECK(fd >= 0 && file_read_fd(fd, &text, 100) == 0);
		TAP_TEXT(text.data ? text.data : "", "inside");
		text_free(&text);
		close(fd);
	}
	TAP_EQUAL(in_root_open(root, "magic/secret", O_RDONLY, 0), -1);
	TAP_EQUAL(in_root_open(root, "loop", O_RDONLY, 0), -1);
	int made = in_root_make_dirs(root, "up/slash//deep/./er/", 0755);
	TAP_CHECK(made >= 0);
	close(made);
	TAP_EQUAL(faccessat(dir, "root/deep/er", F_OK, 0), 0);
	TAP_EQUAL(in_root_make_dirs(root, "secret/below", 0755), -1);
	TAP_EQUAL(errno, ENOTDIR);
	close(root);
	tear_down();
}

static void parents_are_found_and_made(void)
{
	const char *name = NULL;

	set_up();
	int parent = in_root_parent(dir, "/a/b/c", 0755, &name);
	TAP_CHECK(parent >= 0);
	TAP_TEXT(name, "c");
	TAP_EQUAL(mkdirat(parent, name, 0700), 0);
	TAP_EQUAL(faccessat(dir, "a/b/c", F_OK, 0), 0);
	close(parent);
	parent = in_root_parent(dir, "top", 0, &name);
	TAP_CHECK(parent >= 0);
	TAP_TEXT(name, "top");
	close(parent);
	TAP_EQUAL(in_root_parent(dir, "none/x", 0, &name), -1);
	TAP_EQUAL(errno, ENOENT);
	static const char *const refused[] = {"", "/", ".", "a/..", "..", "a/./", "a/."};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		TAP_EQUAL(in_root_parent(dir, refused[i], 0755, &name), -1);
		TAP_EQUAL(errno, EINVAL);
	}
	tear_down();
}

static json *parse(const char *words)
{
	const char *error = NULL;
	json *value = json_parse(words, strlen(words), &error);

	TAP_CHECK(!value == (error != NULL));
	return value;
}

static void json_is_strict(void)
{
	struct text deep = {0};
	static const char *const refused[] = {"",           "{",    "{\"a\":1,}", "{\"a\":'b'}",
					      "[1] x",      "nul",  "{} {}",      "\"\xff\"",
					      "{\"a\":01}", "null", "// x\n1"};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		json *value = parse(refused[i]);
		TAP_TEXT(value ? refused[i] : "refused", "refused");
		json_object_put(value);
	}
	for (int i = 0; i < 1000; i++) {
		text_puts(&deep, "[");
	}
	TAP_CHECK(!parse(deep.data));
	text_free(&deep);
	json *number = parse("17");
	TAP_EQUAL(json_object_get_int(number), 17);
	json_object_put(number);
}

static void json_members_have_fallbacks(void)
{
	json *value =
		parse("{\"s\":\"x\",\"i\":-5,\"b\":true,\"o\":{},\"l\":[\"p\",2],\"n\":null}");

	TAP_TEXT(json_get_string(value, "s", "f"), "x");
	TAP_TEXT(json_get_string(value, "i", "f"), "f");
	TAP_TEXT(json_get_string(value, "n", "f"), "f");
	TAP_TEXT(json_get_string(NULL, "s", "f"), "f");
	TAP_EQUAL(json_get_int(value, "i", 3), -5);
	TAP_EQUAL(json_get_int(value, "s", 3), 3);
	TAP_CHECK(json_get_bool(value, "b", false));
	TAP_CHECK(!json_get_bool(value, "o", false));
	TAP_CHECK(json_get_object(value, "o") && !json_get_object(value, "l"));
	json *list = json_get_array(value, "l");
	TAP_EQUAL(json_count(list), 2);
	TAP_EQUAL(json_count(NULL), 0);
	TAP_TEXT(json_string_at(list, 0), "p");
	TAP_CHECK(!json_string_at(list, 1) && !json_string_at(list, 2));
	json_set_string(value, "s", "a/b");
	json_set(value, "l", NULL);
	json_object_object_del(value, "o");
	TAP_TEXT(json_text(value), "{\"s\":\"a/b\",\"i\":-5,\"b\":true,\"l\":null,\"n\":null}");
	json_object_put(value);
}

static void programs_get_the_named_descriptors(void)
{
	int pipe_fds[2];
	char *argv[] = {"sh", "-c",
			"echo out; echo err >&2; echo five >&5; [ -e /proc/self/fd/6 ] || exit 7",
			NULL};

	set_up();
	TAP_EQUAL(pipe(pipe_fds), 0); /* without O_CLOEXEC, on purpose */
	int out = openat(dir, "out", O_WRONLY | O_CREAT, 0600);
	int five = openat(dir, "five", O_WRONLY | O_CREAT, 0600);
	struct spawn_fd fds[] = {{out, 2}, {out, 1}, {five, 5}};
	struct spawn spawn = {
		.path = "sh", .argv = argv, .directory = place, .fds = fds, .fd_count = 3};
	TAP_EQUAL(spawn_wait(spawn_start(&spawn, NULL)), 7);
	check_content(dir, "out", "out\nerr\n");
	check_content(dir, "five", "five\n");
	spawn.path = "/nonexistent/program";
	TAP_EQUAL(spawn_start(&spawn, NULL), -1);
	TAP_EQUAL(errno, ENOENT);
	char *killed[] = {"sh", "-c", "kill -9 $$", NULL};
	struct spawn other = {.path = "sh", .argv = killed};
	TAP_EQUAL(spawn_wait(spawn_start(&other, NULL)), 128 + 9);
	close(out);
	close(five);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	tear_down();
}

static void only_files_are_opened(void)
{
	static const char *const others[] = {"pipe", "folder", "none", "up/../pipe"};

	set_up();
	TAP_EQUAL(mkdirat(dir, "folder", 0755), 0);
	TAP_EQUAL(mkfifoat(dir, "pipe", 0600), 0);
	TAP_EQUAL(symlinkat("../..", dir, "up"), 0);
	put("file", "text");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		TAP_EQUAL(in_root_open_file(dir, others[i]), -1);
		TAP_EQUAL(errno, i == 2 ? ENOENT : EINVAL);
	}
	struct text text = {0};
	int fd = in_root_open_file(dir, "up/file");
	TAP_CHECK(fd >= 0 && file_read_fd(fd, &text, 100) == 0);
	TAP_TEXT(text.data ? text.data : "", "text");
	text_free(&text);
	close(fd);
	tear_down();
}

static const struct tap_case cases[] = {
	{"nothing but files is opened", only_files_are_opened},
	{"files are replaced whole", files_are_replaced_whole},
	{"trees are removed without following links", trees_are_removed_without_following_links},
	{"deep trees are removed with few descriptors",
	 deep_trees_are_removed_with_few_descriptors},
	{"paths stay in the root", paths_stay_in_the_root},
	{"parents are found and made", parents_are_found_and_made},
	{"JSON is strict", json_is_strict},
	{"JSON members have fallbacks", json_members_have_fallbacks},
	{"programs get the named descriptors", programs_get_the_named_descriptors},
};
TAP_MAIN(cases)
