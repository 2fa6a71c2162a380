/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of the device models: whatever a guest writes, models stay sound and inside its VM. */
/* Links: tests/tap.c boot/guest_pci.c @models */
#include "fuzz.h"

#include "bits.h"
#include "fake.h"
#include "guest_pci.h"
#include "host/model_bench.h"
#include "models.h"
#include "str.h"
#include "vioapic.h"
#include "vpci.h"
#include "vuart.h"

#define VCPUS 3u

/* One access of a guest. */
struct step {
	uint8_t what;
	uint8_t vcpu;
	uint16_t offset;
	uint32_t value;
};

static void access_model(uint32_t model, uint32_t vcpu, const struct step *step)
{
	static const uint8_t sizes[] = {1, 2, 4, 8};
	uint32_t size = sizes[step->what >> 4 & 3];
	uint32_t range = (uint32_t)device_models[model].size;
	uint32_t offset;

	if (size > range) {
		return;
	}
	offset = step->offset % (range - size + 1);
	if ((step->what & 1) != 0) {
		bench_write(model, vcpu, offset, size, step->value);
	} else {
		(void)bench_read(model, vcpu, offset, size);
	}
}

static void do_step(const struct step *step)
{
	static const uint32_t buses[] = {MODEL_UART, MODEL_CHANNEL, MODEL_CHANNEL_PAGE, MODEL_PCI,
					 MODEL_MSIX};
	uint32_t index = step->vcpu % VCPUS;
	struct vcpu *vcpu = &bench.vcpus[index];
	uint64_t value;

	switch (step->what >> 1 & 7) {
	case 0:
		access_model(MODEL_UART, index, step);
		break;
	case 1:
		access_model(buses[step->vcpu / VCPUS % ARRAY_COUNT(buses)], index, step);
		break;
	case 2:
		access_model(MODEL_LAPIC, index, step);
		break;
	case 3:
		access_model(MODEL_IOAPIC, index, step);
		break;
	case 4:
		access_model(step->offset & 1 ? MODEL_RESET : MODEL_SLEEP, index, step);
		break;
	case 5:
		vuart_input(&bench.vm, (uint8_t)step->value);
		break;
	case 6:
		(void)vlapic_read(vcpu, step->offset & 0xff0, &value);
		(void)vlapic_write(vcpu, step->offset & 0xff0,
				   (uint64_t)step->value << (step->what >> 4));
		break;
	default:
		(void)vlapic_write(vcpu, LAPIC_BASE_MSR,
				   UINT64_C(0xfee00000) | (step->value & 0xf00));
		break;
	}
}

static void check(void)
{
	const struct vuart *uart = bench.vm.device_state[MODEL_UART];
	const struct vioapic *ioapic = bench.vm.device_state[MODEL_IOAPIC];
	bool is_line_high = (ioapic->level & 1u << VUART_PIN) != 0;

	FUZZ_CHECK(uart->input_count <= VUART_BACKLOG && uart->input_head < VUART_BACKLOG);
	FUZZ_CHECK(uart->is_line_high == is_line_high);
	FUZZ_CHECK(fake_lapic.ipi_count == 0); /* IPIs go through vcpu_interrupt() only */
	for (uint32_t i = 0; i < 4; i++) {     /* sensors and pins: never the real ones */
		FUZZ_CHECK(fake_lapic.reg[(LAPIC_LVT_THERMAL + i * 16) / 16] == LAPIC_LVT_MASKED);
	}
	FUZZ_CHECK((fake_lapic.reg[LAPIC_LVT_TIMER / 16] & ~0x300ffu) == 0);
	FUZZ_CHECK((fake_lapic.reg[LAPIC_SVR / 16] & ~0x1ffu) == 0);
	for (uint32_t vector = 0; vector < 256; vector++) {
		FUZZ_CHECK(bench.interrupted[vector] >> VCPUS == 0);
	}
	for (uint32_t i = 0; i < VCPUS; i++) {
		uint64_t base = bench.vcpus[i].arch.apic_base;

		FUZZ_CHECK((base & ~UINT64_C(0xd00)) == UINT64_C(0xfee00000));
		FUZZ_CHECK((base & 0xc00) != 0x400);
		FUZZ_CHECK(bench.vcpus[i].arch.is_x2apic == ((base & 0xc00) == 0xc00));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step step;

	bench_start(VCPUS);
	guest_pci_build(bench.vm.image.pci, CONFIG_DEVICE_CHANNEL0);
	vpci_reset(&bench.vm);
	atomic_store(&bench.vm.state, VM_RUNNING);
	fake_lapic.is_x2apic = size % 2 != 0;
	for (size_t at = 0; at + sizeof(step) <= size && at < 512 * sizeof(step);
	     at += sizeof(step)) {
		memcpy(&step, data + at, sizeof(step));
		do_step(&step);
	}
	check();
	return 0;
}
