/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of virtio device. */
#pragma once

#include "virtio.h"

/* struct virtio_blk_req: its start. */
struct virtio_block_header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

/* A request to a disk. */
struct virtio_block_request {
	struct virtqueue_chain chain;
	struct virtio_block_header header;
	uint32_t size; /* bytes of data */
};

extern const struct virtio_kind virtio_console_kind;
extern const struct virtio_kind virtio_block_kind;
extern const struct virtio_kind virtio_net_kind;
extern const struct virtio_kind virtio_entropy_kind;
