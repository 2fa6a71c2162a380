/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's side of a split virtqueue (virtio 1.2, "Split Virtqueues"). Pure over
 * hv/guest_mem.h: host-tested, fuzzed. Everything in the rings is the guest's and hostile: a queue
 * that breaks the rules is reported as broken, once, and then stays silent until its reset. The
 * caller's lock guards a queue.
 */
#pragma once

#include "addr.h"

#include <stddef.h>

struct vm_arch;

#define VIRTQUEUE_SIZE_MAX    256u
#define VIRTQUEUE_SEGMENT_MAX 40u /* of one chain; Linux' network driver uses up to 19 */

struct virtqueue {
	uint64_t descriptors; /* guest-physical, as the driver wrote them */
	uint64_t available;
	uint64_t used;
	uint16_t size; /* a power of two, 1 to VIRTQUEUE_SIZE_MAX */
	uint16_t vector;
	uint16_t next_available; /* free-running, as the indices in the rings */
	uint16_t next_used;
	uint16_t signalled; /* next_used when the driver was last looked after */
	bool is_enabled;
	bool is_broken;
	bool has_event_index; /* VIRTIO_F_EVENT_IDX was negotiated */
};

struct virtqueue_segment {
	gpa_t address;
	uint32_t size;
};

/* One request: readable segments first, then writable ones; every segment is RAM of the VM. */
struct virtqueue_chain {
	uint16_t head;
	uint16_t count;
	uint16_t readable_count;
	uint32_t readable; /* bytes */
	uint32_t writable;
	struct virtqueue_segment segments[VIRTQUEUE_SEGMENT_MAX];
};

/* The three rings are wholly RAM, aligned and disjoint from nothing that matters: may it be
 * enabled? */
bool virtqueue_is_sound(const struct virtqueue *queue, const struct vm_arch *vm);

/* Takes the next request. False: there is none, and the driver will tell of the next one; or the
 * queue is (now) broken. */
bool virtqueue_pop(struct virtqueue *queue, const struct vm_arch *vm,
		   struct virtqueue_chain *chain);

/* In use, and nothing is in it; the driver will tell of the next request. */
bool virtqueue_is_empty(const struct virtqueue *queue, const struct vm_arch *vm);

/* Gives a request back; written: bytes of its writable part that were filled. */
void virtqueue_push(struct virtqueue *queue, const struct vm_arch *vm, uint16_t head,
		    uint32_t written);

/* After pushes: does the driver want an interrupt? */
bool virtqueue_wants_interrupt(struct virtqueue *queue, const struct vm_arch *vm);

/* Copies from the readable or to the writable bytes of a request, from `offset` on; returns how
 * many there were, at most `size`. */
uint32_t virtqueue_read(const struct virtqueue_chain *chain, const struct vm_arch *vm,
			uint32_t offset, void *to, uint32_t size);
uint32_t virtqueue_write(const struct virtqueue_chain *chain, const struct vm_arch *vm,
			 uint32_t offset, const void *from, uint32_t size);
