/* SPDX-License-Identifier: Apache-2.0 */
/* What an archive's entry may ask for: names, whiteouts, links, attributes. */
/* Links: guest/store/tar_plan.c guest/common/text.c */
/* Libraries: -larchive */
#include "tar_plan.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static void names(void)
{
	static const char *const good[][2] = {
		{"a", "a"},      {"/a", "a"},          {"./a/", "a"},  {"a//b/./c", "a/b/c"},
		{"a/../b", "b"}, {"a/b/../../c", "c"}, {".", ""},      {"/", ""},
		{"", ""},        {"a/..", ""},         {"...", "..."}, {"..a/b..", "..a/b.."},
	};
	static const char *const bad[] = {"..",      "../a",   "/..",
					  "a/../..", "./../a", "a/b/../../../c"};
	const char *why;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char *path = plan_path(good[i][0], &why);
		TAP_TEXT(path, good[i][1]);
		free(path);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TAP_CHECK(plan_path(bad[i], &why) == NULL && why != NULL);
	}
}

static void long_names(void)
{
	char name[5000];
	const char *why;

	memset(name, 'a', sizeof(name));
	name[256] = '\0';
	TAP_CHECK(plan_path(name, &why) == NULL);
	name[255] = '\0';
	char *path = plan_path(name, &why);
	TAP_CHECK(path != NULL);
	free(path);
	for (size_t i = 0; i < sizeof(name); i++) {
		name[i] = i % 2 ? '/' : 'a';
	}
	name[2 * 257 - 1] = '\0';
	TAP_CHECK(plan_path(name, &why) == NULL);
	name[2 * 256 - 1] = '\0';
	path = plan_path(name, &why);
	TAP_CHECK(path != NULL);
	free(path);
}

static enum plan_kind kind_of(const char *name, enum tar_mode mode, const char *path)
{
	struct archive_entry *entry = archive_entry_new();
	struct plan plan;

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_size(entry, 0);
	plan_make(entry, mode, &plan);
	enum plan_kind kind = plan.kind;
	if (path) {
		TAP_TEXT(plan.path, path);
	}
	plan_free(&plan);
	archive_entry_free(entry);
	return kind;
}

static void whiteouts(void)
{
	static const char *const bad[] = {".wh.",
					  "a/.wh.",
					  ".wh..",
					  ".wh...",
					  ".wh..wh",
					  "a/.wh.b/c",
					  "a/.wh..wh.x",
					  ".wh.a/.wh.b",
					  ".wh..wh.opq/../.wh..wh.",
					  "a/.wh..wh..opq/b"};

	TAP_EQUAL(kind_of(".wh.a", TAR_LAYER, "a"), PLAN_WHITEOUT);
	TAP_EQUAL(kind_of("/d/.wh.a", TAR_LAYER, "d/a"), PLAN_WHITEOUT);
	TAP_EQUAL(kind_of("d/.wh..wh..opq", TAR_LAYER, "d"), PLAN_OPAQUE);
	TAP_EQUAL(kind_of(".wh..wh..opq", TAR_LAYER, ""), PLAN_OPAQUE);
	TAP_EQUAL(kind_of(".wh..wh.plnk/1", TAR_LAYER, NULL), PLAN_SKIP);
	TAP_EQUAL(kind_of("a.wh.b", TAR_LAYER, "a.wh.b"), PLAN_FILE);
	TAP_EQUAL(kind_of(".whx", TAR_LAYER, ".whx"), PLAN_FILE);
	TAP_EQUAL(kind_of(".wh.a", TAR_PLAIN, ".wh.a"), PLAN_FILE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		enum plan_kind kind = kind_of(bad[i], TAR_LAYER, NULL);
		TAP_CHECK(kind == PLAN_REFUSED || kind == PLAN_SKIP ||
			  (i == 4 && kind == PLAN_WHITEOUT));
	}
}

static void links(void)
{
	struct archive_entry *entry = archive_entry_new();
	struct plan plan;

	archive_entry_set_pathname(entry, "a");
	archive_entry_set_hardlink(entry, "/b/../c");
	plan_make(entry, TAR_LAYER, &plan);
	TAP_EQUAL(plan.kind, PLAN_HARDLINK);
	TAP_TEXT(plan.target, "c");
	plan_free(&plan);
	archive_entry_set_hardlink(entry, "../c");
	plan_make(entry, TAR_LAYER, &plan);
	TAP_EQUAL(plan.kind, PLAN_REFUSED);
	plan_free(&plan);
	archive_entry_set_hardlink(entry, "./a");
	plan_make(entry, TAR_LAYER, &plan);
	TAP_EQUAL(plan.kind, PLAN_REFUSED);
	plan_free(&plan);
	archive_entry_clear(entry);
	archive_entry_set_pathname(entry, "a");
	archive_entry_set_filetype(entry, AE_IFLNK);
	archive_entry_set_symlink(entry, "../../x");
	plan_make(entry, TAR_LAYER, &plan);
	TAP_EQUAL(plan.kind, PLAN_SYMLINK);
	TAP_TEXT(plan.target, "../../x");
	plan_free(&plan);
	archive_entry_free(entry);
}

static void attributes(void)
{
	TAP_EQUAL(plan_xattr("security.capability"), XATTR_KEEP);
	TAP_EQUAL(plan_xattr("user.x"), XATTR_KEEP);
	TAP_EQUAL(plan_xattr("security.selinux"), XATTR_DROP);
	TAP_EQUAL(plan_xattr("system.posix_acl_access"), XATTR_DROP);
	TAP_EQUAL(plan_xattr("trusted.overlay.opaque"), XATTR_REFUSE);
	TAP_EQUAL(plan_xattr("trusted.x"), XATTR_REFUSE);
	TAP_EQUAL(plan_xattr("user.overlay.opaque"), XATTR_REFUSE);
}

static const struct tap_case cases[] = {
	{"names", names}, {"long names", long_names}, {"whiteouts", whiteouts},
	{"links", links}, {"attributes", attributes},
};
TAP_MAIN(cases)
