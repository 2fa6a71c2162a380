/* SPDX-License-Identifier: Apache-2.0 */
/* Guest memory: range check, translate by the VM's extents, copy through this CPU's window. */
#include "hv/guest_mem.h"

#include "arch/mmu.h"
#include "bits.h"
#include "check.h"
#include "hv/vm.h"
#include "str.h"

#define GUEST_SLOT 0u

enum direction {
	FROM_GUEST,
	TO_GUEST,
	CLEAR,
};

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

/* A piece that lies in one frame. */
static void transfer(hpa_t host, uint8_t *bytes, size_t size, enum direction direction)
{
	void *window = arch_window_map(GUEST_SLOT, host);

	switch (direction) {
	case FROM_GUEST:
		memcpy(bytes, window, size);
		break;
	case TO_GUEST:
		memcpy(window, bytes, size);
		break;
	case CLEAR:
		memset(window, 0, size);
		break;
	}
	arch_window_unmap(GUEST_SLOT);
}

static enum hv_status copy(const struct vm_arch *arch, gpa_t guest, uint8_t *bytes, uint64_t size,
			   enum direction direction)
{
	if (!guest_mem_is_ram(arch, guest, size)) {
		return HV_RANGE;
	}
	while (size > 0) {
		const struct vm_extent *extent = extent_of((const struct vm *)arch, guest);
		uint64_t piece = min_u64(size, FRAME_SIZE - guest.value % FRAME_SIZE);

		/* Extents are frame aligned on both sides: a piece never leaves its extent. */
		transfer(hpa_add(extent->host, guest.value - extent->guest.value), bytes, piece,
			 direction);
		guest = gpa_add(guest, piece);
		bytes = bytes == NULL ? NULL : bytes + piece;
		size -= piece;
	}
	return HV_OK;
}

/*
 * A page-table entry, as walks read them by the dozen: in one frame, so in one extent. False: not
 * in RAM, or not of this kind.
 */
static bool read_word(const struct vm_arch *vm, gpa_t from, void *to)
{
	const struct vm_extent *extent = extent_of((const struct vm *)vm, from);

	if (extent == NULL || !is_aligned(from.value, sizeof(uint64_t))) {
		return false;
	}
	__builtin_memcpy(to,
			 arch_window_map(GUEST_SLOT,
					 hpa_add(extent->host, from.value - extent->guest.value)),
			 sizeof(uint64_t));
	arch_window_unmap(GUEST_SLOT);
	return true;
}

enum hv_status guest_mem_read(const struct vm_arch *vm, gpa_t from, void *to, size_t size)
{
	if (size == sizeof(uint64_t) && read_word(vm, from, to)) {
		return HV_OK;
	}
	return copy(vm, from, to, size, FROM_GUEST);
}

enum hv_status guest_mem_write(const struct vm_arch *vm, gpa_t to, const void *from, size_t size)
{
	return copy(vm, to, (uint8_t *)(uintptr_t)from, size, TO_GUEST);
}

enum hv_status guest_mem_clear(const struct vm_arch *vm, gpa_t from, uint64_t size)
{
	return copy(vm, from, NULL, size, CLEAR);
}
