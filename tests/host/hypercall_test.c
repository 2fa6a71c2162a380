/* SPDX-License-Identifier: Apache-2.0 */
/* Every hypercall with every argument wrong, one at a time: a status comes back, nothing changes.
 */
/* Links: hv/hypercall.c hv/guest_mem.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c */
#include "hypercall.h"

#include "fake.h"
#include "hv/console.h"
#include "hv/vm.h"
#include "tap.h"

#define MIB (UINT64_C(1) << 20)

static struct vm vm;
static struct vcpu vcpus[2];
static char output[8192];
static size_t output_size;
static uint32_t stop_count;
static uint64_t stop_code;
static uint32_t requested[2];

void console_write(struct vm *owner, const uint8_t *bytes, uint32_t size)
{
	(void)owner;
	while (size-- > 0) {
		output[output_size++ % sizeof(output)] = (char)*bytes++;
	}
}

void vm_stop(struct vm *owner, enum vm_stop_cause cause, uint64_t code)
{
	(void)owner;
	stop_count += 1 + (uint32_t)cause * 100;
	stop_code = code;
}

void vcpu_request(struct vcpu *vcpu, uint32_t requests)
{
	requested[vcpu->index] |= requests;
}

static void start(void)
{
	fake_reset();
	fake_memory_init(16 * MIB, 2 * MIB);
	memset(&vm, 0, sizeof(vm));
	memset(vcpus, 0, sizeof(vcpus));
	vm.extents[0] = (struct vm_extent){gpa_from_u64(0),
					   hpa_from_u64(FAKE_MEMORY_BASE + 4 * MIB), 4 * MIB};
	vm.extent_count = 1;
	vm.vcpu_count = 2;
	for (uint32_t i = 0; i < 2; i++) {
		TAP_EQUAL(arch_vcpu_init(&vcpus[i].arch, &vm.arch, i), HV_OK);
		vcpus[i].vm = &vm;
		vcpus[i].index = i;
		vm.vcpus[i] = &vcpus[i];
	}
	output_size = 0;
	stop_count = 0;
	requested[0] = requested[1] = 0;
}

static int64_t call(uint64_t number, uint64_t rdi, uint64_t rsi)
{
	struct vcpu_arch *arch = &vcpus[0].arch;
	uint32_t skipped = fake_vcpu_of(arch)->skip_count;

	arch->gpr[VCPU_RAX] = number;
	arch->gpr[VCPU_RDI] = rdi;
	arch->gpr[VCPU_RSI] = rsi;
	hypercall_handle(&vcpus[0]);
	TAP_EQUAL(fake_vcpu_of(arch)->skip_count, skipped + 1);
	return (int64_t)arch->gpr[VCPU_RAX];
}

static void unknown_numbers(void)
{
	static const uint64_t bad[] = {HYPERCALL_COUNT, 1000, UINT64_C(1) << 32, UINT64_MAX,
				       UINT64_C(1) << 63};

	start();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TAP_EQUAL(call(bad[i], 1, 2), HYPERCALL_UNKNOWN);
		TAP_EQUAL(vcpus[0].arch.gpr[VCPU_RDI], 1);
		TAP_EQUAL(vcpus[0].arch.gpr[VCPU_RSI], 2);
	}
	TAP_EQUAL(call(HYPERCALL_NULL, 1, 2), HYPERCALL_OK);
	TAP_EQUAL(call(HYPERCALL_VERSION, 99, 2), HYPERCALL_OK);
	TAP_EQUAL(vcpus[0].arch.gpr[VCPU_RDI], HYPERCALL_ABI_VERSION);
}

static void writes_to_console(void)
{
	start();
	memset(fake_memory_at(hpa_from_u64(FAKE_MEMORY_BASE + 4 * MIB)), 'x', 4 * MIB);
	TAP_EQUAL(call(HYPERCALL_CONSOLE_WRITE, 0, 0), HYPERCALL_INVALID);
	TAP_EQUAL(call(HYPERCALL_CONSOLE_WRITE, 0, 4097), HYPERCALL_INVALID);
	TAP_EQUAL(call(HYPERCALL_CONSOLE_WRITE, 0, UINT64_MAX), HYPERCALL_INVALID);
	TAP_EQUAL(call(HYPERCALL_CONSOLE_WRITE, 4 * MIB, 1), HYPERCALL_BAD_ADDRESS);
	TAP_EQUAL(call(HYPERCALL_CONSOLE_WRITE, 4 * MIB - 1, 2), HYPERCALL_BAD_ADDRESS);
	TAP_EQUAL(call(HYPERCALL_CONSOLE_WRITE, UINT64_MAX, 2), HYPERCALL_BAD_ADDRESS);
	TAP_EQUAL(output_size, 0);
	TAP_EQUAL(call(HYPERCALL_CONSOLE_WRITE, 4 * MIB - 300, 300), HYPERCALL_OK);
	TAP_EQUAL(output_size, 300);
	TAP_EQUAL(output[299], 'x');
	TAP_EQUAL(call(HYPERCALL_CONSOLE_WRITE, 0, 4096), HYPERCALL_OK);
	TAP_EQUAL(output_size, 300 + 4096);
}

static void exit_counts(void)
{
	start();
	vcpus[1].arch.exit_count[EXIT_COUNT_IO] = 42;
	TAP_EQUAL(call(HYPERCALL_EXIT_COUNT, 2, 0), HYPERCALL_INVALID);
	TAP_EQUAL(call(HYPERCALL_EXIT_COUNT, UINT64_MAX, 0), HYPERCALL_INVALID);
	TAP_EQUAL(call(HYPERCALL_EXIT_COUNT, UINT64_C(1) << 32, 0), HYPERCALL_INVALID);
	TAP_EQUAL(call(HYPERCALL_EXIT_COUNT, 0, EXIT_COUNT_REASONS), HYPERCALL_INVALID);
	TAP_EQUAL(call(HYPERCALL_EXIT_COUNT, 1, EXIT_COUNT_IO), HYPERCALL_OK);
	TAP_EQUAL(vcpus[0].arch.gpr[VCPU_RDI], 42);
	TAP_EQUAL(call(HYPERCALL_EXIT_RESET, 0, 0), HYPERCALL_OK);
	TAP_EQUAL(vcpus[1].arch.exit_count[EXIT_COUNT_IO], 0);
}

static void shutdown(void)
{
	start();
	TAP_EQUAL(call(HYPERCALL_SHUTDOWN, 3, 0), HYPERCALL_INVALID);
	TAP_EQUAL(call(HYPERCALL_SHUTDOWN, 0, 256), HYPERCALL_INVALID);
	TAP_EQUAL(call(HYPERCALL_SHUTDOWN, UINT64_MAX, 0), HYPERCALL_INVALID);
	TAP_EQUAL(stop_count, 0);
	TAP_EQUAL(call(HYPERCALL_SHUTDOWN, SHUTDOWN_CRASH, 7), HYPERCALL_OK);
	TAP_EQUAL(stop_count, 1 + VM_STOP_CRASH * 100);
	TAP_EQUAL(stop_code, 7);
}

static void time_is_told(void)
{
	start();
	fake_clock.tsc_hz = 2000000000;
	fake_clock.tsc = UINT64_C(5000000000);
	fake_clock.tsc_step = 0;
	vm.arch.clock_wall = 1000;
	TAP_EQUAL(call(HYPERCALL_TIME, 0, 0), HYPERCALL_OK);
	TAP_EQUAL(vcpus[0].arch.gpr[VCPU_RDI], 2000000000);
	TAP_EQUAL(vcpus[0].arch.gpr[VCPU_RSI], UINT64_C(2500000000) + 1000);
}

static void inject(void)
{
	start();
	TAP_EQUAL(call(HYPERCALL_INJECT, 2, 0), HYPERCALL_INVALID);
	TAP_EQUAL(call(HYPERCALL_INJECT, INJECT_NMI, 2), HYPERCALL_INVALID);
	TAP_EQUAL(call(HYPERCALL_INJECT, INJECT_NMI, UINT64_MAX), HYPERCALL_INVALID);
	TAP_EQUAL(call(HYPERCALL_INJECT, INJECT_ENTRY_FAILURE, 1), HYPERCALL_DENIED);
	TAP_EQUAL(requested[0] | requested[1], 0);
	TAP_EQUAL(arch_vcpu_get(&vcpus[0].arch, VCPU_CR4), 0);
	TAP_EQUAL(call(HYPERCALL_INJECT, INJECT_NMI, 1), HYPERCALL_OK);
	TAP_EQUAL(requested[1], VCPU_REQUEST_NMI);
	TAP_EQUAL(call(HYPERCALL_INJECT, INJECT_ENTRY_FAILURE, 0), HYPERCALL_OK);
	TAP_EQUAL(arch_vcpu_get(&vcpus[0].arch, VCPU_CR4), UINT64_MAX);
}

static const struct tap_case cases[] = {
	{"unknown numbers", unknown_numbers}, {"console write", writes_to_console},
	{"exit counts", exit_counts},         {"shutdown", shutdown},
	{"time is told", time_is_told},       {"inject", inject},
};

TAP_MAIN(cases)
