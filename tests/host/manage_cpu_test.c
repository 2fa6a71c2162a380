/* SPDX-License-Identifier: Apache-2.0 */
/* CPUs that the management partition lends, and the size of consoles. */
/* Links: tests/host/manage_bench.c hv/manage.c hv/manage_event.c hv/manage_create.c hv/vm_create.c hv/vm_life.c hv/vm_load.c hv/vcpu.c hv/trace.c hv/cpus.c hv/exit.c hv/hypercall.c hv/io_bus.c hv/console.c hv/stage2.c hv/owner.c hv/page_alloc.c hv/guest_mem.c hv/lib/fmt.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c arch/fake/fake_io.c arch/fake/fake_pte.c */
#include "host/manage_bench.h"

#include "bits.h"

/* The manager on CPUs 0 and 1; its second vCPU waits for a SIPI. */
static struct vcpu *begin(void)
{
	struct vcpu *vcpu;

	start_with(3);
	vcpu = manage_bench.manager->vcpus[1];
	turn(1, NULL, 0);
	TAP_EQUAL(vcpu->state, VCPU_WAIT_SIPI);
	TAP_EQUAL(info()->cpus_free, 4);
	return vcpu;
}

static void lend(void)
{
	TAP_EQUAL(order(MANAGE_TAKE_CPU, 0, 1, 0), MANAGE_OK);
	turn(1, NULL, 0);
	TAP_CHECK(cpus_get(1)->vcpu == NULL);
}

static void a_cpu_goes_and_comes(void)
{
	struct vcpu *vcpu = begin();
	uint32_t kicks;
	uint32_t id;

	lend();
	TAP_EQUAL(fake_vcpu_of(&vcpu->arch)->release_count, 1);
	TAP_EQUAL(vcpu->state, VCPU_OFF);
	TAP_EQUAL(info()->cpus_free, 6);
	TAP_EQUAL(look(0)->config.cpus, 1);
	TAP_EQUAL(look(0)->vcpu_count, 2);
	id = made(); /* on CPU 1 */
	TAP_EQUAL(order(MANAGE_GIVE_CPU, 0, 1, 0), MANAGE_NO_CPU);
	TAP_EQUAL(order(MANAGE_TAKE_CPU, 0, 1, 0), MANAGE_BUSY);
	TAP_CHECK(cpus_get(1)->vcpu->vm == vm_get(id));
	/* What the manager sends to its lost vCPU does not reach the CPU's new owner. */
	kicks = fake_cpus.kick_count[1];
	fake_lapic.ipi_count = 0;
	vcpu_interrupt(vcpu, 0x80);
	vcpu_request(vcpu, VCPU_REQUEST_NMI | VCPU_REQUEST_INIT | VCPU_REQUEST_SIPI);
	TAP_EQUAL(fake_lapic.ipi_count, 0);
	TAP_EQUAL(fake_cpus.kick_count[1], kicks);
	TAP_EQUAL(order(MANAGE_DESTROY, id, 0, 0), MANAGE_OK);
	turn(1, NULL, 0);
	TAP_EQUAL(order(MANAGE_GIVE_CPU, 0, 1, 0), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_GIVE_CPU, 0, 1, 0), MANAGE_BUSY);
	TAP_CHECK(fake_cpus.kick_count[1] > kicks);
	turn(1, NULL, 0);
	TAP_EQUAL(vcpu->state, VCPU_WAIT_SIPI); /* and not what was asked meanwhile */
	TAP_EQUAL(info()->cpus_free, 4);
	TAP_EQUAL(look(0)->config.cpus, 3);
	vcpu_interrupt(vcpu, 0x80);
	TAP_EQUAL(fake_lapic.ipi_count, 1);
	atomic_store(&vcpu->sipi_vector, 0x9a);
	vcpu_request(vcpu, VCPU_REQUEST_INIT | VCPU_REQUEST_SIPI);
	turn(1, power_off, 1);
	TAP_EQUAL(fake_vcpu_of(&vcpu->arch)->start.cs.base, 0x9a000);
	TAP_EQUAL(fake_vcpu_of(&vcpu->arch)->run_count, 1);
}

static void many_rounds_leave_nothing(void)
{
	struct manage_create request = wanted("round", 6, 8 * MIB);
	uint64_t used = 0;

	(void)begin();
	for (uint32_t i = 0; i < 500; i++) {
		lend();
		TAP_EQUAL(create(&request), MANAGE_OK);
		TAP_EQUAL(slot()->result, 1);
		turn(1, NULL, 0);
		turn(2, NULL, 0);
		TAP_EQUAL(order(MANAGE_DESTROY, 1, 0, 0), MANAGE_OK);
		turn(2, NULL, 0);
		turn(1, NULL, 0);
		TAP_EQUAL(order(MANAGE_GIVE_CPU, 0, 1, 0), MANAGE_OK);
		turn(1, NULL, 0);
		used = i == 0 ? info()->pool_used : used;
	}
	TAP_EQUAL(info()->pool_used, used);
	TAP_EQUAL(info()->memory_free, FREE);
	TAP_EQUAL(info()->cpus_free, 4);
}

/* The manager ends and starts while a CPU is away: nobody waits for it, and it stays away. */
static void ends_without_it(void)
{
	struct vcpu *vcpu = begin();
	struct vm *vm = manage_bench.manager;

	lend();
	(void)made();
	turn(0, power_off, 1);
	TAP_EQUAL(vm->state, VM_STOPPED);
	TAP_EQUAL(vm_start(vm), HV_OK);
	TAP_CHECK(cpus_get(1)->vcpu->vm != vm);
	turn(0, power_off, 1);
	TAP_EQUAL(vm->state, VM_STOPPED);
	TAP_EQUAL(vcpu->state, VCPU_OFF);
	TAP_EQUAL(vm_lend(vm->vcpus[0]), HV_BUSY); /* does not run */
	TAP_EQUAL(vm_take_back(vcpu), HV_BUSY);
}

/* Taken in the same moment as the end, in either order: each vCPU counts once. */
static void ends_meanwhile(void)
{
	struct vcpu *vcpu = begin();
	struct vm *vm = manage_bench.manager;

	TAP_EQUAL(order(MANAGE_TAKE_CPU, 0, 1, 0), MANAGE_OK);
	vm_stop(vm, VM_STOP_POWER_OFF, 0);
	turn(1, NULL, 0); /* finds both */
	TAP_CHECK(cpus_get(1)->vcpu == NULL);
	TAP_EQUAL(vm->state, VM_STOPPING);
	turn(0, NULL, 0);
	TAP_EQUAL(vm->state, VM_STOPPED);

	vcpu = begin();
	vm = manage_bench.manager;
	vm_stop(vm, VM_STOP_POWER_OFF, 0);
	turn(1, NULL, 0);
	vcpu_request(vcpu, VCPU_REQUEST_LEND); /* was seen late */
	turn(1, NULL, 0);
	TAP_EQUAL(vm->state, VM_STOPPING);
	TAP_CHECK(cpus_get(1)->vcpu == vcpu); /* it stays */
	turn(0, NULL, 0);
	TAP_EQUAL(vm->state, VM_STOPPED);

	vcpu = begin(); /* the last one to go is the one that is lent */
	vm = manage_bench.manager;
	TAP_EQUAL(order(MANAGE_TAKE_CPU, 0, 1, 0), MANAGE_OK);
	vm_stop(vm, VM_STOP_POWER_OFF, 0);
	turn(0, NULL, 0);
	TAP_EQUAL(vm->state, VM_STOPPING);
	turn(1, NULL, 0);
	TAP_EQUAL(vm->state, VM_STOPPED);
	TAP_EQUAL(vm->config.cpus, 1);

	vcpu = begin(); /* given back, and asked to stop before it has seen that */
	vm = manage_bench.manager;
	lend();
	TAP_EQUAL(order(MANAGE_GIVE_CPU, 0, 1, 0), MANAGE_OK);
	vm_stop(vm, VM_STOP_POWER_OFF, 0);
	turn(0, NULL, 0);
	TAP_EQUAL(vm->state, VM_STOPPING);
	turn(1, NULL, 0);
	TAP_EQUAL(vm->state, VM_STOPPED);
	TAP_EQUAL(vcpu->state, VCPU_OFF);
}

static void wrong_arguments_change_nothing(void)
{
	static const uint32_t opcodes[] = {MANAGE_TAKE_CPU, MANAGE_GIVE_CPU};
	uint32_t id;

	(void)begin();
	TAP_EQUAL(order(MANAGE_CREATE, 0, 0, 0), MANAGE_INVALID);
	lend();
	id = made();
	for (uint32_t i = 0; i < ARRAY_COUNT(opcodes); i++) {
		TAP_EQUAL(order(opcodes[i], 0, 0, 0), MANAGE_DENIED); /* the boot CPU */
		TAP_EQUAL(order(opcodes[i], 0, 2, 0), MANAGE_INVALID);
		TAP_EQUAL(order(opcodes[i], 0, UINT64_C(1) << 32 | 1, 0), MANAGE_INVALID);
		TAP_EQUAL(order(opcodes[i], 0, UINT64_MAX, 0), MANAGE_INVALID);
		TAP_EQUAL(order(opcodes[i], 0, 1, 8), MANAGE_INVALID); /* no data */
		TAP_EQUAL(order(opcodes[i], id, 0, 0), MANAGE_DENIED);
		TAP_EQUAL(order(opcodes[i], id, 1, 0), MANAGE_DENIED);
		TAP_EQUAL(order(opcodes[i], 7, 1, 0), MANAGE_NO_PARTITION);
	}
	TAP_EQUAL(info()->cpus_free, 4);
	TAP_EQUAL(look(0)->config.cpus, 1);
	TAP_EQUAL(look(id)->config.cpus, 2);
}

static void consoles_have_a_size(void)
{
	struct manage_create request = wanted("alpha", 2, 4 * MIB);
	uint32_t id;

	start();
	request.pci[PLATFORM_SLOT_CONSOLE].value[0] = 0;
	TAP_EQUAL(create(&request), MANAGE_OK);
	id = (uint32_t)slot()->result;
	turn(1, NULL, 0);
	TAP_EQUAL(order(MANAGE_CONSOLE_SIZE, id, 50 << 16 | 132, 0), MANAGE_DENIED);
	TAP_EQUAL(order(MANAGE_DESTROY, id, 0, 0), MANAGE_OK);
	turn(1, NULL, 0);
	request.pci[PLATFORM_SLOT_CONSOLE].value[0] = 0x10431af4;
	TAP_EQUAL(create(&request), MANAGE_OK);
	turn(1, NULL, 0);
	TAP_EQUAL(order(MANAGE_CONSOLE_SIZE, id, 50 << 16 | 132, 0), MANAGE_OK);
	TAP_EQUAL(vm_get(id)->image.pci[PLATFORM_SLOT_CONSOLE].config[0], 50 << 16 | 132);
	TAP_CHECK(manage_bench.resized == NULL); /* it does not run: its next start will see */
	TAP_EQUAL(order(MANAGE_LOAD, id, 0, 8), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_START, id, 0, 0), MANAGE_OK);
	TAP_EQUAL(order(MANAGE_CONSOLE_SIZE, id, 0, 0), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_CONSOLE_SIZE, id, 132, 0), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_CONSOLE_SIZE, id, 50 << 16, 0), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_CONSOLE_SIZE, id, UINT64_C(1) << 32 | 50 << 16 | 132, 0),
		  MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_CONSOLE_SIZE, id, 50 << 16 | 132, 4), MANAGE_INVALID);
	TAP_EQUAL(order(MANAGE_CONSOLE_SIZE, 0, 50 << 16 | 132, 0), MANAGE_DENIED);
	TAP_CHECK(manage_bench.resized == NULL);
	TAP_EQUAL(order(MANAGE_CONSOLE_SIZE, id, UINT32_MAX, 0), MANAGE_OK);
	TAP_CHECK(manage_bench.resized == vm_get(id));
	TAP_EQUAL(vm_get(id)->image.pci[PLATFORM_SLOT_CONSOLE].config[0], UINT32_MAX);
}

static const struct tap_case cases[] = {
	{"a CPU goes and comes", a_cpu_goes_and_comes},
	{"many rounds leave nothing", many_rounds_leave_nothing},
	{"ends without it", ends_without_it},
	{"ends meanwhile", ends_meanwhile},
	{"wrong arguments change nothing", wrong_arguments_change_nothing},
	{"consoles have a size", consoles_have_a_size},
};

TAP_MAIN(cases)
