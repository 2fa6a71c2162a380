/* SPDX-License-Identifier: Apache-2.0 */
#include "oci.h"
#include "file.h"
#include "in_root.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACCOUNT_FILE_MAX (1024u * 1024)
#define ID_MAX           INT64_C(0x7fffffff)

/* Decimal, whole; -1: it is a name. */
static int64_t number_of(const char *text)
{
	char *end;
	long long value = strtoll(text, &end, 10);

	return *text >= '0' && *text <= '9' && !*end && value <= ID_MAX ? value : -1;
}

static char *read_accounts(int rootfs, const char *path)
{
	struct text text = {0};
	int fd = in_root_open_file(rootfs, path);

	if (fd >= 0) {
		if (file_read_fd(fd, &text, ACCOUNT_FILE_MAX) < 0) {
			text_free(&text);
		}
		close(fd);
	}
	return text.data ? text.data : text_copy("");
}

/* The next line, split at colons in place; missing fields are "". False at the end. */
static bool next_account(char **text, char *fields[], size_t count)
{
	static char empty[] = "";

	if (!**text) {
		return false;
	}
	char *line = *text;
	size_t length = strcspn(line, "\n");
	*text = line + length + (line[length] == '\n');
	line[length] = '\0';
	for (size_t i = 0; i < count; i++) {
		fields[i] = line ? line : empty;
		line = line ? strchr(line, ':') : NULL;
		if (line) {
			*line++ = '\0';
		}
	}
	return true;
}

/* Of a user by name or number; true when there is an entry. *name is a copy. */
static bool find_user(int rootfs, const char *user, struct oci_user *found, char **name)
{
	char *text = read_accounts(rootfs, "etc/passwd");
	char *next = text;
	char *fields[7];
	int64_t uid = number_of(user);
	bool is_found = false;

	while (!is_found && next_account(&next, fields, 7)) {
		if (uid >= 0 ? number_of(fields[2]) == uid : !strcmp(fields[0], user)) {
			if (number_of(fields[2]) < 0) {
				continue;
			}
			is_found = true;
			found->uid = number_of(fields[2]);
			found->gid = number_of(fields[3]) < 0 ? 0 : number_of(fields[3]);
			found->home = text_copy(fields[5]);
			*name = text_copy(fields[0]);
		}
	}
	free(text);
	return is_found;
}

static bool is_member(const char *members, const char *name)
{
	size_t length = strlen(name);

	while (*members) {
		size_t part = strcspn(members, ",");
		if (part == length && !strncmp(members, name, part)) {
			return true;
		}
		members += part + (members[part] == ',');
	}
	return false;
}

static int64_t find_group(int rootfs, const char *group)
{
	char *text = read_accounts(rootfs, "etc/group");
	char *next = text;
	char *fields[4];
	int64_t gid = number_of(group);

	while (gid < 0 && next_account(&next, fields, 4)) {
		if (!strcmp(fields[0], group)) {
			gid = number_of(fields[2]);
		}
	}
	free(text);
	return gid;
}

static void add_memberships(int rootfs, const char *name, struct oci_user *found)
{
	char *text = read_accounts(rootfs, "etc/group");
	char *next = text;
	char *fields[4];

	while (next_account(&next, fields, 4)) {
		int64_t gid = number_of(fields[2]);
		if (gid >= 0 && gid != found->gid && is_member(fields[3], name)) {
			json_object_array_add(found->groups, json_object_new_int64(gid));
		}
	}
	free(text);
}

static int add_groups(int rootfs, json *add, struct oci_user *found, char **error)
{
	for (size_t i = 0; i < json_count(add); i++) {
		const char *group = json_string_at(add, i);
		int64_t gid = find_group(rootfs, group);
		if (gid < 0) {
			*error = text_format("Unable to find group %.100s", group);
			return -1;
		}
		json_object_array_add(found->groups, json_object_new_int64(gid));
	}
	return 0;
}

int oci_user_find(int rootfs, const char *user, json *add, struct oci_user *found, char **error)
{
	char *copy = text_copy(*user ? user : "0");
	char *group = strchr(copy, ':');
	char *name = NULL;

	memset(found, 0, sizeof(*found));
	found->groups = json_object_new_array();
	if (group) {
		*group++ = '\0';
	}
	if (!find_user(rootfs, *copy ? copy : "0", found, &name)) {
		found->uid = number_of(*copy ? copy : "0");
		if (found->uid < 0) {
			*error = text_format(
				"unable to find user %.100s: no matching entries in passwd "
				"file",
				copy);
		}
	} else if (!group) {
		add_memberships(rootfs, name, found);
	}
	if (!*error && group && *group) {
		found->gid = find_group(rootfs, group);
		if (found->gid < 0) {
			*error = text_format(
				"unable to find group %.100s: no matching entries in group "
				"file",
				group);
		}
	}
	int result = *error ? -1 : add_groups(rootfs, add, found, error);
	free(name);
	free(copy);
	if (result < 0) {
		oci_user_free(found);
	}
	return result;
}

void oci_user_free(struct oci_user *user)
{
	json_object_put(user->groups);
	free(user->home);
	user->groups = NULL;
	user->home = NULL;
}
