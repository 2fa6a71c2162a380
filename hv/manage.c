/* SPDX-License-Identifier: Apache-2.0 */
/* The management partition's commands: one table, decoded from a copy, one at a time. */
#include "manage.h"

#include "arch/clock.h"
#include "arch/lapic.h"
#include "bits.h"
#include "console.h"
#include "cpus.h"
#include "hv/device.h"
#include "hv/guest_mem.h"
#include "owner.h"
#include "page_alloc.h"
#include "str.h"
#include "vm_life.h"

#define PIECE 2048u /* bytes copied at a time, on the stack */

/* One command at work. */
struct call {
	struct vm *caller;
	struct vm *target; /* of `id`, where the command has one */
	struct manage_command command;
};

static const struct boot_info *machine;
static struct spin_lock command_lock; /* commands of several vCPUs */

void manage_init(const struct boot_info *boot)
{
	machine = boot;
}

static gpa_t data_at(const struct call *call, uint32_t offset)
{
	return manage_window_at(offsetof(struct manage_window, data) + call->command.data_offset +
				offset);
}

static enum manage_status answer(struct call *call, const void *data, uint32_t size)
{
	if (call->command.data_size < size ||
	    guest_mem_write(&call->caller->arch, data_at(call, 0), data, size) != HV_OK) {
		return MANAGE_INVALID;
	}
	call->command.data_used = size;
	return MANAGE_OK;
}

static enum manage_status do_info(struct call *call)
{
	uint64_t tsc = arch_tsc();
	struct manage_info info = {
		.version = MANAGE_VERSION,
		.cpu_count = cpus_count(),
		.tsc_hz = arch_tsc_hz(),
		.tsc = tsc,
		.unix_nanoseconds = arch_tsc_to_ns(tsc) + call->caller->arch.clock_wall,
		.memory_free = owner_total(OWNER_FREE),
		.pool_total = (uint64_t)page_alloc_total() << PAGE_SHIFT,
		.pool_used = (uint64_t)page_alloc_used() << PAGE_SHIFT,
		.partition_max = CONFIG_PARTITION_MAX,
		.is_x2apic = arch_lapic_is_x2apic(),
		.facts = machine->virt.facts,
	};

	for (uint32_t i = 0; i < info.cpu_count; i++) {
		info.cpus_free |= cpus_is_free(i) ? BIT(i) : 0;
	}
	return answer(call, &info, sizeof(info));
}

static enum manage_state state_of(const struct vm *vm)
{
	switch (atomic_load(&vm->state)) {
	case VM_RUNNING:
		return atomic_load(&vm->is_paused) ? MANAGE_PAUSED : MANAGE_RUNNING;
	case VM_CLEARING:
		return MANAGE_CLEARING;
	case VM_STOPPED:
		return MANAGE_STOPPED;
	default:
		return MANAGE_STOPPING;
	}
}

static enum manage_status do_partition(struct call *call)
{
	const struct vm *vm = call->target;
	struct manage_partition partition = {
		.config = vm->config,
		.state = state_of(vm),
		.cause = vm->stop_cause,
		.exit_code = vm->stop_code,
		.start_count = vm->start_count,
		.vcpu_count = vm->vcpu_count,
		.is_created = vm->is_created,
		.pool_pages = vm->pool_pages,
	};

	return answer(call, &partition, sizeof(partition));
}

static enum manage_status do_vcpu(struct call *call)
{
	struct manage_vcpu answered;
	const struct vcpu *vcpu;

	if (call->command.argument >= call->target->vcpu_count) {
		return MANAGE_INVALID;
	}
	vcpu = call->target->vcpus[call->command.argument];
	answered = (struct manage_vcpu){
		.cpu = vcpu->cpu->index, .state = vcpu->state, .rip = vcpu->arch.rip};
	memcpy(answered.exits, vcpu->arch.exit_count, sizeof(answered.exits));
	return answer(call, &answered, sizeof(answered));
}

static enum manage_status status_of(enum hv_status status)
{
	return status == HV_OK ? MANAGE_OK : MANAGE_BUSY;
}

static enum manage_status do_start(struct call *call)
{
	if (call->target->is_created && call->target->is_clear) {
		return MANAGE_BUSY; /* nothing has been loaded */
	}
	return status_of(vm_start(call->target));
}

static enum manage_status do_stop(struct call *call)
{
	if (atomic_load(&call->target->state) != VM_RUNNING) {
		return MANAGE_BUSY;
	}
	vm_stop(call->target, VM_STOP_ORDERED, 0);
	return MANAGE_OK;
}

static enum manage_status do_pause(struct call *call)
{
	return status_of(vm_pause(call->target, call->command.opcode == MANAGE_PAUSE));
}

static enum manage_status do_create(struct call *call)
{
	static struct manage_create wanted; /* guarded by command_lock; large for a stack */

	if (call->command.data_size != sizeof(wanted) ||
	    guest_mem_read(&call->caller->arch, data_at(call, 0), &wanted, sizeof(wanted)) !=
		    HV_OK) {
		return MANAGE_INVALID;
	}
	return manage_create(&wanted, &call->command.result);
}

static enum manage_status do_load(struct call *call)
{
	struct vm *vm = call->target;
	gpa_t to = gpa_from_u64(call->command.argument);
	enum hv_status status = HV_OK;
	uint8_t piece[PIECE];
	uint32_t size;

	if (!vm->is_created || atomic_load(&vm->state) != VM_STOPPED) {
		return vm->is_created ? MANAGE_BUSY : MANAGE_DENIED;
	}
	if (!guest_mem_is_ram(&vm->arch, to, call->command.data_size)) {
		return MANAGE_BAD_ADDRESS;
	}
	vm->is_clear = false;
	for (uint32_t i = 0; status == HV_OK && i < call->command.data_size; i += size) {
		size = (uint32_t)min_u64(PIECE, call->command.data_size - i);
		status = guest_mem_read(&call->caller->arch, data_at(call, i), piece, size);
		status = status == HV_OK ? guest_mem_write(&vm->arch, gpa_add(to, i), piece, size)
					 : status;
	}
	return status == HV_OK ? MANAGE_OK : MANAGE_BAD_ADDRESS;
}

static enum manage_status do_destroy(struct call *call)
{
	return call->target->is_created ? status_of(vm_leave(call->target)) : MANAGE_DENIED;
}

static enum manage_status do_trace(struct call *call)
{
	return call->command.argument <= 1 ? trace_switch(call->command.argument == 1)
					   : MANAGE_INVALID;
}

/* Of a CPU's trace; of a partition, or, where there is no target, the log. */
static enum manage_status do_read(struct call *call)
{
	bool is_trace = call->command.opcode == MANAGE_TRACE_READ;
	_Alignas(struct manage_trace) char piece[PIECE];
	uint64_t position = call->command.argument;
	enum hv_status status = HV_OK;
	uint32_t done = 0;
	uint32_t size;

	if (is_trace && (hv_trace_rings == NULL || call->command.id >= cpus_count())) {
		return MANAGE_NO_CPU;
	}
	do {
		size = (uint32_t)min_u64(PIECE, call->command.data_size - done);
		size = is_trace ? trace_read(call->command.id, &position, piece, size)
				: console_read(call->target, &position, piece, size);
		if (size > 0) {
			status = guest_mem_write(&call->caller->arch, data_at(call, done), piece,
						 size);
			done += size;
		}
	} while (size > 0 && status == HV_OK);
	call->command.result = position;
	call->command.data_used = done;
	return status == HV_OK ? MANAGE_OK : MANAGE_INVALID;
}

static enum manage_status do_console_write(struct call *call)
{
	uint8_t typed[PIECE];
	uint32_t size = (uint32_t)min_u64(PIECE, call->command.data_size);
	uint32_t taken = 0;

	if (atomic_load(&call->target->state) != VM_RUNNING) {
		return MANAGE_BUSY;
	}
	if (size > 0 &&
	    guest_mem_read(&call->caller->arch, data_at(call, 0), typed, size) != HV_OK) {
		return MANAGE_INVALID;
	}
	while (taken < size && console_input(call->target, typed[taken])) {
		taken++;
	}
	call->command.result = taken;
	return MANAGE_OK;
}

/* Of the management partition alone: it lends CPUs to those that it makes. */
static enum manage_status do_cpu(struct call *call)
{
	uint64_t index = call->command.argument;
	struct vcpu *vcpu;

	if (call->target != call->caller || index == 0) {
		return MANAGE_DENIED;
	}
	if (index >= call->target->vcpu_count) {
		return MANAGE_INVALID;
	}
	vcpu = call->target->vcpus[index];
	if (call->command.opcode == MANAGE_TAKE_CPU) {
		return status_of(vm_lend(vcpu));
	}
	if (!vcpu_has_cpu(vcpu) && !cpus_is_free(vcpu->cpu->index)) {
		return MANAGE_NO_CPU;
	}
	return status_of(vm_take_back(vcpu));
}

static enum manage_status do_console_size(struct call *call)
{
	struct boot_pci *console = &call->target->image.pci[PLATFORM_SLOT_CONSOLE];
	uint64_t size = call->command.argument;

	if (size > UINT32_MAX || size >> 16 == 0 || (size & 0xffff) == 0) {
		return MANAGE_INVALID;
	}
	if (console->value[0] == 0) {
		return MANAGE_DENIED;
	}
	spin_lock(&call->target->lock); /* it does not start or stop meanwhile */
	console->config[0] = (uint32_t)size;
	if (atomic_load(&call->target->state) == VM_RUNNING) {
		virtio_console_resize(call->target);
	}
	spin_unlock(&call->target->lock);
	return MANAGE_OK;
}

static enum manage_status do_disk(struct call *call)
{
	return disk_serve(call->target, &call->caller->arch, data_at(call, 0), &call->command);
}

/* What a command uses besides its opcode; what it does not use must be 0. */
#define USES_ID       BIT32(0)
#define USES_OTHER    BIT32(1) /* an id, and not the caller's own */
#define USES_ARGUMENT BIT32(2)
#define USES_DATA     BIT32(3)
#define USES_CPU      BIT32(4) /* in place of an id */

static const struct {
	enum manage_status (*handle)(struct call *call);
	uint32_t uses;
} commands[MANAGE_COUNT] = {
	[MANAGE_NULL] = {NULL, 0},
	[MANAGE_INFO] = {do_info, USES_DATA},
	[MANAGE_PARTITION] = {do_partition, USES_ID | USES_DATA},
	[MANAGE_VCPU] = {do_vcpu, USES_ID | USES_ARGUMENT | USES_DATA},
	[MANAGE_START] = {do_start, USES_ID | USES_OTHER},
	[MANAGE_STOP] = {do_stop, USES_ID | USES_OTHER},
	[MANAGE_PAUSE] = {do_pause, USES_ID | USES_OTHER},
	[MANAGE_RESUME] = {do_pause, USES_ID | USES_OTHER},
	[MANAGE_CREATE] = {do_create, USES_DATA},
	[MANAGE_LOAD] = {do_load, USES_ID | USES_OTHER | USES_ARGUMENT | USES_DATA},
	[MANAGE_DESTROY] = {do_destroy, USES_ID | USES_OTHER},
	[MANAGE_LOG] = {do_read, USES_ARGUMENT | USES_DATA},
	[MANAGE_CONSOLE_READ] = {do_read, USES_ID | USES_ARGUMENT | USES_DATA},
	[MANAGE_CONSOLE_WRITE] = {do_console_write, USES_ID | USES_OTHER | USES_DATA},
	[MANAGE_TRACE] = {do_trace, USES_ARGUMENT},
	[MANAGE_TRACE_READ] = {do_read, USES_CPU | USES_ARGUMENT | USES_DATA},
	[MANAGE_TAKE_CPU] = {do_cpu, USES_ID | USES_ARGUMENT},
	[MANAGE_GIVE_CPU] = {do_cpu, USES_ID | USES_ARGUMENT},
	[MANAGE_CONSOLE_SIZE] = {do_console_size, USES_ID | USES_OTHER | USES_ARGUMENT},
	[MANAGE_DISK_TAKE] = {do_disk, USES_ID | USES_OTHER | USES_ARGUMENT | USES_DATA},
	[MANAGE_DISK_DONE] = {do_disk, USES_ID | USES_OTHER | USES_DATA},
};

static bool is_well_formed(const struct manage_command *command, uint32_t uses)
{
	bool is_data_ok =
		(uses & USES_DATA) != 0
			? command->data_offset <= MANAGE_DATA_SIZE &&
				  command->data_size <= MANAGE_DATA_SIZE - command->data_offset
			: command->data_offset == 0 && command->data_size == 0;

	return is_data_ok && ((uses & (USES_ID | USES_CPU)) != 0 || command->id == 0) &&
	       ((uses & USES_ARGUMENT) != 0 || command->argument == 0) && command->reserved == 0 &&
	       command->reserved2 == 0 && command->reserved3[0] == 0 && command->reserved3[1] == 0;
}

static enum manage_status execute(struct call *call)
{
	const struct manage_command *command = &call->command;
	uint32_t uses;

	if (command->opcode >= MANAGE_COUNT) {
		return MANAGE_UNKNOWN;
	}
	uses = commands[command->opcode].uses;
	if (!is_well_formed(command, uses)) {
		return MANAGE_INVALID;
	}
	if ((uses & USES_ID) != 0) {
		call->target = vm_get(command->id);
		if (call->target == NULL) {
			return MANAGE_NO_PARTITION;
		}
		if ((uses & USES_OTHER) != 0 && call->target == call->caller) {
			return MANAGE_DENIED;
		}
	}
	return command->opcode == MANAGE_NULL ? MANAGE_OK : commands[command->opcode].handle(call);
}

void manage_command(struct vm *caller, uint32_t slot)
{
	struct call call = {.caller = caller};
	enum hv_status status;
	gpa_t at;

	if (slot >= MANAGE_SLOT_COUNT) {
		return;
	}
	at = manage_window_at(offsetof(struct manage_window, commands) +
			      slot * sizeof(call.command));
	spin_lock(&command_lock);
	status = guest_mem_read(&caller->arch, at, &call.command, sizeof(call.command));
	if (status == HV_OK) {
		call.command.result = 0;
		call.command.data_used = 0;
		call.command.status = execute(&call);
		hv_trace(MANAGE_TRACE_COMMAND,
			 (uint64_t)call.command.id << 32 | call.command.opcode << 16 |
				 call.command.status,
			 0);
		status = guest_mem_write(&caller->arch, at, &call.command, sizeof(call.command));
	}
	spin_unlock(&command_lock);
	(void)status; /* too little RAM for a window */
}
