/* SPDX-License-Identifier: Apache-2.0 */
/* The trace: one ring of records a CPU, written by that CPU alone and without a lock. */
#include "arch/clock.h"
#include "arch/upcalls.h"
#include "cpus.h"
#include "hv/vm.h"
#include "manage.h"

#define RING_RECORDS 2047u

struct trace_ring {
	_Atomic uint64_t next; /* position of the next record */
	_Alignas(sizeof(struct manage_trace)) struct manage_trace records[RING_RECORDS];
};
_Static_assert(sizeof(struct trace_ring) % PAGE_SIZE == 0, "whole pages");

struct trace_ring *_Atomic hv_trace_rings; /* by CPU */
static _Atomic bool is_written[CPU_MAX];   /* a CPU's ring, by it, at this moment */

void hv_trace(uint32_t reason, uint64_t info, uint64_t start)
{
	const struct vcpu *vcpu = arch_this_cpu()->vcpu;
	uint32_t event = start != 0 ? low32(vcpu->arch.pending_event) : 0;
	uint32_t cpu = vcpu->cpu->index;
	struct trace_ring *rings;

	is_written[cpu] = true; /* before the load: trace_switch() does it the other way round */
	rings = hv_trace_rings;
	if (rings != NULL) {
		rings[cpu].records[rings[cpu].next % RING_RECORDS] =
			(struct manage_trace){.start = start,
					      .end = arch_tsc(),
					      .info = info,
					      .event = event,
					      .reason = (uint16_t)reason,
					      .id = (uint8_t)vcpu->vm->id,
					      .vcpu = (uint8_t)vcpu->index};
		rings[cpu].next++;
	}
	is_written[cpu] = false;
}

enum manage_status trace_switch(bool is_on)
{
	uint32_t pages = cpus_count() * (uint32_t)(sizeof(struct trace_ring) >> PAGE_SHIFT);
	struct trace_ring *before = hv_trace_rings;

	if (is_on == (before != NULL)) {
		return MANAGE_BUSY;
	}
	hv_trace_rings = is_on ? page_alloc(pages) : NULL;
	for (uint32_t i = 0; i < CPU_MAX; i += is_written[i] ? 0 : 1) {
		/* its CPU is within a few instructions of the end */
	}
	if (!is_on) {
		page_free(before, pages);
	}
	return is_on && hv_trace_rings == NULL ? MANAGE_NO_MEMORY : MANAGE_OK;
}

uint32_t trace_read(uint32_t cpu, uint64_t *position, void *records, uint32_t size)
{
	const struct trace_ring *ring = &hv_trace_rings[cpu];
	struct manage_trace *to = records;
	uint64_t next = ring->next;
	uint64_t i = max_u64(min_u64(*position, next), next - min_u64(next, RING_RECORDS));

	for (; i < next && (uint64_t)(to + 1) <= (uint64_t)records + size; i++) {
		*to = ring->records[i % RING_RECORDS];
		atomic_thread_fence(memory_order_acquire);
		to += i + RING_RECORDS > ring->next; /* not overwritten meanwhile */
	}
	*position = i;
	return (uint32_t)((uint8_t *)to - (uint8_t *)records);
}
