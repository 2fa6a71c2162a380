/* SPDX-License-Identifier: Apache-2.0 */
/* Guest memory: range check, translate by the VM's extents, copy through this CPU's window. */
#include "hv/guest_mem.h"

#include "arch/mmu.h"
#include "bits.h"
#include "hv/vm.h"
#include "str.h"

#define GUEST_SLOT 0u

static const struct vm_extent *extent_of(const struct vm *vm, gpa_t address)
{
	for (uint32_t i = 0; i < vm->extent_count; i++) {
		if (address.value - vm->extents[i].guest.value < vm->extents[i].size) {
			return &vm->extents[i];
		}
	}
	return NULL;
}

bool guest_mem_is_ram(const struct vm_arch *arch, gpa_t from, uint64_t size)
{
	const struct vm *vm = (const struct vm *)arch;
	uint64_t done = 0;

	if (size == 0 || from.value + size < from.value) {
		return false;
	}
	while (done < size) {
		const struct vm_extent *extent = extent_of(vm, gpa_add(from, done));

		if (extent == NULL) {
			return false;
		}
		done = extent->guest.value + extent->size - from.value;
	}
	return true;
}

/* The window onto an address, until the end of its frame; NULL: not RAM. */
static void *map(const struct vm_arch *arch, gpa_t guest)
{
	const struct vm_extent *extent = extent_of((const struct vm *)arch, guest);

	return extent == NULL
		       ? NULL
		       : arch_window_map(GUEST_SLOT,
					 hpa_add(extent->host, guest.value - extent->guest.value));
}

/* Reads into `to`, or writes `from`, or with neither zeros. */
static enum hv_status copy(const struct vm_arch *vm, gpa_t guest, uint8_t *to, const uint8_t *from,
			   uint64_t size)
{
	if (!guest_mem_is_ram(vm, guest, size)) {
		return HV_RANGE;
	}
	while (size > 0) {
		/* Extents are frame aligned on both sides: a piece never leaves its extent. */
		uint64_t piece = min_u64(size, FRAME_SIZE - guest.value % FRAME_SIZE);
		void *window = map(vm, guest);

		if (to != NULL) {
			memcpy(to, window, piece);
			to += piece;
		} else if (from != NULL) {
			memcpy(window, from, piece);
			from += piece;
		} else {
			memset(window, 0, piece);
		}
		arch_window_unmap(GUEST_SLOT);
		guest = gpa_add(guest, piece);
		size -= piece;
	}
	return HV_OK;
}

enum hv_status guest_mem_read(const struct vm_arch *vm, gpa_t from, void *to, size_t size)
{
	const void *window;

	if (size != sizeof(uint64_t) || !is_aligned(from.value, size)) {
		return copy(vm, from, to, NULL, size);
	}
	/* A page-table entry, as walks read them by the dozen: in one frame. */
	window = map(vm, from);
	if (window == NULL) {
		return HV_RANGE;
	}
	__builtin_memcpy(to, window, sizeof(uint64_t));
	arch_window_unmap(GUEST_SLOT);
	return HV_OK;
}

enum hv_status guest_mem_write(const struct vm_arch *vm, gpa_t to, const void *from, size_t size)
{
	return copy(vm, to, NULL, from, size);
}

enum hv_status guest_mem_clear(const struct vm_arch *vm, gpa_t from, uint64_t size)
{
	return copy(vm, from, NULL, NULL, size);
}
