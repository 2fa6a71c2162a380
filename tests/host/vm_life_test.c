/* SPDX-License-Identifier: Apache-2.0 */
/* Life cycles: start, INIT and SIPI, stop, crash, restart; two vCPUs, each CPU played in turn. */
/* Links: hv/vcpu.c hv/trace.c hv/cpus.c hv/page_alloc.c hv/vm_life.c hv/exit.c hv/hypercall.c hv/io_bus.c hv/guest_mem.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c arch/fake/fake_io.c */
#include "vm_life.h"

#include "console.h"
#include "fake.h"
#include "hv/platform.h"
#include "manage.h"
#include "report.h"
#include "tap.h"
#include "vcpu_run.h"

#include "arch/upcalls.h"

#define MIB (UINT64_C(1) << 20)

static struct cpu cpus[2];
static struct vcpu vcpus[2];
static struct vm vm;
static struct config_partition config;
static struct boot_info boot;
static uint32_t load_count;
static uint32_t power_off_count;
static uint32_t power_off_code;
static uint32_t reset_count;
static uint32_t model_reset_count;
static uint64_t model_state;
static uint32_t silence_count;
static uint32_t clear_count;
static enum hv_status load_status;

static uint8_t *ram(uint64_t at)
{
	return fake_memory_at(hpa_from_u64(FAKE_MEMORY_BASE + 4 * MIB + at));
}

/* --- what the tested code needs of the rest of hv and of the drivers ----------------------------
 */

/* Doorbells from other VMs reach a model under the VM's lock while it is RUNNING: so a reset holds
 * the lock, and the VM is not RUNNING. */
static void reset_model(struct vm *owner)
{
	TAP_CHECK(atomic_load(&owner->lock.next) != atomic_load(&owner->lock.serving));
	TAP_EQUAL(owner->state, VM_STOPPED);
	model_reset_count++;
}

const struct device_model device_models[] = {
	{.base = UINT64_MAX, .size = 1, .state_size = sizeof(model_state), .reset = reset_model},
	{.size = 0},
};

bool vlapic_read(struct vcpu *vcpu, uint32_t offset, uint64_t *value)
{
	(void)vcpu;
	*value = 0x77;
	return offset != 0xbad;
}

bool vlapic_write(struct vcpu *vcpu, uint32_t offset, uint64_t value)
{
	(void)vcpu;
	(void)value;
	return offset != 0xbad;
}

void vlapic_reset(struct vcpu *vcpu, bool is_init)
{
	(void)vcpu;
	(void)is_init;
	reset_count++;
}

bool vuart_takes_input(struct vm *owner)
{
	(void)owner;
	return true;
}

bool virtio_console_takes_input(struct vm *owner)
{
	(void)owner;
	return true;
}

void vuart_input(struct vm *owner, uint8_t byte)
{
	(void)owner;
	(void)byte;
}

bool platform_console_read(uint8_t *byte)
{
	(void)byte;
	return false;
}

void platform_power_off(uint32_t code)
{
	power_off_count++;
	power_off_code = code;
}

void console_write(struct vm *owner, const uint8_t *bytes, uint32_t size)
{
	(void)owner;
	(void)bytes;
	(void)size;
}

void console_flush(struct vm *owner)
{
	(void)owner;
}

void console_poll_input(struct vm *owner)
{
	(void)owner;
}

void report_exits(const struct vm *owner)
{
	(void)owner;
}

enum hv_status vm_load(struct vm *owner)
{
	(void)owner;
	load_count++;
	return load_status;
}

void vm_clear(struct vm *owner)
{
	TAP_EQUAL(silence_count, ++clear_count); /* no device writes to it any more */
	memset(ram(0), 0, 4 * MIB);
	owner->is_clear = true;
}

void passthrough_silence(const struct vm *owner)
{
	TAP_CHECK(owner == &vm);
	silence_count++;
}

void vm_destroy(struct vm *owner)
{
	(void)owner;
}

void manage_event(enum manage_event_kind kind, uint32_t id, uint64_t value)
{
	(void)kind;
	(void)id;
	(void)value;
}

struct vm *vm_get(uint32_t id)
{
	return id == 0 ? &vm : NULL;
}

void panic(const char *format, ...)
{
	(void)format;
	longjmp(fake_cpus.halt_return, 3);
}

/* --- helpers -----------------------------------------------------------------------------------
 */

static void start(enum config_on_crash on_crash)
{
	fake_reset();
	fake_memory_init(16 * MIB, 2 * MIB);
	memset(&vm, 0, sizeof(vm));
	memset(vcpus, 0, sizeof(vcpus));
	memset(cpus, 0, sizeof(cpus));
	config = (struct config_partition){.on_crash = on_crash,
					   .flags = CONFIG_PARTITION_AUTOSTART};
	boot.config.test_exit = 1;
	load_count = power_off_count = reset_count = model_reset_count = silence_count =
		clear_count = 0;
	vm.device_state[0] = &model_state;
	model_state = 1;
	load_status = HV_OK;
	vm.config = config;
	vm.extents[0] = (struct vm_extent){gpa_from_u64(0),
					   hpa_from_u64(FAKE_MEMORY_BASE + 4 * MIB), 4 * MIB};
	vm.extent_count = 1;
	for (uint32_t i = 0; i < 2; i++) {
		cpus[i] = (struct cpu){.self = &cpus[i], .index = i, .apic_id = 10 + i};
		cpus[i].vcpu = &vcpus[i];
		vcpus[i].vm = &vm;
		vcpus[i].cpu = &cpus[i];
		vcpus[i].index = i;
		TAP_EQUAL(arch_vcpu_init(&vcpus[i].arch, &vm.arch, i), HV_OK);
		vm.vcpus[i] = &vcpus[i];
	}
	vm.vcpu_count = 2;
	vm.config.cpus = 3;
	fake_cpus.current = &cpus[0];
	vm_start_all(&boot);
}

/* Plays CPU `index` until its vCPU has nothing to do; `script` is what its guest does. */
static void play(uint32_t index, const struct fake_exit *script, size_t count)
{
	fake_cpus.current = &cpus[index];
	fake_vcpu_script(&vcpus[index].arch, script, count);
	TAP_CHECK(!vcpu_run(&vcpus[index]));
}

#define PLAY(index, script) play(index, script, sizeof(script) / sizeof((script)[0]))

static struct fake_exit call(uint64_t number, uint64_t rdi, uint64_t rsi)
{
	struct fake_exit exit = {.exit = {.kind = VM_EXIT_HYPERCALL}, .has_gpr = true};

	exit.gpr[VCPU_RAX] = number;
	exit.gpr[VCPU_RDI] = rdi;
	exit.gpr[VCPU_RSI] = rsi;
	return exit;
}

/* A guest that starts its second vCPU as a local APIC model would, then ends itself. */
static void requests_of_a_guest(struct vcpu_arch *vcpu)
{
	if (vcpu->index == 0 && vcpus[1].state == VCPU_WAIT_SIPI) {
		vcpus[1].sipi_vector = 0x9a;
		vcpu_request(&vcpus[1], VCPU_REQUEST_INIT | VCPU_REQUEST_SIPI);
	}
}

/* --- cases -------------------------------------------------------------------------------------
 */

static void power_off_ends_a_test_run(void)
{
	struct fake_exit script[] = {call(HYPERCALL_SHUTDOWN, SHUTDOWN_POWER_OFF, 5)};

	start(CONFIG_CRASH_STOP);
	TAP_EQUAL(vm.state, VM_RUNNING);
	TAP_EQUAL(model_reset_count, 1);
	TAP_EQUAL(model_state, 0);
	TAP_EQUAL(fake_cpus.kick_count[1], 1);
	PLAY(0, script);
	TAP_EQUAL(load_count, 1);
	TAP_EQUAL(vm.state, VM_STOPPING); /* vCPU 1 has not left */
	TAP_EQUAL(*ram(0), 0xa5);
	PLAY(1, script); /* START and STOP came at once: never enters */
	TAP_EQUAL(fake_vcpu_of(&vcpus[1].arch)->run_count, 0);
	TAP_EQUAL(vm.state, VM_STOPPED);
	TAP_EQUAL(vcpus[0].state, VCPU_OFF);
	TAP_EQUAL(vcpus[1].state, VCPU_OFF);
	TAP_EQUAL(*ram(0), 0);
	TAP_EQUAL(*ram(4 * MIB - 1), 0); /* nothing is left behind */
	TAP_EQUAL(silence_count, 1);
	TAP_EQUAL(power_off_count, 1);
	TAP_EQUAL(power_off_code, 5);
}

static void init_and_sipi_start_a_vcpu(void)
{
	struct fake_exit stop[] = {call(HYPERCALL_NULL, 0, 0),
				   call(HYPERCALL_SHUTDOWN, SHUTDOWN_POWER_OFF, 0)};
	struct fake_exit none[] = {{.exit = {.kind = VM_EXIT_KICK}}};

	start(CONFIG_CRASH_STOP);
	fake_vcpus.on_run = requests_of_a_guest;
	play(1, none, 0);
	TAP_EQUAL(vcpus[1].state, VCPU_WAIT_SIPI);
	TAP_EQUAL(fake_vcpu_of(&vcpus[1].arch)->reset_count, 0);
	vcpu_request(&vcpus[1], VCPU_REQUEST_NMI); /* dropped: it waits for a SIPI */
	play(1, none, 0);
	TAP_EQUAL(fake_vcpu_of(&vcpus[1].arch)->nmi_count, 0);
	PLAY(0, stop);
	PLAY(1, none);
	/* STOP came after INIT and SIPI: it wins. */
	TAP_EQUAL(fake_vcpu_of(&vcpus[1].arch)->run_count, 0);
	TAP_EQUAL(vm.state, VM_STOPPED);
	start(CONFIG_CRASH_STOP);
	play(1, none, 0);
	vcpus[1].sipi_vector = 0x9a;
	vcpu_request(&vcpus[1], VCPU_REQUEST_INIT | VCPU_REQUEST_SIPI);
	PLAY(1, stop);
	TAP_EQUAL(fake_vcpu_of(&vcpus[1].arch)->reset_count, 1);
	TAP_EQUAL(fake_vcpu_of(&vcpus[1].arch)->start.cs.base, 0x9a000);
	TAP_EQUAL(fake_vcpu_of(&vcpus[1].arch)->run_count, 2);
}

static void a_crash_restarts_where_asked(void)
{
	struct fake_exit crash[] = {{.exit = {.kind = VM_EXIT_TRIPLE_FAULT}},
				    call(HYPERCALL_SHUTDOWN, SHUTDOWN_POWER_OFF, 0)};

	start(CONFIG_CRASH_RESTART);
	*ram(100) = 1;
	PLAY(1, crash);
	PLAY(0, crash);
	TAP_EQUAL(vm.state, VM_STOPPING);
	TAP_EQUAL(fake_vcpu_of(&vcpus[0].arch)->dump_count, 1);
	PLAY(1, crash); /* the last to leave: restarts */
	TAP_EQUAL(vm.state, VM_RUNNING);
	TAP_EQUAL(vm.start_count, 2);
	TAP_EQUAL(model_reset_count, 2);
	TAP_CHECK(vm.is_clear);
	TAP_EQUAL(*ram(100), 0);
	TAP_EQUAL(vcpus[1].state, VCPU_WAIT_SIPI);
	play(0, crash + 1, 1);
	TAP_EQUAL(load_count, 2);
	play(1, crash, 0);
	TAP_EQUAL(vm.state, VM_STOPPED);
	TAP_EQUAL(power_off_count, 1);
	TAP_EQUAL(power_off_code, 0);
}

static void a_crash_stops_where_asked(void)
{
	struct fake_exit crash[] = {{.exit = {.kind = VM_EXIT_CRASH, .why = "test"}}};

	start(CONFIG_CRASH_STOP);
	PLAY(0, crash);
	play(1, crash, 0);
	TAP_EQUAL(vm.state, VM_STOPPED);
	TAP_EQUAL(vm.stop_cause, VM_STOP_CRASH);
	TAP_EQUAL(power_off_code, 1);
}

static void a_crash_halts_the_machine_where_asked(void)
{
	struct fake_exit crash[] = {{.exit = {.kind = VM_EXIT_TRIPLE_FAULT}}};
	volatile int way;

	start(CONFIG_CRASH_HALT_MACHINE);
	PLAY(0, crash);
	way = setjmp(fake_cpus.halt_return);
	if (way == 0) {
		play(1, crash, 0);
	}
	TAP_EQUAL(way, 3);
}

static void a_kernel_that_cannot_be_placed_is_a_crash(void)
{
	start(CONFIG_CRASH_STOP);
	load_status = HV_NO_MEMORY;
	play(0, NULL, 0);
	play(1, NULL, 0);
	TAP_EQUAL(vm.state, VM_STOPPED);
	TAP_EQUAL(vm.stop_cause, VM_STOP_CRASH);
}

static void start_and_stop_twice(void)
{
	start(CONFIG_CRASH_STOP);
	TAP_EQUAL(vm_start(&vm), HV_BUSY);
	vm_stop(&vm, VM_STOP_RESET, 0);
	vm_stop(&vm, VM_STOP_POWER_OFF, 9); /* too late: the first cause stands */
	TAP_EQUAL(vm.stop_cause, VM_STOP_RESET);
	TAP_EQUAL(vm_start(&vm), HV_BUSY);
}

static void apic_exits_fault_or_finish(void)
{
	struct fake_exit script[] = {
		{.exit = {.kind = VM_EXIT_APIC_READ, .apic = {.offset = 0x20}}},
		{.exit = {.kind = VM_EXIT_APIC_READ, .apic = {.offset = 0xbad}}},
		{.exit = {.kind = VM_EXIT_APIC_WRITE, .apic = {.offset = 0xbad}}},
		call(HYPERCALL_SHUTDOWN, SHUTDOWN_POWER_OFF, 0),
	};
	struct fake_vcpu *fake;

	start(CONFIG_CRASH_STOP);
	PLAY(0, script);
	fake = fake_vcpu_of(&vcpus[0].arch);
	TAP_EQUAL(fake->apic_done_count, 1);
	TAP_EQUAL(fake->apic_value, 0x77);
	TAP_EQUAL(fake->inject_count, 2);
	TAP_EQUAL(fake->injected[0].vector, 13);
	TAP_CHECK(fake->injected[0].has_error_code);
	TAP_EQUAL(fake->skip_count, 2); /* the read that was answered, and the hypercall */
}

static const struct tap_case cases[] = {
	{"power-off ends a test run with the partition's code", power_off_ends_a_test_run},
	{"INIT and SIPI start a vCPU", init_and_sipi_start_a_vcpu},
	{"a crash restarts where asked", a_crash_restarts_where_asked},
	{"a crash stops where asked", a_crash_stops_where_asked},
	{"a crash halts the machine where asked", a_crash_halts_the_machine_where_asked},
	{"a kernel that cannot be placed is a crash", a_kernel_that_cannot_be_placed_is_a_crash},
	{"starting and stopping twice", start_and_stop_twice},
	{"APIC exits fault or finish", apic_exits_fault_or_finish},
};

TAP_MAIN(cases)
