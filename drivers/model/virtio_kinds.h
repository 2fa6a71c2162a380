/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of virtio device. */
#pragma once

#include "virtio.h"

extern const struct virtio_kind virtio_console_kind;
extern const struct virtio_kind virtio_block_kind;
extern const struct virtio_kind virtio_net_kind;
extern const struct virtio_kind virtio_entropy_kind;
