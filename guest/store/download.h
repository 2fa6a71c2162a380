/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs of a registry, three at a time, by a process of its own (report_fork): what breaks off goes
 * on where it was, also in a later pull; a blob is in the store when its digest is right. Files of
 * what is not whole are ROOT/tmp/partial-HEX.
 */
#pragma once

#include <stddef.h>
#include "manifest.h"
#include "registry.h"

struct download {
	struct registry *registry;
	const char *path; /* of the repository */
	const struct descriptor *blobs;
	size_t count;
};

/* Starts it. Returns a descriptor that gives the index (size_t) of each blob as it is there. The
 * registry's connection is closed; it can be used again after download_join(). */
int download_start(const struct download *download);
void download_join(const struct download *download, int notices);
