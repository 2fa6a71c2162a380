/* SPDX-License-Identifier: Apache-2.0 */
/* The table of mount options. */
#include "mount_options.h"

#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"

#define DATA_LIMIT 4000u /* one page of the kernel's copy */

enum kind {
	SET,     /* attribute on */
	CLEAR,   /* attribute off */
	SET_ALL, /* the same with all mounts below */
	CLEAR_ALL,
	SUPER_SET, /* flag of the file system on */
	SUPER_CLEAR,
	PROPAGATION,
	PROPAGATION_ALL,
	BIND,
	BIND_ALL,
	REMOUNT,
	COPY_UP,
	IDMAP,
	IDMAP_ALL,
	NOTHING,
};

static const struct option {
	enum kind kind;
	uint64_t value;
} OPTIONS[] = {
	{BIND, 0},
	{BIND_ALL, 0},
	{REMOUNT, 0},
	{COPY_UP, 0},
	{IDMAP, 0},
	{IDMAP_ALL, 0},
	{NOTHING, 0},
	{SET, MOUNT_ATTR_RDONLY},
	{CLEAR, MOUNT_ATTR_RDONLY},
	{SET, MOUNT_ATTR_NOSUID},
	{CLEAR, MOUNT_ATTR_NOSUID},
	{SET, MOUNT_ATTR_NODEV},
	{CLEAR, MOUNT_ATTR_NODEV},
	{SET, MOUNT_ATTR_NOEXEC},
	{CLEAR, MOUNT_ATTR_NOEXEC},
	{SET, MOUNT_ATTR_NODIRATIME},
	{CLEAR, MOUNT_ATTR_NODIRATIME},
	{SET, MOUNT_ATTR_NOSYMFOLLOW},
	{CLEAR, MOUNT_ATTR_NOSYMFOLLOW},
	{SET, MOUNT_ATTR_NOATIME},
	{CLEAR, MOUNT_ATTR_NOATIME},
	{SET, MOUNT_ATTR_RELATIME},
	{CLEAR, MOUNT_ATTR_RELATIME},
	{SET, MOUNT_ATTR_STRICTATIME},
	{CLEAR, MOUNT_ATTR_STRICTATIME},
	{SET_ALL, MOUNT_ATTR_RDONLY},
	{CLEAR_ALL, MOUNT_ATTR_RDONLY},
	{SET_ALL, MOUNT_ATTR_NOSUID},
	{CLEAR_ALL, MOUNT_ATTR_NOSUID},
	{SET_ALL, MOUNT_ATTR_NODEV},
	{CLEAR_ALL, MOUNT_ATTR_NODEV},
	{SET_ALL, MOUNT_ATTR_NOEXEC},
	{CLEAR_ALL, MOUNT_ATTR_NOEXEC},
	{SET_ALL, MOUNT_ATTR_NODIRATIME},
	{CLEAR_ALL, MOUNT_ATTR_NODIRATIME},
	{SET_ALL, MOUNT_ATTR_NOSYMFOLLOW},
	{CLEAR_ALL, MOUNT_ATTR_NOSYMFOLLOW},
	{SET_ALL, MOUNT_ATTR_NOATIME},
	{CLEAR_ALL, MOUNT_ATTR_NOATIME},
	{SET_ALL, MOUNT_ATTR_RELATIME},
	{CLEAR_ALL, MOUNT_ATTR_RELATIME},
	{SET_ALL, MOUNT_ATTR_STRICTATIME},
	{CLEAR_ALL, MOUNT_ATTR_STRICTATIME},
	{PROPAGATION, MS_SHARED},
	{PROPAGATION, MS_SLAVE},
	{PROPAGATION, MS_PRIVATE},
	{PROPAGATION, MS_UNBINDABLE},
	{PROPAGATION_ALL, MS_SHARED},
	{PROPAGATION_ALL, MS_SLAVE},
	{PROPAGATION_ALL, MS_PRIVATE},
	{PROPAGATION_ALL, MS_UNBINDABLE},
	{SUPER_SET, MS_SYNCHRONOUS},
	{SUPER_CLEAR, MS_SYNCHRONOUS},
	{SUPER_SET, MS_DIRSYNC},
	{SUPER_SET, MS_LAZYTIME},
	{SUPER_CLEAR, MS_LAZYTIME},
	{SUPER_SET, MS_MANDLOCK},
	{SUPER_CLEAR, MS_MANDLOCK},
	{SUPER_SET, MS_SILENT},
	{SUPER_CLEAR, MS_SILENT},
	{SUPER_SET, MS_I_VERSION},
	{SUPER_CLEAR, MS_I_VERSION},
	{SUPER_SET, MS_POSIXACL},
	{SUPER_CLEAR, MS_POSIXACL},
};

/* In the order of OPTIONS. */
static const char *const NAMES[] = {
	"bind",
	"rbind",
	"remount",
	"tmpcopyup",
	"idmap",
	"ridmap",
	"defaults",
	"ro",
	"rw",
	"nosuid",
	"suid",
	"nodev",
	"dev",
	"noexec",
	"exec",
	"nodiratime",
	"diratime",
	"nosymfollow",
	"symfollow",
	"noatime",
	"atime",
	"relatime",
	"norelatime",
	"strictatime",
	"nostrictatime",
	"rro",
	"rrw",
	"rnosuid",
	"rsuid",
	"rnodev",
	"rdev",
	"rnoexec",
	"rexec",
	"rnodiratime",
	"rdiratime",
	"rnosymfollow",
	"rsymfollow",
	"rnoatime",
	"ratime",
	"rrelatime",
	"rnorelatime",
	"rstrictatime",
	"rnostrictatime",
	"shared",
	"slave",
	"private",
	"unbindable",
	"rshared",
	"rslave",
	"rprivate",
	"runbindable",
	"sync",
	"async",
	"dirsync",
	"lazytime",
	"nolazytime",
	"mand",
	"nomand",
	"silent",
	"loud",
	"iversion",
	"noiversion",
	"acl",
	"noacl",
	NULL,
};
_Static_assert(sizeof(NAMES) / sizeof(*NAMES) == sizeof(OPTIONS) / sizeof(*OPTIONS) + 1,
	       "one name for each option");

const char *const *mount_options_names(void)
{
	return NAMES;
}

static const struct option *find(const char *word)
{
	for (size_t i = 0; NAMES[i]; i++) {
		if (!strcmp(NAMES[i], word)) {
			return &OPTIONS[i];
		}
	}
	return NULL;
}

/* The three kinds of access time are one field: turning one on turns the field over to it. */
static void set_attribute(uint64_t *set, uint64_t *clear, uint64_t value)
{
	const uint64_t times = MOUNT_ATTR_NOATIME | MOUNT_ATTR_STRICTATIME;

	if (value == MOUNT_ATTR_RELATIME || (value & times)) {
		*set &= ~times;
		*clear |= MOUNT_ATTR__ATIME;
	} else {
		*clear &= ~value;
	}
	*set |= value;
}

static void clear_attribute(uint64_t *set, uint64_t *clear, uint64_t value)
{
	*set &= ~value;
	if (value & (MOUNT_ATTR_NOATIME | MOUNT_ATTR_STRICTATIME)) {
		*clear |= MOUNT_ATTR__ATIME;
	} else if (value) {
		*clear |= value;
	}
}

static void apply(struct mount_options *r, const struct option *option)
{
	switch (option->kind) {
	case SET:
		set_attribute(&r->set, &r->clear, option->value);
		break;
	case CLEAR:
		clear_attribute(&r->set, &r->clear, option->value);
		break;
	case SET_ALL:
		set_attribute(&r->set_all, &r->clear_all, option->value);
		break;
	case CLEAR_ALL:
		clear_attribute(&r->set_all, &r->clear_all, option->value);
		break;
	case SUPER_SET:
		r->super |= option->value;
		break;
	case SUPER_CLEAR:
		r->super &= ~option->value;
		break;
	case PROPAGATION:
	case PROPAGATION_ALL:
		r->propagation = option->value;
		r->propagation_all = option->kind == PROPAGATION_ALL;
		break;
	case BIND:
	case BIND_ALL:
		r->bind = true;
		r->recursive = option->kind == BIND_ALL;
		break;
	case REMOUNT:
		r->remount = true;
		break;
	case COPY_UP:
		r->copy_up = true;
		break;
	case IDMAP:
	case IDMAP_ALL:
		r->idmap = true;
		r->idmap_all = option->kind == IDMAP_ALL;
		break;
	case NOTHING:
		break;
	}
}

int mount_options_read(json *options, struct mount_options *result, struct error *e)
{
	struct text data = {0};

	*result = (struct mount_options){0};
	for (size_t i = 0; i < json_count(options); i++) {
		const char *word = json_string_at(options, i);
		if (!word) {
			text_free(&data);
			return error_set(e, 0, "a mount option is not a string");
		}
		const struct option *option = find(word);
		if (option) {
			apply(result, option);
			continue;
		}
		text_printf(&data, "%s%s", data.length ? "," : "", word);
	}
	if (data.length > DATA_LIMIT) {
		text_free(&data);
		return error_set(e, 0, "the mount options are longer than %u bytes", DATA_LIMIT);
	}
	result->data = data.data;
	return 0;
}

void mount_options_free(struct mount_options *options)
{
	free(options->data);
	*options = (struct mount_options){0};
}

unsigned long mount_options_flags(const struct mount_options *options)
{
	static const struct {
		uint64_t attribute;
		unsigned long flag;
	} pairs[] = {
		{MOUNT_ATTR_RDONLY, MS_RDONLY},         {MOUNT_ATTR_NOSUID, MS_NOSUID},
		{MOUNT_ATTR_NODEV, MS_NODEV},           {MOUNT_ATTR_NOEXEC, MS_NOEXEC},
		{MOUNT_ATTR_NOATIME, MS_NOATIME},       {MOUNT_ATTR_STRICTATIME, MS_STRICTATIME},
		{MOUNT_ATTR_NODIRATIME, MS_NODIRATIME}, {MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW},
	};
	unsigned long flags = options->super;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		if ((options->set | options->set_all) & pairs[i].attribute) {
			flags |= pairs[i].flag;
		}
	}
	return flags;
}
