/* SPDX-License-Identifier: Apache-2.0 */
/* The reset control register (port 0xCF9) and ACPI's sleep registers. */
#include "vpower.h"

#include "hv/vm.h"
#include "models.h"

/* Intel chipset datasheets, "Reset Control Register (RST_CNT)": bit 2 starts the reset. */
#define RESET_CPU  0x04u
#define RESET_KEPT 0x0au /* SYS_RST, FULL_RST */

/* ACPI, "Sleep Control Register", "Sleep Status Register". */
#define SLEEP_ENABLE     0x20u
#define SLEEP_TYPE_SHIFT 2u
#define SLEEP_TYPE_MASK  7u
#define OFFSET_CONTROL   0u

uint64_t vpower_read_reset(struct vcpu *vcpu, uint32_t offset, uint32_t size)
{
	struct vpower *power = vcpu->vm->device_state[MODEL_RESET];

	(void)offset;
	(void)size;
	return atomic_load_explicit(&power->reset_control, memory_order_relaxed);
}

void vpower_write_reset(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	struct vpower *power = vcpu->vm->device_state[MODEL_RESET];

	(void)offset;
	(void)size;
	atomic_store_explicit(&power->reset_control, (uint8_t)(value & RESET_KEPT),
			      memory_order_relaxed);
	if ((value & RESET_CPU) != 0) {
		vm_stop(vcpu->vm, VM_STOP_RESET, 0);
	}
}

/* SLP_EN reads as 0; WAK_STS never comes, no sleep state has a wake-up. */
uint64_t vpower_read_sleep(struct vcpu *vcpu, uint32_t offset, uint32_t size)
{
	(void)vcpu;
	(void)offset;
	(void)size;
	return 0;
}

/* Only S5 exists. A 16-bit write covers the control register with its low half. */
void vpower_write_sleep(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	(void)size;
	if (offset == OFFSET_CONTROL && (value & SLEEP_ENABLE) != 0 &&
	    ((value >> SLEEP_TYPE_SHIFT) & SLEEP_TYPE_MASK) == VPOWER_S5_TYPE) {
		vm_stop(vcpu->vm, VM_STOP_POWER_OFF, 0);
	}
}
