/* SPDX-License-Identifier: Apache-2.0 */
/* The vCPU state machine of hv/vcpu.h, driven by requests. */
#include "hv/vcpu.h"

#include "arch/clock.h"
#include "arch/lapic.h"
#include "arch/upcalls.h"
#include "console.h"
#include "hv/device.h"
#include "hv/vm.h"
#include "log.h"
#include "manage.h"
#include "vcpu_run.h"
#include "vm_life.h"

#define FIRST_VECTOR 16u /* below: illegal for the local APIC */

void vcpu_request(struct vcpu *vcpu, uint32_t requests)
{
	struct cpu *cpu = vcpu->cpu; /* LEAVE may be the vCPU's end at once */
	bool is_there = vcpu_has_cpu(vcpu);

	atomic_fetch_or_explicit(&vcpu->requests, requests, memory_order_release);
	if (is_there && cpu != arch_this_cpu()) {
		arch_cpu_kick(cpu);
	}
}

/* Out of line: an interrupt that nobody traces needs no stack frame. */
__attribute__((noinline)) static void interrupt_traced(struct vcpu *vcpu, uint8_t vector)
{
	hv_trace(MANAGE_TRACE_INTERRUPT, vcpu->vm->id << 16 | vcpu->index << 8 | vector, 0);
	arch_lapic_send(vcpu->cpu->apic_id, LAPIC_DELIVERY_FIXED, vector);
}

void vcpu_interrupt(struct vcpu *vcpu, uint8_t vector)
{
	uint32_t apic_id = vcpu->cpu->apic_id;

	if (vector < FIRST_VECTOR || !vcpu_has_cpu(vcpu)) {
		return;
	}
	if (hv_trace_rings != NULL) {
		interrupt_traced(vcpu, vector);
	} else {
		arch_lapic_send(apic_id, LAPIC_DELIVERY_FIXED, vector);
	}
}

/* Nothing of the last guest stays on this CPU. */
static void leave(struct vcpu *vcpu)
{
	arch_lapic_reset();
	vcpu->state = VCPU_OFF;
}

static void enter_guest(struct vcpu *vcpu, const struct boot_start *start, bool is_init)
{
	vlapic_reset(vcpu, is_init);
	arch_vcpu_reset(&vcpu->arch, start);
	vcpu->state = VCPU_RUNNING;
}

static void wait_for_sipi(struct vcpu *vcpu, bool is_init)
{
	vlapic_reset(vcpu, is_init);
	vcpu->state = VCPU_WAIT_SIPI;
}

static void do_start(struct vcpu *vcpu)
{
	if (vcpu->index != 0) {
		wait_for_sipi(vcpu, false);
	} else if (vm_load(vcpu->vm) == HV_OK) {
		enter_guest(vcpu, &vcpu->vm->image.start, false);
		console_poll_input(vcpu->vm);
		log_info("partition %s: entered tsc=%lu", vcpu->vm->name, arch_tsc());
		manage_event(MANAGE_EVENT_ENTERED, vcpu->vm->id, 0);
	} else {
		vm_stop(vcpu->vm, VM_STOP_CRASH, 0);
	}
}

/* SDM 3A, "MP Initialization Protocol Algorithm": INIT waits for a SIPI, but the boot CPU of a
 * guest that resets itself this way starts over like a processor after power-on: its VM restarts.
 */
static void do_init(struct vcpu *vcpu)
{
	if (vcpu->index == 0) {
		vm_stop(vcpu->vm, VM_STOP_RESET, 0);
	} else if (vcpu->state != VCPU_OFF) {
		wait_for_sipi(vcpu, true);
	}
}

static void do_sipi(struct vcpu *vcpu)
{
	struct boot_start start;

	if (vcpu->state == VCPU_WAIT_SIPI) {
		arch_start_sipi(&start, atomic_load(&vcpu->sipi_vector));
		enter_guest(vcpu, &start, true);
	}
}

/*
 * In the order in which they make sense when several came at once: INIT before SIPI; STOP cancels
 * all else, START too: a restart asks for START only when this vCPU has acknowledged its STOP.
 */
/* False: the CPU has no vCPU any more. LEND comes before STOP, for which it counts as well. */
static bool take_requests(struct vcpu *vcpu)
{
	uint32_t requests = atomic_exchange_explicit(&vcpu->requests, 0, memory_order_acquire);

	hv_trace(MANAGE_TRACE_REQUEST, requests, 0);
	if ((requests & VCPU_REQUEST_LEAVE) != 0) {
		arch_vcpu_release(&vcpu->arch);
		atomic_store(&vcpu->cpu->vcpu, NULL);
		vm_vcpu_gone(vcpu->vm);
		return false;
	}
	if ((requests & VCPU_REQUEST_LEND) != 0 && vcpu->state != VCPU_OFF) {
		leave(vcpu);
		arch_vcpu_release(&vcpu->arch);
		vm_vcpu_left(vcpu->vm, vcpu);
		return false;
	}
	if ((requests & VCPU_REQUEST_STOP) != 0) {
		leave(vcpu);
		vm_vcpu_left(vcpu->vm, NULL);
		return true;
	}
	if ((requests & VCPU_REQUEST_CLEAR) != 0) {
		vm_clear_new(vcpu->vm);
	}
	if ((requests & VCPU_REQUEST_START) != 0) {
		do_start(vcpu);
	}
	if ((requests & VCPU_REQUEST_INIT) != 0) {
		do_init(vcpu);
	}
	if ((requests & VCPU_REQUEST_SIPI) != 0) {
		do_sipi(vcpu);
	}
	if ((requests & VCPU_REQUEST_NMI) != 0 && vcpu->state == VCPU_RUNNING) {
		arch_vcpu_inject_nmi(&vcpu->arch);
	}
	return true;
}

void vcpu_crash(struct vcpu *vcpu, const char *why)
{
	log_notice("partition %s: vCPU %u: %s", vcpu->vm->name, vcpu->index, why);
	arch_vcpu_dump(&vcpu->arch);
	vm_stop(vcpu->vm, VM_STOP_CRASH, 0);
}

bool vcpu_run(struct vcpu *vcpu)
{
	struct vm_exit exit;

	do {
		while (vcpu_has_requests(vcpu)) {
			if (!take_requests(vcpu)) {
				return false;
			}
		}
		if (vcpu->state != VCPU_RUNNING || atomic_load(&vcpu->vm->is_paused)) {
			return false;
		}
		arch_vcpu_run(&vcpu->arch, &exit);
		exit_handle(vcpu, &exit);
	} while (true);
}
