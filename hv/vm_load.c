/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's memory as it is at power-on. */
#include "vm_life.h"

#include "hv/guest_mem.h"
#include "log.h"
#include "modules.h"

enum hv_status vm_clear(struct vm *vm)
{
	enum hv_status status = HV_OK;

	for (uint32_t i = 0; status == HV_OK && i < vm->extent_count; i++) {
		status = guest_mem_clear(&vm->arch, vm->extents[i].guest, vm->extents[i].size);
	}
	vm->is_clear = status == HV_OK;
	return status;
}

static enum hv_status place(struct vm *vm, const struct boot_piece *piece)
{
	const uint8_t *from = modules_at(piece->source, piece->size);

	return from == NULL
		       ? HV_RANGE
		       : guest_mem_write(&vm->arch, gpa_from_u64(piece->guest), from, piece->size);
}

enum hv_status vm_load(struct vm *vm)
{
	enum hv_status status = HV_OK;

	if (!vm->is_clear) {
		status = vm_clear(vm);
	}
	vm->is_clear = false;
	for (uint32_t i = 0; status == HV_OK && i < vm->image->piece_count; i++) {
		status = place(vm, &vm->image->pieces[i]);
	}
	if (status != HV_OK) { /* the loader has checked every piece */
		log_error("partition %s: its memory cannot be filled (status %d)", vm->name,
			  (int)status);
	}
	return status;
}

struct vcpu_start_state vm_start_state(const struct vm *vm)
{
	const struct boot_start *start = &vm->image->start;

	return (struct vcpu_start_state){
		.how = start->mode == BOOT_START_LONG64 ? VCPU_START_LONG64
							: VCPU_START_PROTECTED32,
		.rip = start->rip,
		.rax = start->rax,
		.rbx = start->rbx,
		.rsi = start->rsi,
		.cr3 = start->cr3,
		.gdt_base = start->gdt_base,
	};
}
