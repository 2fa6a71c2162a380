/* SPDX-License-Identifier: Apache-2.0 */
/* Split virtqueues: virtio 1.2, "Split Virtqueues"; the sections named below are parts of it. */
#include "virtqueue.h"

#include "bits.h"
#include "hv/guest_mem.h"

#include <stdatomic.h>

/* "The Virtqueue Descriptor Table". */
struct descriptor {
	uint64_t address;
	uint32_t size;
	uint16_t flags;
	uint16_t next;
};
_Static_assert(sizeof(struct descriptor) == 16, "struct virtq_desc");
#define DESCRIPTOR_NEXT     1u
#define DESCRIPTOR_WRITE    2u
#define DESCRIPTOR_INDIRECT 4u

/* "The Virtqueue Available Ring", "The Virtqueue Used Ring": offsets; the events follow the rings.
 */
#define RING_FLAGS             0u
#define RING_INDEX             2u
#define RING_ENTRIES           4u
#define AVAILABLE_NO_INTERRUPT 1u

struct used_entry {
	uint32_t head;
	uint32_t written;
};

static uint64_t available_entry(const struct virtqueue *queue, uint16_t index)
{
	return queue->available + RING_ENTRIES + sizeof(uint16_t) * (index % queue->size);
}

static uint64_t used_entry(const struct virtqueue *queue, uint16_t index)
{
	return queue->used + RING_ENTRIES + sizeof(struct used_entry) * (index % queue->size);
}

static uint64_t used_event(const struct virtqueue *queue)
{
	return queue->available + RING_ENTRIES + sizeof(uint16_t) * queue->size;
}

static uint64_t available_event(const struct virtqueue *queue)
{
	return queue->used + RING_ENTRIES + sizeof(struct used_entry) * queue->size;
}

static bool is_ring_sound(const struct vm_arch *vm, uint64_t address, uint64_t alignment,
			  uint64_t size)
{
	return is_aligned(address, alignment) && guest_mem_is_ram(vm, gpa_from_u64(address), size);
}

bool virtqueue_is_sound(const struct virtqueue *queue, const struct vm_arch *vm)
{
	uint64_t size = queue->size;

	return size > 0 && size <= VIRTQUEUE_SIZE_MAX && (size & (size - 1)) == 0 &&
	       is_ring_sound(vm, queue->descriptors, 16, sizeof(struct descriptor) * size) &&
	       is_ring_sound(vm, queue->available, 2, RING_ENTRIES + 2 * size + 2) &&
	       is_ring_sound(vm, queue->used, 4, RING_ENTRIES + 8 * size + 2);
}

/* The rings are RAM since virtqueue_is_sound(): neither can fail while the VM runs. */
static uint16_t get16(const struct vm_arch *vm, uint64_t address)
{
	uint16_t value = 0;

	(void)!guest_mem_read(vm, gpa_from_u64(address), &value, sizeof(value));
	return value;
}

static void put16(const struct vm_arch *vm, uint64_t address, uint16_t value)
{
	(void)!guest_mem_write(vm, gpa_from_u64(address), &value, sizeof(value));
}

/* Adds what one descriptor names; false: against the rules. */
static bool add_segment(struct virtqueue_chain *chain, const struct vm_arch *vm,
			const struct descriptor *descriptor)
{
	bool is_writable = (descriptor->flags & DESCRIPTOR_WRITE) != 0;
	uint32_t *total = is_writable ? &chain->writable : &chain->readable;
	gpa_t address = gpa_from_u64(descriptor->address);

	if (descriptor->size == 0) {
		return true;
	}
	if (chain->count == VIRTQUEUE_SEGMENT_MAX || descriptor->size > UINT32_MAX - *total ||
	    (!is_writable && chain->readable_count != chain->count) ||
	    !guest_mem_is_ram(vm, address, descriptor->size)) {
		return false;
	}
	chain->segments[chain->count++] =
		(struct virtqueue_segment){.address = address, .size = descriptor->size};
	chain->readable_count = (uint16_t)(chain->readable_count + !is_writable);
	*total += descriptor->size;
	return true;
}

enum walked {
	WALKED_ALL,
	WALKED_TO_INDIRECT, /* the last descriptor names a table that continues the chain */
	WALKED_ASTRAY,
};

/* Walks a chain from `next` in a table of `count` descriptors. A chain with more steps than
 * descriptors is a loop. */
static enum walked walk(struct virtqueue_chain *chain, const struct vm_arch *vm, uint64_t table,
			uint32_t count, uint32_t next, struct descriptor *last)
{
	for (uint32_t steps = 0; steps < count && next < count; steps++) {
		gpa_t at = gpa_from_u64(table + sizeof(*last) * next);

		if (guest_mem_read(vm, at, last, sizeof(*last)) != HV_OK) {
			return WALKED_ASTRAY;
		}
		if ((last->flags & DESCRIPTOR_INDIRECT) != 0) {
			return WALKED_TO_INDIRECT;
		}
		if (!add_segment(chain, vm, last)) {
			return WALKED_ASTRAY;
		}
		if ((last->flags & DESCRIPTOR_NEXT) == 0) {
			return WALKED_ALL;
		}
		next = last->next;
	}
	return WALKED_ASTRAY;
}

/* "Indirect Descriptors": one table at most, named by the last descriptor, without a further one.
 */
static bool walk_all(const struct virtqueue *queue, const struct vm_arch *vm,
		     struct virtqueue_chain *chain)
{
	struct descriptor last;
	enum walked walked = walk(chain, vm, queue->descriptors, queue->size, chain->head, &last);

	if (walked == WALKED_TO_INDIRECT) {
		uint32_t count = last.size / (uint32_t)sizeof(last);

		if ((last.flags & DESCRIPTOR_NEXT) != 0 || last.size % sizeof(last) != 0 ||
		    count > VIRTQUEUE_SIZE_MAX) {
			return false;
		}
		walked = walk(chain, vm, last.address, count, 0, &last);
	}
	return walked == WALKED_ALL;
}

/* "Available Buffer Notification Suppression": before there are none, the driver is asked to tell
 * of the next one; what came meanwhile is seen by the second look. */
static uint16_t count_waiting(const struct virtqueue *queue, const struct vm_arch *vm)
{
	uint64_t index = queue->available + RING_INDEX;
	uint16_t waiting = (uint16_t)(get16(vm, index) - queue->next_available);

	if (waiting == 0 && queue->has_event_index) {
		put16(vm, available_event(queue), queue->next_available);
		atomic_thread_fence(memory_order_seq_cst);
		waiting = (uint16_t)(get16(vm, index) - queue->next_available);
	}
	return waiting;
}

bool virtqueue_pop(struct virtqueue *queue, const struct vm_arch *vm, struct virtqueue_chain *chain)
{
	uint16_t waiting;

	if (!queue->is_enabled || queue->is_broken) {
		return false;
	}
	waiting = count_waiting(queue, vm);
	if (waiting == 0) {
		return false;
	}
	atomic_thread_fence(memory_order_acquire); /* the index first, then what it tells of */
	chain->count = 0;
	chain->readable_count = 0;
	chain->readable = 0;
	chain->writable = 0;
	chain->head = get16(vm, available_entry(queue, queue->next_available));
	queue->is_broken = waiting > queue->size || !walk_all(queue, vm, chain);
	queue->next_available++;
	return !queue->is_broken;
}

bool virtqueue_is_empty(const struct virtqueue *queue, const struct vm_arch *vm)
{
	return queue->is_enabled && !queue->is_broken && count_waiting(queue, vm) == 0;
}

void virtqueue_push(struct virtqueue *queue, const struct vm_arch *vm, uint16_t head,
		    uint32_t written)
{
	struct used_entry entry = {.head = head, .written = written};

	(void)!guest_mem_write(vm, gpa_from_u64(used_entry(queue, queue->next_used)), &entry,
			       sizeof(entry));
	queue->next_used++;
	atomic_thread_fence(memory_order_release); /* the entry first, then the index */
	put16(vm, queue->used + RING_INDEX, queue->next_used);
}

/* "Used Buffer Notification Suppression". */
bool virtqueue_wants_interrupt(struct virtqueue *queue, const struct vm_arch *vm)
{
	uint16_t done = (uint16_t)(queue->next_used - queue->signalled);
	uint16_t event;

	if (done == 0) {
		return false;
	}
	/* The driver writes its wish and then looks at the index once more: so the other way round.
	 */
	atomic_thread_fence(memory_order_seq_cst);
	queue->signalled = queue->next_used;
	if (!queue->has_event_index) {
		return (get16(vm, queue->available + RING_FLAGS) & AVAILABLE_NO_INTERRUPT) == 0;
	}
	event = get16(vm, used_event(queue));
	return (uint16_t)(queue->next_used - event - 1) < done;
}

/* Copies between `bytes` and the segments [from, to) of a chain. */
static uint32_t copy(const struct virtqueue_chain *chain, const struct vm_arch *vm, uint16_t from,
		     uint16_t to, uint32_t offset, uint8_t *bytes, uint32_t size, bool is_write)
{
	uint32_t done = 0;

	for (uint16_t i = from; i < to && done < size; i++) {
		const struct virtqueue_segment *segment = &chain->segments[i];
		uint32_t piece;
		gpa_t at;

		if (offset >= segment->size) {
			offset -= segment->size;
			continue;
		}
		piece = (uint32_t)min_u64(segment->size - offset, size - done);
		at = gpa_add(segment->address, offset);
		if ((is_write ? guest_mem_write(vm, at, bytes + done, piece)
			      : guest_mem_read(vm, at, bytes + done, piece)) != HV_OK) {
			break;
		}
		done += piece;
		offset = 0;
	}
	return done;
}

uint32_t virtqueue_read(const struct virtqueue_chain *chain, const struct vm_arch *vm,
			uint32_t offset, void *to, uint32_t size)
{
	return copy(chain, vm, 0, chain->readable_count, offset, to, size, false);
}

uint32_t virtqueue_write(const struct virtqueue_chain *chain, const struct vm_arch *vm,
			 uint32_t offset, const void *from, uint32_t size)
{
	return copy(chain, vm, chain->readable_count, chain->count, offset,
		    (uint8_t *)(uintptr_t)from, size, true);
}
