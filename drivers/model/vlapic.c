/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local APIC of a vCPU. Timer, priorities, in-service and request registers are the real
 * APIC's, in whatever mode that is; identity, ICR and the pins that could send SMI, INIT or NMI are
 * kept here.
 */
#include "vlapic.h"

#include "arch/cpu.h"
#include "arch/lapic.h"
#include "bits.h"
#include "hv/vm.h"
#include "models.h"
#include "str.h"

/* IA32_APIC_BASE (SDM 3A, "Local APIC Status and Location"). */
#define BASE_BSP    BIT(8)
#define BASE_X2APIC BIT(10)
#define BASE_ENABLE BIT(11)
#define BASE_KNOWN  (BASE_BSP | BASE_X2APIC | BASE_ENABLE)

#define SVR_ENABLE         0x100u
#define SVR_ALLOWED        0x1ffu
#define SVR_FOCUS          0x200u /* without effect on every CPU with x2APIC */
#define LVT_TIMER_DEADLINE BIT32(18)
#define LVT_READ_ONLY      0x5000u /* delivery status, remote IRR */
#define LVT_TIMER_ALLOWED  0x700ffu
#define LVT_ERROR_ALLOWED  0x100ffu
#define LVT_SENSOR_ALLOWED 0x107ffu
#define LVT_PIN_ALLOWED    0x1a7ffu
#define DIVIDE_ALLOWED     0x0bu
#define DFR_FIXED          0x0fffffffu
#define LDR_WRITABLE       0xff000000u
#define ICR_WRITABLE       0xccfffu /* xAPIC: without delivery status */
/* x2APIC: bit 12 is tolerated, as it is on AMD's CPUs, where it reads as delivery status. */
#define X2APIC_ICR_RESERVED UINT64_C(0xfff32000)
#define MAX_LVT             5u /* no CMCI */
#define ID_SHIFT            24u
#define REGISTER_OFFSETS    0xff0u

#define READ  BIT32(0)
#define WRITE BIT32(1)
#define SOFT  BIT32(2) /* kept here: nothing is connected. The others are the real APIC's. */

/*
 * Registers that are the same in both modes, by offset / 16; ISR, TMR and IRR are told by their
 * range. The real APIC in x2APIC mode faults on bits that are not allowed; of those, `ignored` ones
 * do not fault a guest.
 */
static const struct register_rule {
	uint32_t how;
	uint32_t allowed;
	uint32_t ignored;
} rules[] = {
	[LAPIC_VERSION / 16] = {READ, 0, 0},
	[LAPIC_TPR / 16] = {READ | WRITE, 0xff, 0},
	[LAPIC_PPR / 16] = {READ, 0, 0},
	[LAPIC_EOI / 16] = {WRITE, 0, 0},
	[LAPIC_SVR / 16] = {READ | WRITE, SVR_ALLOWED, SVR_FOCUS},
	[LAPIC_ESR / 16] = {READ | WRITE, 0, 0},
	[LAPIC_LVT_TIMER / 16] = {READ | WRITE, LVT_TIMER_ALLOWED, LVT_READ_ONLY},
	[LAPIC_LVT_THERMAL / 16] = {READ | WRITE | SOFT, LVT_SENSOR_ALLOWED, LVT_READ_ONLY},
	[LAPIC_LVT_PERFORMANCE / 16] = {READ | WRITE | SOFT, LVT_SENSOR_ALLOWED, LVT_READ_ONLY},
	[LAPIC_LVT_LINT0 / 16] = {READ | WRITE | SOFT, LVT_PIN_ALLOWED, LVT_READ_ONLY},
	[LAPIC_LVT_LINT1 / 16] = {READ | WRITE | SOFT, LVT_PIN_ALLOWED, LVT_READ_ONLY},
	[LAPIC_LVT_ERROR / 16] = {READ | WRITE, LVT_ERROR_ALLOWED, LVT_READ_ONLY},
	[LAPIC_TIMER_INITIAL / 16] = {READ | WRITE, UINT32_MAX, 0},
	[LAPIC_TIMER_CURRENT / 16] = {READ, 0, 0},
	[LAPIC_TIMER_DIVIDE / 16] = {READ | WRITE, DIVIDE_ALLOWED, 0},
};

static struct vlapic *lapic_of(struct vcpu *vcpu)
{
	return (struct vlapic *)vcpu->vm->device_state[MODEL_LAPIC] + vcpu->index;
}

static uint32_t *soft_lvt(struct vlapic *lapic, uint32_t offset)
{
	return &lapic->lvt[(offset - LAPIC_LVT_THERMAL) / 16];
}

void vlapic_reset(struct vcpu *vcpu, bool is_init)
{
	struct vlapic *lapic = lapic_of(vcpu);

	memset(lapic, 0, sizeof(*lapic));
	for (uint32_t i = 0; i < VLAPIC_SOFT_LVTS; i++) {
		lapic->lvt[i] = LAPIC_LVT_MASKED;
	}
	atomic_store_explicit(&vcpu->logical_id, 0, memory_order_relaxed);
	atomic_store_explicit(&vcpu->logical_format, UINT32_MAX, memory_order_relaxed);
	if (!is_init) {
		vcpu->arch.apic_base =
			VLAPIC_BASE | BASE_ENABLE | (vcpu->index == 0 ? BASE_BSP : 0);
		vcpu->arch.is_x2apic = false; /* it does not run: arch_vcpu_reset() follows */
	}
	arch_lapic_reset();
}

/* --- IA32_APIC_BASE -----------------------------------------------------------------------------
 */

/* SDM 3A, "x2APIC State Transitions": only these. From x2APIC the way back leads over "disabled".
 */
static bool is_transition_legal(uint64_t from, uint64_t to)
{
	switch (to & (BASE_ENABLE | BASE_X2APIC)) {
	case 0:
		return true;
	case BASE_ENABLE:
		return (from & BASE_X2APIC) == 0;
	case BASE_ENABLE | BASE_X2APIC:
		return (from & BASE_ENABLE) != 0 && arch_lapic_is_x2apic();
	default:
		return false;
	}
}

static bool write_base(struct vcpu *vcpu, uint64_t value)
{
	uint64_t from = vcpu->arch.apic_base;

	if ((value & ~BASE_KNOWN) != VLAPIC_BASE || !is_transition_legal(from, value)) {
		return false;
	}
	vcpu->arch.apic_base = (value & ~BASE_BSP) | (from & BASE_BSP);
	if ((value & BASE_ENABLE) == 0) {
		arch_lapic_reset();
	}
	if (((from ^ value) & BASE_X2APIC) != 0) {
		arch_vcpu_set_x2apic(&vcpu->arch, (value & BASE_X2APIC) != 0);
	}
	return true;
}

/* --- registers that are the same in both modes --------------------------------------------------
 */

static struct register_rule rule_of(uint32_t offset)
{
	struct register_rule rule = {0};

	if (offset / 16 < ARRAY_COUNT(rules)) {
		rule = rules[offset / 16];
	}
	if (offset >= LAPIC_ISR && offset < LAPIC_ESR) { /* ISR, TMR, IRR: eight registers each */
		rule.how = READ;
	}
	if (offset == LAPIC_LVT_TIMER && !arch_lapic_has_deadline()) {
		rule.allowed &= ~LVT_TIMER_DEADLINE;
	}
	return rule;
}

/* False: no such register, or write-only. */
static bool read_register(struct vlapic *lapic, uint32_t offset, uint32_t *value)
{
	struct register_rule rule = rule_of(offset);

	if ((rule.how & READ) == 0) {
		return false;
	}
	*value = (rule.how & SOFT) != 0 ? *soft_lvt(lapic, offset) : arch_lapic_read(offset);
	if (offset == LAPIC_VERSION) {
		*value = (*value & 0xff) | MAX_LVT << 16;
	} else if (offset == LAPIC_ESR) {
		*value |= lapic->error;
	}
	return true;
}

static void write_svr(struct vlapic *lapic, uint32_t value)
{
	arch_lapic_write(LAPIC_SVR, value);
	for (uint32_t i = 0; (value & SVR_ENABLE) == 0 && i < VLAPIC_SOFT_LVTS; i++) {
		lapic->lvt[i] |= LAPIC_LVT_MASKED;
	}
}

/* False: no such register, or read-only. */
static bool write_register(struct vlapic *lapic, uint32_t offset, uint32_t value)
{
	struct register_rule rule = rule_of(offset);

	value &= rule.allowed;
	if ((rule.how & WRITE) == 0) {
		return false;
	}
	if (offset == LAPIC_SVR) {
		write_svr(lapic, value);
	} else if ((rule.how & SOFT) == 0) {
		arch_lapic_write(offset, value);
	} else {
		bool is_enabled = (arch_lapic_read(LAPIC_SVR) & SVR_ENABLE) != 0;

		/* Kept to be read back, whatever delivery mode it names. */
		*soft_lvt(lapic, offset) = is_enabled ? value : value | LAPIC_LVT_MASKED;
	}
	if (offset == LAPIC_ESR) {
		lapic->error = lapic->error_pending;
		lapic->error_pending = 0;
	}
	return true;
}

/* --- x2APIC: registers are MSRs, and faults are #GP ----------------------------------------------
 */

bool vlapic_read(struct vcpu *vcpu, uint32_t offset, uint64_t *value)
{
	struct vlapic *lapic = lapic_of(vcpu);
	uint32_t low;

	if (offset == LAPIC_BASE_MSR) {
		*value = vcpu->arch.apic_base;
		return true;
	}
	if (!vcpu->arch.is_x2apic) {
		return false;
	}
	switch (offset) {
	case LAPIC_ID:
		*value = vcpu->index;
		return true;
	case LAPIC_LDR: /* SDM 3A, "Deriving Logical x2APIC ID from the Local x2APIC ID" */
		*value = (uint64_t)(vcpu->index / 16) << 16 | BIT(vcpu->index % 16);
		return true;
	case LAPIC_ICR_LOW:
		*value = join32(lapic->icr_high, lapic->icr_low);
		return true;
	default:
		if (!read_register(lapic, offset, &low)) {
			return false;
		}
		*value = low;
		return true;
	}
}

bool vlapic_write(struct vcpu *vcpu, uint32_t offset, uint64_t value)
{
	struct vlapic *lapic = lapic_of(vcpu);
	struct register_rule rule;

	if (offset == LAPIC_BASE_MSR) {
		return write_base(vcpu, value);
	}
	if (!vcpu->arch.is_x2apic) {
		return false;
	}
	switch (offset) {
	case LAPIC_ICR_LOW:
		if ((value & X2APIC_ICR_RESERVED) != 0) {
			return false;
		}
		lapic->icr_low = low32(value) & ICR_WRITABLE;
		lapic->icr_high = high32(value);
		vlapic_icr_send(lapic, vcpu, lapic->icr_low, lapic->icr_high);
		return true;
	case LAPIC_SELF_IPI: /* a fixed vector to the vCPU's own ID */
		if (value > 0xff) {
			return false;
		}
		vlapic_icr_send(lapic, vcpu, low32(value), vcpu->index);
		return true;
	default:
		rule = rule_of(offset);
		return (value & ~(uint64_t)(rule.allowed | rule.ignored)) == 0 &&
		       write_register(lapic, offset, low32(value));
	}
}

/* --- xAPIC: registers are 32 bits wide, each at a multiple of 16
 * ---------------------------------- */

static uint32_t read_xapic(struct vlapic *lapic, struct vcpu *vcpu, uint32_t offset)
{
	uint32_t value = 0;

	switch (offset) {
	case LAPIC_ID:
		return vcpu->index << ID_SHIFT;
	case LAPIC_LDR:
		return atomic_load_explicit(&vcpu->logical_id, memory_order_relaxed);
	case LAPIC_DFR:
		return atomic_load_explicit(&vcpu->logical_format, memory_order_relaxed);
	case LAPIC_ICR_LOW:
		return lapic->icr_low; /* delivery status is idle */
	case LAPIC_ICR_HIGH:
		return lapic->icr_high;
	default:
		if (!read_register(lapic, offset, &value)) {
			lapic->error_pending |= VLAPIC_ERROR_REGISTER;
		}
		return value;
	}
}

static void write_xapic(struct vlapic *lapic, struct vcpu *vcpu, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case LAPIC_ICR_LOW:
		lapic->icr_low = value & ICR_WRITABLE;
		vlapic_icr_send(lapic, vcpu, lapic->icr_low, lapic->icr_high >> ID_SHIFT);
		return;
	case LAPIC_ICR_HIGH:
		lapic->icr_high = value & LDR_WRITABLE;
		return;
	case LAPIC_LDR:
		atomic_store_explicit(&vcpu->logical_id, value & LDR_WRITABLE,
				      memory_order_relaxed);
		return;
	case LAPIC_DFR:
		atomic_store_explicit(&vcpu->logical_format, value | DFR_FIXED,
				      memory_order_relaxed);
		return;
	case LAPIC_ID: /* fixed, as on all recent CPUs */
		return;
	default:
		if (!write_register(lapic, offset, value)) {
			lapic->error_pending |= VLAPIC_ERROR_REGISTER;
		}
		return;
	}
}

/* The page is there in xAPIC mode only. */
static bool is_page_enabled(const struct vcpu *vcpu)
{
	return (vcpu->arch.apic_base & (BASE_ENABLE | BASE_X2APIC)) == BASE_ENABLE;
}

/* Narrow reads give their part of the register; bytes between registers read as 0. */
uint64_t vlapic_read_page(struct vcpu *vcpu, uint32_t offset, uint32_t size)
{
	(void)size;
	if (!is_page_enabled(vcpu)) {
		return ~UINT64_C(0);
	}
	return (offset & 0xc) != 0 ? 0
				   : read_xapic(lapic_of(vcpu), vcpu, offset & REGISTER_OFFSETS) >>
					     (offset % 4 * 8);
}

/* SDM 3A, "APIC Register Address Map": anything but an aligned 32-bit write is undefined. */
void vlapic_write_page(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	if (offset == LAPIC_EOI && is_page_enabled(vcpu)) { /* at every interrupt */
		arch_lapic_write(LAPIC_EOI, 0);
	} else if (size == 4 && offset % 16 == 0 && is_page_enabled(vcpu)) {
		write_xapic(lapic_of(vcpu), vcpu, offset, low32(value));
	}
}
