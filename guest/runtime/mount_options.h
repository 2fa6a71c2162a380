/* SPDX-License-Identifier: Apache-2.0 */
/* Mount options as words. runtime-spec, config.md "Linux mount options". */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "error.h"
#include "json.h"

struct mount_options {
	uint64_t set, clear;         /* MOUNT_ATTR_* of this mount */
	uint64_t set_all, clear_all; /* of it and all below */
	uint64_t propagation;        /* MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE or 0 */
	bool propagation_all;
	unsigned long super; /* MS_* of the file system: MS_SYNCHRONOUS and such */
	bool bind, recursive, remount;
	bool copy_up;          /* tmpfs: begins as a copy of what it hides */
	bool idmap, idmap_all; /* of this mount; of it and all below */
	char *data;            /* the rest for the file system, "a=b,c"; owned, NULL: none */
};

/* `options` is an array of strings, or NULL. */
int mount_options_read(json *options, struct mount_options *result, struct error *e);
void mount_options_free(struct mount_options *options);
/* The same as flags of mount(2). */
unsigned long mount_options_flags(const struct mount_options *options);
/* Every word that is understood, for `features`; ends in NULL. */
const char *const *mount_options_names(void);
