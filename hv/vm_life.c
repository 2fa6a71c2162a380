/* SPDX-License-Identifier: Apache-2.0 */
/* Starting and stopping VMs: the state machine of hv/vm.h. */
#include "vm_life.h"

#include "arch/upcalls.h"
#include "bits.h"
#include "check.h"
#include "console.h"
#include "hv/device.h"
#include "hv/platform.h"
#include "log.h"
#include "manage.h"
#include "report.h"
#include "str.h"

static bool is_test_run;
static _Atomic uint32_t worst_code; /* highest exit code of a partition so far */

#define CRASH_EXIT_CODE 1u

static void request_all(struct vm *vm, uint32_t request)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		vcpu_request(vm->vcpus[i], request);
	}
}

static enum vm_state state_of(struct vm *vm)
{
	return (enum vm_state)atomic_load(&vm->state);
}

/* While every vCPU is off: nobody else touches a model's state. */
static void reset_devices(struct vm *vm)
{
	for (uint32_t i = 0; device_models[i].size != 0; i++) {
		memset(vm->device_state[i], 0, device_models[i].state_size);
		if (device_models[i].reset != NULL) {
			device_models[i].reset(vm);
		}
	}
	vm->is_console_virtio = false;
	vm->is_hole_warned = false;
}

enum hv_status vm_start(struct vm *vm)
{
	spin_lock(&vm->lock);
	if (state_of(vm) != VM_STOPPED) {
		spin_unlock(&vm->lock);
		return HV_BUSY;
	}
	reset_devices(vm);
	atomic_store(&vm->is_paused, false);
	vm->left_count = vm->vcpu_count - bit_count(vm->config.cpus); /* lent */
	vm->start_count++;
	atomic_store(&vm->state, VM_RUNNING);
	spin_unlock(&vm->lock);
	log_notice("partition %s: started, start %u", vm->name, vm->start_count);
	manage_event(MANAGE_EVENT_STARTED, vm->id, vm->start_count);
	request_all(vm, VCPU_REQUEST_START);
	return HV_OK;
}

/* Of a VM that is known to be stopped. */
static void start(struct vm *vm)
{
	enum hv_status status = vm_start(vm);

	CHECK(status == HV_OK);
}

void vm_stop(struct vm *vm, enum vm_stop_cause cause, uint64_t code)
{
	spin_lock(&vm->lock);
	if (state_of(vm) != VM_RUNNING) {
		spin_unlock(&vm->lock);
		return;
	}
	vm->stop_cause = cause;
	vm->stop_code = code;
	atomic_store(&vm->state, VM_STOPPING);
	spin_unlock(&vm->lock);
	request_all(vm, VCPU_REQUEST_STOP);
}

static bool is_all_stopped(void)
{
	for (uint32_t i = 0; i < CONFIG_PARTITION_MAX; i++) {
		struct vm *vm = vm_get(i);

		if (vm != NULL && state_of(vm) != VM_STOPPED) {
			return false;
		}
	}
	return true;
}

static void note_exit_code(uint32_t code)
{
	uint32_t worst = atomic_load(&worst_code);

	while (code > worst && !atomic_compare_exchange_weak(&worst_code, &worst, code)) {
	}
}

static void log_stop(const struct vm *vm)
{
	static const char *const causes[] = {[VM_STOP_RESET] = "reset",
					     [VM_STOP_CRASH] = "crash",
					     [VM_STOP_ORDERED] = "by order"};

	if (vm->stop_cause == VM_STOP_POWER_OFF) {
		log_notice("partition %s: stopped: power-off, exit code %lu", vm->name,
			   vm->stop_code);
	} else {
		log_notice("partition %s: stopped: %s", vm->name, causes[vm->stop_cause]);
	}
}

static void end_machine_if_done(void)
{
	uint32_t code = atomic_load(&worst_code);

	if (is_test_run && is_all_stopped()) {
		log_info("every partition has stopped: end, exit code %u", code);
		platform_power_off(code);
	}
}

static void finish(struct vm *vm)
{
	bool is_crash = vm->stop_cause == VM_STOP_CRASH;
	bool is_restart = !vm->is_created && /* else there is nothing to fill its RAM with */
			  (vm->stop_cause == VM_STOP_RESET ||
			   (is_crash && vm->config.on_crash == CONFIG_CRASH_RESTART));

	console_flush(vm);
	log_stop(vm);
	report_exits(vm);
	passthrough_silence(vm);
	vm_clear(vm); /* nothing of its data outlives it, whoever gets the frames next */
	if (is_crash && vm->config.on_crash == CONFIG_CRASH_HALT_MACHINE) {
		panic("partition %s has crashed, and its on_crash is halt-machine", vm->name);
	}
	if (!is_restart) {
		note_exit_code(is_crash ? CRASH_EXIT_CODE : (uint32_t)vm->stop_code);
	}
	spin_lock(&vm->lock);
	atomic_store(&vm->state, VM_STOPPED);
	spin_unlock(&vm->lock);
	manage_event(MANAGE_EVENT_STOPPED, vm->id, vm->stop_cause);
	if (is_restart) {
		start(vm);
	} else {
		end_machine_if_done();
	}
}

/* Counts a vCPU out. True: it was the last, and the VM is in `state`. `lent`: it, if its CPU goes.
 */
static bool count_out(struct vm *vm, enum vm_state state, struct vcpu *lent)
{
	bool is_last;

	spin_lock(&vm->lock);
	if (lent != NULL) {
		vm->config.cpus &= ~BIT(lent->cpu->index);
		atomic_store(&lent->cpu->vcpu, NULL);
	}
	vm->left_count++;
	is_last = state_of(vm) == state && vm->left_count == vm->vcpu_count;
	spin_unlock(&vm->lock);
	return is_last;
}

void vm_vcpu_left(struct vm *vm, struct vcpu *lent)
{
	if (count_out(vm, VM_STOPPING, lent)) {
		finish(vm);
	}
}

enum hv_status vm_lend(struct vcpu *vcpu)
{
	if (state_of(vcpu->vm) != VM_RUNNING || !vcpu_has_cpu(vcpu)) {
		return HV_BUSY;
	}
	vcpu_request(vcpu, VCPU_REQUEST_LEND);
	return HV_OK;
}

enum hv_status vm_take_back(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	bool is_possible;

	spin_lock(&vm->lock);
	is_possible = state_of(vm) == VM_RUNNING && atomic_load(&vcpu->cpu->vcpu) == NULL;
	if (is_possible) {
		vm->left_count--;
		vm->config.cpus |= BIT(vcpu->cpu->index);
		atomic_store(&vcpu->requests, VCPU_REQUEST_START); /* and nothing from before */
		atomic_store(&vcpu->cpu->vcpu, vcpu);
		vcpu_request(vcpu, 0);
	}
	spin_unlock(&vm->lock);
	return is_possible ? HV_OK : HV_BUSY;
}

static enum hv_status change_state(struct vm *vm, enum vm_state from, enum vm_state to)
{
	enum hv_status status = HV_BUSY;

	spin_lock(&vm->lock);
	if (state_of(vm) == from) {
		vm->left_count = 0;
		atomic_store(&vm->state, to);
		status = HV_OK;
	}
	spin_unlock(&vm->lock);
	return status;
}

void vm_clear_new(struct vm *vm)
{
	enum hv_status status;

	vm_clear(vm);
	status = change_state(vm, VM_CLEARING, VM_STOPPED);
	CHECK(status == HV_OK); /* nobody else ends this state */
	manage_event(MANAGE_EVENT_CREATED, vm->id, 0);
	end_machine_if_done();
}

enum hv_status vm_leave(struct vm *vm)
{
	enum hv_status status = change_state(vm, VM_STOPPED, VM_LEAVING);

	if (status == HV_OK) {
		request_all(vm, VCPU_REQUEST_LEAVE);
	}
	return status;
}

void vm_vcpu_gone(struct vm *vm)
{
	if (count_out(vm, VM_LEAVING, NULL)) {
		log_notice("partition %s: destroyed", vm->name);
		vm_destroy(vm);
		manage_event(MANAGE_EVENT_DESTROYED, vm->id, 0);
		end_machine_if_done();
	}
}

enum hv_status vm_pause(struct vm *vm, bool is_paused)
{
	if (state_of(vm) != VM_RUNNING || atomic_exchange(&vm->is_paused, is_paused) == is_paused) {
		return HV_BUSY;
	}
	request_all(vm, 0); /* to leave the guest, or to wake up */
	return HV_OK;
}

void vm_start_all(const struct boot_info *boot)
{
	is_test_run = boot->config.test_exit != 0;
	atomic_store(&worst_code, 0);
	for (uint32_t i = 0; i < CONFIG_PARTITION_MAX; i++) {
		struct vm *vm = vm_get(i);

		if (vm != NULL && (vm->config.flags & CONFIG_PARTITION_AUTOSTART) != 0) {
			start(vm);
		}
	}
}
