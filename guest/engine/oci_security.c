/* SPDX-License-Identifier: Apache-2.0 */
/* AppArmor and SELinux of HostConfig.SecurityOpt: apparmor=NAME, label=PART:VALUE, label=disable.
 */
#include "oci.h"
#include "file.h"
#include "lsm.h"
#include "text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT 65536u

enum part {
	USER,
	ROLE,
	TYPE,
	LEVEL,
	PART_COUNT,
	FILE_TYPE = PART_COUNT,
};
static const char *const part_names[] = {"user", "role", "type", "level", "filetype"};

const char *oci_security_option(json *host, const char *name)
{
	json *list = json_get(host, "SecurityOpt");
	size_t length = strlen(name);

	for (size_t i = 0; i < json_count(list); i++) {
		const char *text = json_string_at(list, i);
		if (!strncmp(text, name, length)) {
			if (text[length] == '=' || text[length] == ':') {
				return text + length + 1;
			}
			if (!text[length]) {
				return text + length;
			}
		}
	}
	return NULL;
}

const char *oci_apparmor(json *host)
{
	const char *profile = oci_security_option(host, "apparmor");

	/* Where there is no AppArmor, all are unconfined; the runtime would refuse any name. */
	return profile && *profile && (strcmp(profile, "unconfined") || lsm_has_apparmor())
		       ? profile
		       : NULL;
}

/* The value of "NAME = VALUE" in a file of lines, with or without quotes; the caller frees it. */
static char *find_value(const char *path, const char *name)
{
	struct text file = {0};
	char *found = NULL, *rest = NULL;

	if (file_read_at(AT_FDCWD, path, &file, FILE_LIMIT) < 0) {
		return NULL;
	}
	for (char *line = strtok_r(file.data, "\n", &rest); line && !found;
	     line = strtok_r(NULL, "\n", &rest)) {
		size_t length = strlen(name);
		if (!strncmp(line, name, length) && strchr(" =", line[length])) {
			char *value = line + length + strspn(line + length, " =\"");
			value[strcspn(value, "\" \t")] = '\0';
			found = text_copy(value);
		}
	}
	text_free(&file);
	return found;
}

/* The policy's own label for containers' processes ("process") or files ("file"); NULL: none. */
static char *policy_label(const char *what)
{
	char *policy = find_value("/etc/selinux/config", "SELINUXTYPE");
	char *path = policy ? text_format("/etc/selinux/%s/contexts/lxc_contexts", policy) : NULL;
	char *label = path ? find_value(path, what) : NULL;

	free(path);
	free(policy);
	return label;
}

/* "user:role:type:level", the last with colons of its own. */
static void cut(char *label, const char *parts[PART_COUNT])
{
	for (int i = 0; label && i < PART_COUNT; i++) {
		char *colon = i < LEVEL ? strchr(label, ':') : NULL;
		parts[i] = label;
		if (colon) {
			*colon = '\0';
		}
		label = colon ? colon + 1 : NULL;
	}
}

/* What of the options is given: parts, or is_off. NULL, or what is wrong. */
static char *read_options(json *list, const char *parts[PART_COUNT + 1], bool *is_off, bool *is_any)
{
	for (size_t i = 0; i < json_count(list); i++) {
		const char *text = json_string_at(list, i);
		if (strncmp(text, "label", 5) || !strchr("=:", text[5]) || !text[5]) {
			continue;
		}
		const char *option = text + 6;
		const char *value = strchr(option, ':');
		int part = 0;
		while (part <= FILE_TYPE &&
		       (!value || strlen(part_names[part]) != (size_t)(value - option) ||
			strncmp(part_names[part], option, (size_t)(value - option)))) {
			part++;
		}
		if (!strcmp(option, "disable")) {
			*is_off = true;
		} else if (part <= FILE_TYPE && value[1]) {
			parts[part] = value + 1;
			*is_any = true;
		} else {
			return text_format("invalid --security-opt: label=%.100s; there are "
					   "label=disable and label=user:, role:, type:, level:, "
					   "filetype: with a value",
					   option);
		}
	}
	return NULL;
}

static char *join(const char *const given[PART_COUNT], const char *const base[PART_COUNT],
		  char **error)
{
	const char *parts[PART_COUNT];

	for (int i = 0; i < PART_COUNT; i++) {
		parts[i] = given[i] ? given[i] : base[i];
		if (!parts[i] || !*parts[i]) {
			if (!*error) {
				*error = text_format(
					"SELinux label: no %s; this system has no policy for "
					"containers (lxc_contexts below /etc/selinux): give user, "
					"role, type and level, or label=disable",
					part_names[i]);
			}
			return NULL;
		}
	}
	return text_format("%s:%s:%s:%s", parts[USER], parts[ROLE], parts[TYPE], parts[LEVEL]);
}

struct oci_labels oci_labels(json *host, char **error)
{
	const char *given[PART_COUNT + 1] = {0};
	const char *process[PART_COUNT] = {0}, *file[PART_COUNT] = {0};
	struct oci_labels labels = {0};
	bool is_off = false, is_any = false;

	*error = read_options(json_get(host, "SecurityOpt"), given, &is_off, &is_any);
	if (*error || is_off || !is_any) {
		return labels;
	}
	char *process_base = policy_label("process"), *file_base = policy_label("file");
	cut(process_base, process);
	cut(file_base, file);
	labels.process = join(given, process, error);
	/* Files have the process's level, and a role and type of their own. */
	const char *file_given[PART_COUNT] = {[USER] = given[USER],
					      [ROLE] = file[ROLE] ? NULL : "object_r",
					      [TYPE] = given[FILE_TYPE] ? given[FILE_TYPE]
						       : file[TYPE]     ? NULL
									: given[TYPE],
					      [LEVEL] = given[LEVEL]};
	labels.file = *error ? NULL : join(file_given, file, error);
	free(process_base);
	free(file_base);
	return labels;
}

void oci_labels_free(struct oci_labels *labels)
{
	free(labels->process);
	free(labels->file);
	*labels = (struct oci_labels){0};
}

void oci_view_labels(json *view, json *host)
{
	const char *profile = oci_apparmor(host);
	char *error = NULL;
	struct oci_labels labels = oci_labels(host, &error);

	json_set_string(view, "MountLabel", labels.file ? labels.file : "");
	json_set_string(view, "ProcessLabel", labels.process ? labels.process : "");
	json_set_string(view, "AppArmorProfile", profile ? profile : "");
	oci_labels_free(&labels);
	free(error);
}
