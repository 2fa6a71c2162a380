/* SPDX-License-Identifier: Apache-2.0 */
#include "cpio.h"

#include <string.h>

#define MAGIC "070701"

size_t cpio_head_size(const char *name)
{
	size_t size = CPIO_HEAD + strlen(name) + 1;

	return size + cpio_padding(size);
}

/* 8 digits. */
static uint8_t *put_number(uint8_t *at, uint32_t number)
{
	for (int shift = 28; shift >= 0; shift -= 4) {
		*at++ = (uint8_t) "0123456789abcdef"[number >> shift & 15];
	}
	return at;
}

void cpio_head(const struct cpio_entry *entry, uint8_t *bytes)
{
	size_t name_size = strlen(entry->name) + 1;
	const uint32_t fields[] = {
		entry->inode,
		entry->mode,
		entry->uid,
		entry->gid,
		entry->links,
		entry->time,
		entry->size,
		0,
		0, /* device of the file system: one for all */
		entry->major,
		entry->minor,
		(uint32_t)name_size,
		0, /* check sum: of another format */
	};
	uint8_t *at = bytes + sizeof(MAGIC) - 1;

	memcpy(bytes, MAGIC, sizeof(MAGIC) - 1);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		at = put_number(at, fields[i]);
	}
	memcpy(at, entry->name, name_size);
	at += name_size;
	memset(at, 0, (size_t)(bytes + cpio_head_size(entry->name) - at));
}
