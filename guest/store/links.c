/* SPDX-License-Identifier: Apache-2.0 */
#include "links.h"

#include <stdint.h>
#include <stdlib.h>
#include "text.h"

struct link_entry {
	dev_t device;
	ino_t inode;
	char *path; /* NULL: free */
};

static struct link_entry *find(const struct links *links, dev_t device, ino_t inode)
{
	uint64_t hash = ((uint64_t)inode ^ ((uint64_t)device << 40)) * 0x9e3779b97f4a7c15u;
	size_t slot = (size_t)(hash >> 20) & (links->room - 1);

	while (links->entries[slot].path &&
	       (links->entries[slot].inode != inode || links->entries[slot].device != device)) {
		slot = (slot + 1) & (links->room - 1);
	}
	return &links->entries[slot];
}

static void grow(struct links *links)
{
	struct links larger = {.room = links->room ? links->room * 2 : 256};

	larger.entries = memory_zeroed(larger.room, sizeof(*larger.entries));
	for (size_t i = 0; i < links->room; i++) {
		const struct link_entry *entry = &links->entries[i];
		if (entry->path) {
			*find(&larger, entry->device, entry->inode) = *entry;
		}
	}
	larger.count = links->count;
	free(links->entries);
	*links = larger;
}

const char *links_seen(struct links *links, dev_t device, ino_t inode, const char *path)
{
	if (links->count * 2 >= links->room) {
		grow(links);
	}
	struct link_entry *entry = find(links, device, inode);
	if (entry->path) {
		return entry->path;
	}
	*entry = (struct link_entry){device, inode, text_copy(path)};
	links->count++;
	return NULL;
}

void links_free(struct links *links)
{
	for (size_t i = 0; i < links->room; i++) {
		free(links->entries[i].path);
	}
	free(links->entries);
	*links = (struct links){0};
}
