/* SPDX-License-Identifier: Apache-2.0 */
/* arch/fake: the aids that other tests rely on do what fake.h says. */
/* Links: arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_io.c arch/fake/fake_pte.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c */
#include "arch/clock.h"
#include "arch/port_io.h"
#include "arch/stage2_pte.h"
#include "fake.h"
#include "tap.h"

static void test_memory(void)
{
	uint8_t *byte;

	fake_reset();
	fake_memory_init(4 * FRAME_SIZE, FRAME_SIZE);
	byte = arch_pa_to_va(hpa_from_u64(FAKE_MEMORY_BASE + 5));
	TAP_EQUAL(arch_va_to_pa(byte).value, FAKE_MEMORY_BASE + 5);
	TAP_DIES(arch_pa_to_va(hpa_from_u64(FAKE_MEMORY_BASE + FRAME_SIZE)));
	byte = arch_window_map(0, hpa_from_u64(FAKE_MEMORY_BASE + FRAME_SIZE + 3));
	*byte = 7;
	TAP_DIES(arch_window_map(0, hpa_from_u64(FAKE_MEMORY_BASE)));
	arch_window_unmap(0);
	TAP_DIES(arch_window_unmap(0));
	TAP_EQUAL(*(uint8_t *)fake_memory_at(hpa_from_u64(FAKE_MEMORY_BASE + FRAME_SIZE + 3)), 7);
	TAP_DIES(arch_window_map(1, hpa_from_u64(FAKE_MEMORY_BASE + 4 * FRAME_SIZE)));
	fake_reset();
}

static void test_entries(void)
{
	struct stage2_entry entry = {
		.address = hpa_from_u64(UINT64_C(0x123456) << FRAME_SHIFT >> 3 << 3),
		.access = STAGE2_READ | STAGE2_EXECUTE,
		.memory = STAGE2_UNCACHED,
		.is_leaf = true,
	};
	struct stage2_entry back;
	uint64_t raw;

	fake_reset();
	entry.address = hpa_from_u64(align_down(entry.address.value, FRAME_SIZE));
	raw = arch_stage2_make(&entry, 2);
	back = arch_stage2_read(raw, 2);
	TAP_EQUAL(back.address.value, entry.address.value);
	TAP_EQUAL(back.access, entry.access);
	TAP_EQUAL(back.memory, entry.memory);
	TAP_CHECK(back.is_leaf);
	TAP_DIES(arch_stage2_read(raw, 1));
	TAP_DIES(arch_stage2_make(&entry, 3)); /* not aligned to 1 GiB */
	entry.access = 0;
	TAP_EQUAL(arch_stage2_make(&entry, 2), 0);
	TAP_EQUAL(arch_stage2_read(0, 2).access, 0);
}

static struct fake_exit script[2] = {
	{.exit = {.kind = VM_EXIT_KICK}},
	{.exit = {.kind = VM_EXIT_HYPERCALL}, .has_gpr = true, .gpr = {[VCPU_RAX] = 6}},
};
static jmp_buf script_end;

static void leave(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	(void)vcpu;
	(void)exit;
	longjmp(script_end, 1);
}

static void test_script(void)
{
	struct vm_arch vm = {.vcpu_count = 1};
	struct vcpu_arch vcpu = {.exit_length = 3};
	struct vm_exit exit;
	volatile bool has_ended = false;

	fake_reset();
	fake_vcpus.on_script_end = leave;
	TAP_EQUAL(arch_vcpu_init(&vcpu, &vm, 0), HV_OK);
	fake_vcpu_script(&vcpu, script, 2);
	arch_vcpu_run(&vcpu, &exit);
	TAP_EQUAL(exit.kind, VM_EXIT_KICK);
	arch_vcpu_run(&vcpu, &exit);
	TAP_EQUAL(exit.kind, VM_EXIT_HYPERCALL);
	TAP_EQUAL(vcpu.gpr[VCPU_RAX], 6);
	arch_vcpu_skip(&vcpu);
	arch_vcpu_inject(&vcpu, 13, true, 0);
	TAP_EQUAL(fake_vcpu_of(&vcpu)->skip_count, 1);
	TAP_EQUAL(arch_vcpu_get(&vcpu, VCPU_RIP), 3);
	TAP_EQUAL(fake_vcpu_of(&vcpu)->injected[0].vector, 13);
	if (setjmp(script_end) == 0) {
		arch_vcpu_run(&vcpu, &exit);
	} else {
		has_ended = true;
	}
	TAP_CHECK(has_ended);
}

static void test_ports_and_time(void)
{
	fake_reset();
	TAP_EQUAL(arch_in8(0x3f8), 0xff);
	arch_out16(0x3f8, 0x1234);
	TAP_EQUAL(arch_in8(0x3f8), 0x34);
	TAP_EQUAL(fake_ports.access_count, 3);
	TAP_CHECK(fake_ports.log[1].is_write);
	arch_lapic_send(3, LAPIC_DELIVERY_FIXED, 0x40);
	TAP_EQUAL(fake_lapic.ipi[0].apic_id, 3);
	TAP_EQUAL(arch_tsc(), 1000);
	arch_delay_us(5);
	TAP_EQUAL(arch_tsc(), 6000);
}

static const struct tap_case cases[] = {
	{"memory, windows and the region", test_memory},
	{"entries keep what they were made of", test_entries},
	{"exits are played back, actions recorded", test_script},
	{"ports, local APIC, clock", test_ports_and_time},
};
TAP_MAIN(cases)
