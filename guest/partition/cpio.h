/* SPDX-License-Identifier: Apache-2.0 */
/* cpio "newc" archives, as the kernel unpacks them (Linux: "initramfs buffer format"). Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CPIO_NAME_MAX 4095u /* bytes; the kernel takes no longer one (PATH_MAX) */
#define CPIO_SIZE_MAX UINT32_MAX
#define CPIO_HEAD     110u
#define CPIO_TRAILER  "TRAILER!!!"

struct cpio_entry {
	const char *name; /* without a leading slash */
	uint32_t inode;   /* of files with more than one name: the same, and `links` 2 or more */
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint32_t links;
	uint32_t time;
	uint32_t size;  /* of the content, or of a symbolic link's target */
	uint32_t major; /* of a device */
	uint32_t minor;
};

/* Bytes of the header with name and padding. */
size_t cpio_head_size(const char *name);
/* Writes them. */
void cpio_head(const struct cpio_entry *entry, uint8_t *bytes);
/* Zero bytes behind the content: up to a multiple of 4. */
static inline size_t cpio_padding(uint64_t size)
{
	return (size_t)(-size & 3);
}
