/* SPDX-License-Identifier: Apache-2.0 */
/* A folder as a cpio archive: what the kernel would unpack, and that its size is known before. */
/* Links: guest/partition/tree.c guest/partition/tree_stream.c guest/partition/cpio.c guest/common/text.c guest/common/in_root.c guest/common/file.c */
#include "cpio.h"
#include "file.h"
#include "tree.h"

#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARCHIVE_MAX (1u << 20)

static char folder[] = "/tmp/tree-XXXXXX";
static struct {
	uint8_t bytes[ARCHIVE_MAX];
	size_t size;
	size_t limit; /* 0: none */
} archive;

static bool put(void *context, const void *bytes, size_t size)
{
	(void)context;
	if (archive.limit != 0 && archive.size + size > archive.limit) {
		return false;
	}
	memcpy(archive.bytes + archive.size, bytes, size);
	archive.size += size;
	return true;
}

static const char *in(const char *name)
{
	static char paths[4][200];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void fill(const char *name, const char *content, mode_t mode)
{
	FILE *file = fopen(in(name), "w");

	fputs(content, file);
	fclose(file);
	(void)chmod(in(name), mode);
}

static uint32_t field(size_t at, uint32_t index)
{
	char digits[9] = "";

	memcpy(digits, archive.bytes + at + 6 + index * 8, 8);
	return (uint32_t)strtoul(digits, NULL, 16);
}

/* Names, modes, links and sizes of an archive, a line each, in its order. */
static void list(char *to, size_t size)
{
	size_t at = 0;

	*to = '\0';
	while (at + CPIO_HEAD <= archive.size) {
		uint32_t name_size = field(at, 11);
		uint32_t content = field(at, 6);
		const char *name = (const char *)archive.bytes + at + CPIO_HEAD;
		size_t used = strlen(to);

		TAP_CHECK(memcmp(archive.bytes + at, "070701", 6) == 0);
		TAP_EQUAL(strlen(name) + 1, name_size);
		snprintf(to + used, size - used, "%s %o %u\n", name, field(at, 1), content);
		at += CPIO_HEAD + name_size;
		at += cpio_padding(at);
		at += content;
		at += cpio_padding(at);
		if (strcmp(name, CPIO_TRAILER) == 0) {
			break;
		}
	}
	TAP_EQUAL(at, archive.size);
}

static bool holds(const char *lines, const char *line)
{
	return strstr(lines, line) != NULL;
}

static bool write_out(struct tree *tree)
{
	archive.size = 0;
	return tree_stream(tree, put, NULL);
}

static void a_folder(void)
{
	static char lines[4000];
	struct tree tree;
	int root;

	(void)mkdir(in("root"), 0751);
	(void)mkdir(in("root/dir"), 0700);
	fill("root/dir/five", "12345", 0640);
	fill("root/empty", "", 04755);
	(void)!link(in("root/dir/five"), in("root/again"));
	(void)!symlink("../../outside", in("root/dir/link"));
	(void)mkfifo(in("root/pipe"), 0600);
	root = open(in("root"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tree_begin(&tree, "c");
	TAP_CHECK(tree_add_root(&tree, root));
	tree_finish(&tree);
	TAP_CHECK(write_out(&tree));
	TAP_EQUAL(archive.size, tree.size);
	list(lines, sizeof(lines));
	TAP_CHECK(strncmp(lines, "c 40751 0\n", 10) == 0);
	TAP_CHECK(holds(lines, "\nc/dir 40700 0\n") && holds(lines, "\nc/empty 104755 0\n"));
	TAP_CHECK(holds(lines, "\nc/dir/link 120777 13\n") && holds(lines, "\nc/pipe 10600 0\n"));
	/* Two names, one content. */
	TAP_CHECK(holds(lines, "\nc/dir/five 100640 5\n") != holds(lines, "\nc/again 100640 5\n"));
	TAP_CHECK(holds(lines, "\nc/dir/five 100640 0\n") != holds(lines, "\nc/again 100640 0\n"));
	TAP_CHECK(memmem(archive.bytes, archive.size, "../../outside", 13) != NULL);
	archive.limit = 200;
	TAP_CHECK(!write_out(&tree));
	archive.limit = 0;
	tree_drop(&tree);
	close(root);
}

/* Between the two walks: shorter, longer, another kind. */
static void a_folder_that_changes(void)
{
	struct tree tree;
	int root = open(in("root"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	fill("root/short", "0123456789", 0600);
	fill("root/long", "0123456789", 0600);
	tree_begin(&tree, "c");
	TAP_CHECK(tree_add_root(&tree, root));
	tree_finish(&tree);
	fill("root/short", "01", 0600);
	fill("root/long", "0123456789abcdef", 0600);
	TAP_CHECK(write_out(&tree));
	TAP_EQUAL(archive.size, tree.size);
	TAP_CHECK(memmem(archive.bytes, archive.size, "01\0\0\0\0\0\0\0\0\0\0", 12) != NULL);
	TAP_CHECK(memmem(archive.bytes, archive.size, "abcdef", 6) == NULL);
	(void)unlink(in("root/short"));
	(void)!symlink("/etc/passwd", in("root/short"));
	TAP_CHECK(!write_out(&tree)); /* it is not followed */
	TAP_CHECK(tree.error[0] != '\0');
	(void)unlink(in("root/short"));
	tree_drop(&tree);
	close(root);
}

static void copies(void)
{
	static char lines[4000];
	struct tree tree;
	int root = open(in("root"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)mkdir(in("volume"), 0755);
	fill("volume/inner", "inner", 0644);
	fill("hosts", "127.0.0.1 localhost\n", 0644);
	(void)!symlink("/dir", in("root/elsewhere"));
	tree_begin(&tree, "c");
	TAP_CHECK(tree_add_root(&tree, root));
	TAP_CHECK(tree_add_copy(&tree, root, in("hosts"), "/etc/hosts"));
	TAP_CHECK(tree_add_copy(&tree, root, in("volume"), "/elsewhere"));
	TAP_CHECK(tree_add_copy(&tree, root, in("hosts"), "/elsewhere/new/hosts"));
	TAP_CHECK(!tree_add_copy(&tree, root, in("nothing"), "/x"));
	tree_finish(&tree);
	TAP_CHECK(write_out(&tree));
	TAP_EQUAL(archive.size, tree.size);
	list(lines, sizeof(lines));
	TAP_CHECK(holds(lines, "\nc/etc 40755 0\n") && holds(lines, "\nc/etc/hosts 100644 20\n"));
	TAP_CHECK(holds(lines, "\nc/dir/inner 100644 5\n")); /* by the link, inside the root */
	TAP_CHECK(holds(lines, "\nc/dir/new/hosts 100644 20\n"));
	TAP_CHECK(memmem(archive.bytes, archive.size, "localhost\n", 10) != NULL);
	tree_drop(&tree);
	close(root);
}

static void a_header(void)
{
	struct cpio_entry entry = {.name = "name",
				   .inode = 1,
				   .mode = 0100644,
				   .uid = 0xffffffff,
				   .links = 1,
				   .size = 0x1234};
	uint8_t bytes[CPIO_HEAD + 8];

	TAP_EQUAL(cpio_head_size("name"), 116);
	TAP_EQUAL(cpio_head_size("n"), 112);
	cpio_head(&entry, bytes);
	TAP_CHECK(memcmp(bytes,
			 "07070100000001000081a4ffffffff00000000000000010000000000001234"
			 "00000000000000000000000000000000"
			 "0000000500000000name\0\0",
			 116) == 0);
}

static const struct tap_case cases[] = {
	{"a header", a_header},
	{"a folder", a_folder},
	{"a folder that changes", a_folder_that_changes},
	{"copies", copies},
};

int main(void)
{
	int result = mkdtemp(folder) != NULL ? tap_run(cases, sizeof(cases) / sizeof(cases[0])) : 1;

	(void)file_remove_tree_at(AT_FDCWD, folder);
	return result;
}
