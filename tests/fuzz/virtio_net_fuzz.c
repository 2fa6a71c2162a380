/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of the switch: two drivers that write anything to their devices and rings, starts and
 * stops in between; a third partition that has given no buffer keeps its memory. */
/* Links: tests/tap.c boot/guest_pci.c @models */
#include "fuzz.h"

#include "host/virtio_net_bench.h"

#define FRAME UINT64_C(0x800)
#define RINGS UINT64_C(0x1000) /* what is written to, and a little behind them */

struct step {
	uint8_t what;
	uint8_t station;
	uint16_t offset;
	uint32_t value;
};

/* Queues of 8 entries, so that little input reaches far: four buffers, and a broadcast to send. */
static void set_up(uint32_t station)
{
	static const uint8_t frame[] = {0, 0, 0, 0,   0,   0,   0,   0,   0,
					0, 0, 0, 255, 255, 255, 255, 255, 255};

	as(station);
	memset(driver_memory(0), 0, RINGS);
	stations[station].vm.state = VM_RUNNING;
	reset_models(&stations[station]);
	memcpy(driver_memory(FRAME), frame, sizeof(frame));
	memcpy(driver_memory(FRAME + sizeof(frame)),
	       stations[station].vm.image.pci[PLATFORM_SLOT_NET].config, 6);
	set(0x14, 1, 3);
	set(0x08, 4, 1);
	set(0x0c, 4, 1);
	set(0x14, 1, 11);
	for (uint32_t i = 0; i < PLATFORM_NET_QUEUES; i++) {
		set(0x16, 2, i);
		set(0x18, 2, 8);
		set(0x20, 4, i * UINT64_C(0x200));
		set(0x28, 4, i * UINT64_C(0x200) + 0x80);
		set(0x30, 4, i * UINT64_C(0x200) + 0xc0);
		set(0x1c, 2, 1);
	}
	set(0x14, 1, 15);
	for (uint16_t i = 0; i < 8; i++) {
		driver_describe(0, i, 0x1000, 0x600, DRIVER_WRITE, 0);
		driver_describe(0x200, i, FRAME, 12 + 14 + i * 100u, 0, 0);
	}
	*driver_word(0x82) = 4;
}

static void take(const struct step *step)
{
	struct vm *vm = &stations[step->station & 1].vm;

	as(step->station & 1);
	switch (step->what & 7) {
	case 0:
		set(step->offset % PLATFORM_PCI_PORTS_EACH, 1u << (step->what >> 4 & 1),
		    step->value);
		break;
	case 1:
		(void)get(step->offset % PLATFORM_PCI_PORTS_EACH, 1u << (step->what >> 4 & 1));
		break;
	case 2:
		memcpy(driver_memory(step->offset % RINGS), &step->value, sizeof(step->value));
		break;
	case 3:
		set_up(step->station & 1);
		break;
	case 4:
		vm->state = vm->state == VM_RUNNING ? VM_STOPPING : VM_RUNNING;
		break;
	default:
		*driver_word(0x282) = (uint16_t)(*driver_word(0x282) + (step->value & 1));
		set(PLATFORM_VIRTIO_NOTIFY, 2, step->what & 1 ? TRANSMIT : RECEIVE);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step step;

	if (bench.vm_count == 0) {
		start_all();
		as(2);
		memset(driver_memory(0), 0x5a, RINGS);
	}
	set_up(0);
	set_up(1);
	for (size_t at = 0; at + sizeof(step) <= size; at += sizeof(step)) {
		memcpy(&step, data + at, sizeof(step));
		take(&step);
	}
	FUZZ_CHECK(fake_memory.window[0].value == 0 && fake_memory.window[1].value == 0);
	as(2);
	for (uint64_t i = 0; i < RINGS; i++) {
		FUZZ_CHECK(*driver_memory(i) == 0x5a);
	}
	return 0;
}
