/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's memory as it is at power-on. */
#include "vm_life.h"

#include "check.h"
#include "hv/guest_mem.h"
#include "log.h"

void vm_clear(struct vm *vm)
{
	for (uint32_t i = 0; i < vm->extent_count; i++) {
		enum hv_status status =
			guest_mem_clear(&vm->arch, vm->extents[i].guest, vm->extents[i].size);

		CHECK(status == HV_OK); /* extents are RAM */
	}
	vm->is_clear = true;
}

enum hv_status vm_load(struct vm *vm)
{
	enum hv_status status = HV_OK;

	if (!vm->is_clear && !vm->is_created) {
		vm_clear(vm);
	}
	vm->is_clear = false;
	for (uint32_t i = 0; status == HV_OK && i < vm->image.piece_count; i++) {
		const struct boot_piece *piece = &vm->image.pieces[i];

		status = guest_mem_write(&vm->arch, gpa_from_u64(piece->guest),
					 (const void *)piece->source, piece->size);
	}
	if (status != HV_OK) { /* the loader has checked every piece */
		log_error("partition %s: its memory cannot be filled (status %d)", vm->name,
			  (int)status);
	}
	return status;
}
