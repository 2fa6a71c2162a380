/* SPDX-License-Identifier: Apache-2.0 */
#include "create_mounts.h"
#include "container.h"
#include "file.h"
#include "text.h"
#include "volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MOUNTS_MAX 512

struct mounts {
	json *list;
	char *error;
	unsigned status;
};

__attribute__((format(printf, 3, 4))) static void fail(struct mounts *mounts, unsigned status,
						       const char *format, ...)
{
	va_list arguments;

	if (!mounts->error) {
		va_start(arguments, format);
		mounts->error = text_vformat(format, arguments);
		va_end(arguments);
		mounts->status = status;
	}
}

static json *find_mount(json *list, const char *destination)
{
	for (size_t i = 0; i < json_count(list); i++) {
		json *mount = json_at(list, i);
		if (!strcmp(json_get_string(mount, "Destination", ""), destination)) {
			return mount;
		}
	}
	return NULL;
}

static json *new_mount(struct mounts *mounts, const char *type, const char *destination)
{
	char *clean = text_clean_path(destination);
	json *mount = NULL;

	if (*destination != '/' || !clean[1]) {
		fail(mounts, 400,
		     "invalid mount path: '%.200s': mount path must be absolute and not /",
		     destination);
	} else if (json_count(mounts->list) >= MOUNTS_MAX) {
		fail(mounts, 400, "more than %d mounts", MOUNTS_MAX);
	} else if (find_mount(mounts->list, clean)) {
		fail(mounts, 400, "Duplicate mount point: %.200s", clean);
	} else {
		mount = json_object_new_object();
		json_set_string(mount, "Type", type);
		json_set_string(mount, "Destination", clean);
		json_object_array_add(mounts->list, mount);
	}
	free(clean);
	return mount;
}

static void add_tmpfs(struct mounts *mounts, const char *destination, const char *options)
{
	json *mount = new_mount(mounts, "tmpfs", destination);

	if (mount) {
		json_set_string(mount, "Source", "");
		json_set_string(mount, "Mode", "");
		json_set_bool(mount, "RW", true);
		json_set_string(mount, "Propagation", "");
		json_set_string(mount, "Options", options);
	}
}

/* `name` NULL or "": an anonymous one. */
static void add_volume(struct mounts *mounts, const char *name, const char *destination,
		       const char *mode, bool is_writable, json *labels)
{
	json *mount = new_mount(mounts, "volume", destination);
	char id[ID_SIZE];
	bool is_anonymous = !name || !*name;

	if (!mount) {
		return;
	}
	name = is_anonymous ? id_random(id) : name;
	if (!name_is_valid(name)) {
		fail(mounts, 400,
		     "create %.100s: \"%.100s\" includes invalid characters for a local volume "
		     "name, "
		     "only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a "
		     "host "
		     "directory, use absolute path",
		     name, name);
		return;
	}
	if (!volume_make(name, is_anonymous, labels, NULL)) {
		fail(mounts, 500, "cannot make the volume %s", name);
		return;
	}
	char *path = volume_path(name);
	json_set_string(mount, "Name", name);
	json_set_string(mount, "Source", path);
	json_set_string(mount, "Driver", "local");
	json_set_string(mount, "Mode", mode);
	json_set_bool(mount, "RW", is_writable);
	json_set_string(mount, "Propagation", "");
	free(path);
}

static void add_bind(struct mounts *mounts, const char *source, const char *destination,
		     const char *mode, bool is_writable, const char *propagation)
{
	json *mount = new_mount(mounts, "bind", destination);

	if (mount) {
		json_set_string(mount, "Source", source);
		json_set_string(mount, "Mode", mode);
		json_set_bool(mount, "RW", is_writable);
		json_set_string(mount, "Propagation", *propagation ? propagation : "rprivate");
	}
}

/* Known options of -v; the propagation is pointed out. False: one is unknown. */
static bool parse_mode(const char *mode, bool *is_writable, const char **propagation)
{
	static const char *const known[] = {"rw",     "z",         "Z",         "nocopy",
					    "cached", "delegated", "consistent"};
	static const char *const kinds[] = {"rprivate", "private", "rshared",
					    "shared",   "rslave",  "slave"};

	while (*mode) {
		size_t length = strcspn(mode, ",");
		bool is_known = length == 2 && !strncmp(mode, "ro", 2);
		*is_writable = *is_writable && !is_known;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			is_known |= strlen(known[i]) == length && !strncmp(mode, known[i], length);
		}
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			if (strlen(kinds[i]) == length && !strncmp(mode, kinds[i], length)) {
				*propagation = kinds[i];
				is_known = true;
			}
		}
		if (!is_known) {
			return false;
		}
		mode += length + (mode[length] == ',');
	}
	return true;
}

/* SOURCE:DESTINATION[:MODE], or DESTINATION alone. */
static void add_binds_entry(struct mounts *mounts, const char *text)
{
	char *copy = text_copy(text);
	char *destination = strchr(copy, ':');
	char *mode = destination ? strchr(destination + 1, ':') : NULL;
	bool is_writable = true;
	const char *propagation = "";

	if (destination) {
		*destination++ = '\0';
	}
	if (mode) {
		*mode++ = '\0';
	}
	if (mode && !parse_mode(mode, &is_writable, &propagation)) {
		fail(mounts, 400, "invalid mode: %.60s", mode);
	} else if (!destination) {
		add_volume(mounts, NULL, copy, "", true, NULL);
	} else if (*copy != '/') {
		add_volume(mounts, copy, destination, mode ? mode : "z", is_writable, NULL);
	} else {
		/* As Docker does for -v: a source that is missing becomes a folder. */
		struct stat status;
		if (stat(copy, &status) < 0 && file_make_dirs(copy, 0755) < 0) {
			fail(mounts, 500, "error while creating mount source path '%s': %s", copy,
			     strerror(errno));
		}
		add_bind(mounts, copy, destination, mode ? mode : "", is_writable, propagation);
	}
	free(copy);
}

static void add_mount_tmpfs(struct mounts *mounts, json *entry, const char *target)
{
	json *options = json_get(entry, "TmpfsOptions");
	struct text text = {0};

	text_printf(&text, "mode=%o", (unsigned)json_get_int(options, "Mode", 01777));
	if (json_get_int(options, "SizeBytes", 0) > 0) {
		text_printf(&text, ",size=%lld", (long long)json_get_int(options, "SizeBytes", 0));
	}
	add_tmpfs(mounts, target, text.data);
	text_free(&text);
}

/* An element of HostConfig.Mounts (--mount). */
static void add_mounts_entry(struct mounts *mounts, json *entry)
{
	const char *type = json_get_string(entry, "Type", "");
	const char *source = json_get_string(entry, "Source", "");
	const char *target = json_get_string(entry, "Target", "");
	bool is_writable = !json_get_bool(entry, "ReadOnly", false);
	struct stat status;

	if (!strcmp(type, "tmpfs")) {
		add_mount_tmpfs(mounts, entry, target);
	} else if (!strcmp(type, "volume")) {
		json *options = json_get(entry, "VolumeOptions");
		add_volume(mounts, source, target, "z", is_writable,
			   json_get_object(options, "Labels"));
	} else if (strcmp(type, "bind") != 0) {
		fail(mounts, 400, "mount type unknown: \"%.60s\"", type);
	} else if (*source != '/') {
		fail(mounts, 400,
		     "invalid mount config for type \"bind\": invalid mount path: '%.200s' "
		     "mount path must be absolute",
		     source);
	} else if (stat(source, &status) < 0) {
		fail(mounts, 400,
		     "invalid mount config for type \"bind\": bind source path does not "
		     "exist: %.200s",
		     source);
	} else {
		add_bind(mounts, source, target, "", is_writable,
			 json_get_string(json_get(entry, "BindOptions"), "Propagation", ""));
	}
}

/* CONTAINER[:ro] */
static void add_volumes_from(struct mounts *mounts, const char *text)
{
	size_t length = strcspn(text, ":");
	char *name = text_format("%.*s", (int)length, text);
	struct container *other = container_find(name, NULL);
	bool is_read_only = !strcmp(text + length, ":ro");

	if (!other) {
		fail(mounts, 404, "No such container: %.100s", name);
	} else {
		json *spec = container_spec(other);
		json *list = json_get(spec, "Mounts");
		for (size_t i = 0; i < json_count(list); i++) {
			json *mount = json_at(list, i);
			if (!find_mount(mounts->list, json_get_string(mount, "Destination", ""))) {
				if (is_read_only) {
					json_set_bool(mount, "RW", false);
				}
				json_object_array_add(mounts->list, json_object_get(mount));
			}
		}
		json_object_put(spec);
	}
	free(name);
}

static void add_image_volumes(struct mounts *mounts, json *volumes)
{
	if (volumes) {
		json_object_object_foreach(volumes, destination, value)
		{
			char *clean = text_clean_path(destination);
			(void)value;
			if (!find_mount(mounts->list, clean)) {
				add_volume(mounts, NULL, destination, "", true, NULL);
			}
			free(clean);
		}
	}
}

json *create_mounts(json *config, json *host, char **error, unsigned *status)
{
	struct mounts mounts = {.list = json_object_new_array()};
	json *binds = json_get(host, "Binds");
	json *entries = json_get(host, "Mounts");
	json *from = json_get(host, "VolumesFrom");
	json *tmpfs = json_get_object(host, "Tmpfs");

	for (size_t i = 0; i < json_count(binds); i++) {
		add_binds_entry(&mounts, json_string_at(binds, i));
	}
	for (size_t i = 0; i < json_count(entries); i++) {
		add_mounts_entry(&mounts, json_at(entries, i));
	}
	if (tmpfs) {
		json_object_object_foreach(tmpfs, destination, options)
		{
			add_tmpfs(&mounts, destination, json_object_get_string(options));
		}
	}
	for (size_t i = 0; i < json_count(from); i++) {
		add_volumes_from(&mounts, json_string_at(from, i));
	}
	add_image_volumes(&mounts, json_get_object(config, "Volumes"));
	if (mounts.error) {
		json_object_put(mounts.list);
		mounts.list = NULL;
	}
	*error = mounts.error;
	*status = mounts.status;
	return mounts.list;
}
