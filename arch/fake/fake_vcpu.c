/* SPDX-License-Identifier: Apache-2.0 */
/* arch/vcpu.h: plays back a list of exits, records what hv does about them. */
#include "fake.h"

#include "check.h"

#include <string.h>

struct fake_vcpus fake_vcpus;

void fake_vcpu_reset_all(void)
{
	memset(&fake_vcpus, 0, sizeof(fake_vcpus));
	fake_vcpus.max_leaf = 3;
}

struct fake_vcpu *fake_vcpu_of(const struct vcpu_arch *vcpu)
{
	for (uint32_t i = 0; i < FAKE_VCPU_MAX; i++) {
		if (fake_vcpus.vcpus[i].vcpu == vcpu) {
			return &fake_vcpus.vcpus[i];
		}
	}
	CHECK(false); /* never initialized, or finished */
	__builtin_unreachable();
}

void fake_vcpu_script(struct vcpu_arch *vcpu, const struct fake_exit *script, size_t count)
{
	struct fake_vcpu *fake = fake_vcpu_of(vcpu);

	fake->script = script;
	fake->script_count = count;
	fake->script_next = 0;
}

void arch_virt_init(const struct boot_info *boot)
{
	(void)boot;
}

enum hv_status arch_virt_enable(void)
{
	return HV_OK;
}

static bool takes_failure(void)
{
	if (fake_vcpus.init_failures == 0) {
		return false;
	}
	fake_vcpus.init_failures--;
	return true;
}

enum hv_status arch_vm_init(struct vm_arch *vm)
{
	(void)vm;
	if (takes_failure()) {
		return HV_NO_MEMORY;
	}
	return HV_OK;
}

enum hv_status arch_vcpu_init(struct vcpu_arch *vcpu, struct vm_arch *vm, uint32_t index)
{
	struct fake_vcpu *fake;

	if (takes_failure()) {
		return HV_NO_MEMORY;
	}
	fake = fake_vcpu_of(NULL);
	memset(fake, 0, sizeof(*fake));
	fake->vcpu = vcpu;
	vcpu->vm = vm;
	vcpu->index = index;
	return HV_OK;
}

void arch_start_sipi(struct boot_start *start, uint8_t vector)
{
	*start = (struct boot_start){.cs = {.base = (uint64_t)vector << PAGE_SHIFT}};
}

void arch_vcpu_release(struct vcpu_arch *vcpu)
{
	fake_vcpu_of(vcpu)->release_count++;
}

void arch_vcpu_free(struct vcpu_arch *vcpu)
{
	fake_vcpu_of(vcpu)->vcpu = NULL;
}

void arch_vm_free(struct vm_arch *vm)
{
	(void)vm;
}

void arch_vcpu_reset(struct vcpu_arch *vcpu, const struct boot_start *start)
{
	struct fake_vcpu *fake = fake_vcpu_of(vcpu);

	memset(fake->reg, 0, sizeof(fake->reg));
	memset(vcpu->gpr, 0, sizeof(vcpu->gpr));
	vcpu->gpr[VCPU_RAX] = start->rax;
	vcpu->gpr[VCPU_RBX] = start->rbx;
	vcpu->gpr[VCPU_RSI] = start->rsi;
	vcpu->rip = start->rip;
	vcpu->is_nmi_pending = false;
	vcpu->is_x2apic = false;
	fake->reg[VCPU_RSP] = 0;
	fake->reg[VCPU_CR3] = start->cr3;
	fake->start = *start;
	fake->reset_count++;
}

void arch_vcpu_run(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	struct fake_vcpu *fake = fake_vcpu_of(vcpu);

	if (fake_vcpus.on_run != NULL) {
		fake_vcpus.on_run(vcpu);
	}
	fake->run_count++;
	fake->flush_count += vcpu->is_flush_wanted ? 1 : 0;
	vcpu->is_flush_wanted = false;
	vcpu->exit_count[EXIT_COUNT_TOTAL]++;
	if (fake->script_next == fake->script_count) {
		CHECK(fake_vcpus.on_script_end != NULL);
		fake_vcpus.on_script_end(vcpu, exit);
		return;
	}
	if (fake->script[fake->script_next].has_gpr) {
		memcpy(vcpu->gpr, fake->script[fake->script_next].gpr, sizeof(vcpu->gpr));
	}
	*exit = fake->script[fake->script_next].exit;
	fake->script_next++;
}

void arch_vcpu_skip(struct vcpu_arch *vcpu)
{
	fake_vcpu_of(vcpu)->skip_count++;
	vcpu->rip += vcpu->exit_length;
}

uint64_t arch_vcpu_get(struct vcpu_arch *vcpu, enum vcpu_reg reg)
{
	CHECK(reg < VCPU_REG_COUNT);
	if (reg == VCPU_RIP) {
		return vcpu->rip;
	}
	return reg <= VCPU_R15 && reg != VCPU_RSP ? vcpu->gpr[reg] : fake_vcpu_of(vcpu)->reg[reg];
}

void arch_vcpu_set(struct vcpu_arch *vcpu, enum vcpu_reg reg, uint64_t value)
{
	CHECK(reg < VCPU_REG_COUNT);
	if (reg == VCPU_RIP) {
		vcpu->rip = value;
	} else if (reg <= VCPU_R15 && reg != VCPU_RSP) {
		vcpu->gpr[reg] = value;
	} else {
		fake_vcpu_of(vcpu)->reg[reg] = value;
	}
}

void arch_vcpu_inject(struct vcpu_arch *vcpu, uint8_t vector, bool has_error_code,
		      uint32_t error_code)
{
	struct fake_vcpu *fake = fake_vcpu_of(vcpu);

	if (fake->inject_count < FAKE_INJECT_MAX) {
		fake->injected[fake->inject_count] =
			(struct fake_injection){vector, has_error_code, error_code};
	}
	fake->inject_count++;
}

void arch_vcpu_inject_nmi(struct vcpu_arch *vcpu)
{
	vcpu->is_nmi_pending = true;
	fake_vcpu_of(vcpu)->nmi_count++;
}

void arch_vcpu_apic_done(struct vcpu_arch *vcpu, uint64_t value)
{
	struct fake_vcpu *fake = fake_vcpu_of(vcpu);

	fake->apic_done_count++;
	fake->apic_value = value;
	vcpu->gpr[VCPU_RAX] = low32(value);
	vcpu->gpr[VCPU_RDX] = high32(value);
	arch_vcpu_skip(vcpu);
}

void arch_vcpu_set_x2apic(struct vcpu_arch *vcpu, bool is_x2apic)
{
	vcpu->is_x2apic = is_x2apic;
}

void arch_vcpu_dump(struct vcpu_arch *vcpu)
{
	fake_vcpu_of(vcpu)->dump_count++;
}
