/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts: file systems of the kernel are mounted by the agent; what is bound is copied. */
#include "bundle_parts.h"

#include "spec.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

static const struct {
	const char *name;
	unsigned long set;
	unsigned long clear;
} options[] = {
	{"ro", MS_RDONLY, 0},
	{"rw", 0, MS_RDONLY},
	{"nosuid", MS_NOSUID, 0},
	{"suid", 0, MS_NOSUID},
	{"nodev", MS_NODEV, 0},
	{"dev", 0, MS_NODEV},
	{"noexec", MS_NOEXEC, 0},
	{"exec", 0, MS_NOEXEC},
	{"sync", MS_SYNCHRONOUS, 0},
	{"noatime", MS_NOATIME, 0},
	{"relatime", MS_RELATIME, 0},
	{"strictatime", MS_STRICTATIME, 0},
	{"nodiratime", MS_NODIRATIME, 0},
	{"bind", MS_BIND, 0},
	{"rbind", MS_BIND | MS_REC, 0},
	/* nobody shares mounts with a partition */
	{"private", 0, 0},
	{"rprivate", 0, 0},
	{"shared", 0, 0},
	{"rshared", 0, 0},
	{"slave", 0, 0},
	{"rslave", 0, 0},
	{"tmpcopyup", 0, 0},
	{"defaults", 0, 0},
};

/* Flags of mount(2); the rest, which is the file system's, is added to `data`. */
static unsigned long read_options(json *list, struct text *data)
{
	unsigned long flags = 0;

	for (size_t i = 0; i < json_count(list); i++) {
		const char *word = json_string_at(list, i);
		size_t known = 0;

		while (word != NULL && known < sizeof(options) / sizeof(options[0]) &&
		       strcmp(options[known].name, word) != 0) {
			known++;
		}
		if (word != NULL && known < sizeof(options) / sizeof(options[0])) {
			flags = (flags & ~options[known].clear) | options[known].set;
		} else if (word != NULL) {
			text_printf(data, "%s%s", data->length > 0 ? "," : "", word);
		}
	}
	return flags;
}

static bool is_bound(json *mount, unsigned long flags)
{
	return (flags & MS_BIND) != 0 || strcmp(json_get_string(mount, "type", ""), "bind") == 0;
}

/* A pod's shared memory: a partition has its own, for nobody else is in its memory. */
static bool is_shared_memory(json *mount)
{
	return strcmp(json_get_string(mount, "destination", ""), "/dev/shm") == 0;
}

/* A file is copied; so is a folder that is read-only. */
static bool check_copy(json *mount, unsigned long flags, char **error)
{
	const char *source = json_get_string(mount, "source", "");
	const char *destination = json_get_string(mount, "destination", "");
	struct stat is;

	if (stat(source, &is) == 0 && S_ISDIR(is.st_mode) && (flags & MS_RDONLY) == 0) {
		*error =
			text_format("mount %s: a partition has memory of its own and cannot write "
				    "to %s; mount it "
				    "read-only (its files are then copied), or use another runtime",
				    destination, source);
		return false;
	}
	return true;
}

static void tell(struct bundle *bundle, json *mount, unsigned long flags, const char *data)
{
	const char *type = json_get_string(mount, "type", "");
	char *line = text_format(
		"%s%c%s%c%s%c%lu%c%s", strcmp(type, "cgroup") == 0 ? "cgroup2" : type, SPEC_UNIT,
		json_get_string(mount, "destination", ""), SPEC_UNIT,
		json_get_string(mount, "source", type), SPEC_UNIT, flags, SPEC_UNIT, data);

	bundle_record(&bundle->setup, SPEC_MOUNT, line);
	free(line);
}

static void tell_shared_memory(struct bundle *bundle)
{
	char *line = text_format("tmpfs%c/dev/shm%cshm%c%d%cmode=1777,size=65536k", SPEC_UNIT,
				 SPEC_UNIT, SPEC_UNIT, MS_NOSUID | MS_NODEV | MS_NOEXEC, SPEC_UNIT);

	bundle_record(&bundle->setup, SPEC_MOUNT, line);
	free(line);
}

bool bundle_mounts(struct bundle *bundle, char **error)
{
	json *list = json_get_array(bundle->config, "mounts");

	for (size_t i = 0; i < json_count(list); i++) {
		json *mount = json_object_array_get_idx(list, i);
		struct text data = {.data = NULL};
		unsigned long flags = read_options(json_get_array(mount, "options"), &data);
		bool is_ok = *json_get_string(mount, "destination", "") == '/';

		if (!is_ok) {
			*error = text_format(
				"%s/config.json: mounts[%zu].destination is no absolute path",
				bundle->path, i);
		} else if (is_bound(mount, flags) && is_shared_memory(mount)) {
			tell_shared_memory(bundle);
		} else if (is_bound(mount, flags)) {
			is_ok = check_copy(mount, flags, error);
		} else {
			tell(bundle, mount, flags, data.data != NULL ? data.data : "");
		}
		text_free(&data);
		if (!is_ok) {
			return false;
		}
	}
	return true;
}

bool bundle_each_copy(const struct bundle *bundle,
		      bool (*copy)(void *context, const char *source, const char *destination),
		      void *context)
{
	json *list = json_get_array(bundle->config, "mounts");
	bool is_ok = true;

	for (size_t i = 0; is_ok && i < json_count(list); i++) {
		json *mount = json_object_array_get_idx(list, i);
		struct text data = {.data = NULL};
		unsigned long flags = read_options(json_get_array(mount, "options"), &data);
		const char *source = json_get_string(mount, "source", "");
		char *whole = *source == '/' ? text_copy(source)
					     : text_format("%s/%s", bundle->path, source);

		text_free(&data);
		is_ok = !is_bound(mount, flags) || is_shared_memory(mount) ||
			copy(context, whole, json_get_string(mount, "destination", ""));
		free(whole);
	}
	return is_ok;
}
