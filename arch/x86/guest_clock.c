/* SPDX-License-Identifier: Apache-2.0 */
/* The paravirtual clock: Linux, "KVM-specific MSRs"; layout of arch/x86/include/asm/pvclock-abi.h.
 */
#include "guest_clock.h"

#include "msr.h"
#include "virt_internal.h"

#include "arch/clock.h"
#include "arch/upcalls.h"

#define CLOCK_ENABLED         BIT(0)
#define CLOCK_ADDRESS_ALIGN   4u /* bits 0 and 1 are flags */
#define CLOCK_FLAG_TSC_STABLE 1u

struct clock_page {
	uint32_t version; /* odd while it changes */
	uint32_t reserved;
	uint64_t tsc_timestamp;
	uint64_t system_time; /* nanoseconds at tsc_timestamp */
	uint32_t tsc_to_system_mul;
	int8_t tsc_shift;
	uint8_t flags;
	uint8_t pad[2];
};
_Static_assert(sizeof(struct clock_page) == 32, "pvclock_vcpu_time_info");

struct clock_wall {
	uint32_t version;
	uint32_t seconds;
	uint32_t nanoseconds;
};
_Static_assert(sizeof(struct clock_wall) == 12, "pvclock_wall_clock");

struct guest_clock_scale guest_clock_scale(uint64_t tsc_hz)
{
	struct guest_clock_scale scale = {.shift = 0};
	uint64_t hz = tsc_hz;

	while (hz > 2 * NANOSECONDS) {
		hz >>= 1;
		scale.shift--;
	}
	while (hz <= NANOSECONDS) {
		hz <<= 1;
		scale.shift++;
	}
	/* 1e9 < hz <= 2e9: the quotient is in [2^31, 2^32). */
	scale.multiplier = (uint32_t)((NANOSECONDS << 32) / hz);
	return scale;
}

/*
 * Guest time is the TSC itself, so one page content is right for every vCPU and for ever: written
 * once, with an even version. TSC 0 is time 0; clock_wall is the wall time of that moment.
 */
static bool write_page(struct vcpu_arch *vcpu, uint64_t value)
{
	struct guest_clock_scale scale = guest_clock_scale(arch_tsc_hz());
	struct clock_page page = {
		.version = 2,
		.tsc_to_system_mul = scale.multiplier,
		.tsc_shift = scale.shift,
		.flags = CLOCK_FLAG_TSC_STABLE,
	};
	gpa_t address = gpa_from_u64(align_down(value, CLOCK_ADDRESS_ALIGN));

	if ((value & CLOCK_ENABLED) != 0 &&
	    guest_mem_write(vcpu->vm, address, &page, sizeof(page)) != HV_OK) {
		return false;
	}
	vcpu->clock_page = value;
	return true;
}

static bool write_wall(struct vcpu_arch *vcpu, uint64_t address)
{
	struct clock_wall wall = {
		.version = 2,
		.seconds = (uint32_t)(vcpu->vm->clock_wall / NANOSECONDS),
		.nanoseconds = (uint32_t)(vcpu->vm->clock_wall % NANOSECONDS),
	};

	return guest_mem_write(vcpu->vm, gpa_from_u64(address), &wall, sizeof(wall)) == HV_OK;
}

bool guest_clock_write(struct vcpu_arch *vcpu, uint32_t msr, uint64_t value)
{
	return msr == MSR_KVM_WALL_CLOCK_NEW ? write_wall(vcpu, value) : write_page(vcpu, value);
}
