/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of virtio devices: a driver that writes anything anywhere, its rings included; and a
 * server of its disk that gives any arguments. */
/* Links: tests/tap.c boot/guest_pci.c @models */
#include "fuzz.h"

#include "fake.h"
#include "guest_pci.h"
#include "host/model_bench.h"
#include "host/virtqueue_driver.h"
#include "hv/device.h"
#include "hv/guest_mem.h"
#include "manage_abi.h"
#include "models.h"
#include "virtio.h"

#define DEVICES (CONFIG_DEVICE_CONSOLE | CONFIG_DEVICE_BLOCK0)
/* The disk ends with the host's memory, and is a page behind what nobody may touch. */
#define DISK_SECTORS 64u
#define DISK         (FAKE_MEMORY_BASE + (UINT64_C(6) << 20) - DISK_SECTORS * 512)
#define GUARD_SIZE   4096u

struct step {
	uint8_t what;
	uint8_t vcpu;
	uint16_t offset;
	uint32_t value;
};

static struct vm manager; /* its RAM: one frame, at the start of the host's */
static uint64_t token;

static void port(uint32_t slot, uint32_t offset, uint32_t size, uint64_t value)
{
	bench_write(MODEL_VIRTIO, 0, slot * PLATFORM_PCI_PORTS_EACH + offset, size, value);
}

/* A console and a disk with queues of 8 entries, so that little input reaches far. */
static void start(void)
{
	bench_start(2);
	fake_memory_init(UINT64_C(6) << 20, UINT64_C(2) << 20);
	bench.vm.extents[0] = (struct vm_extent){
		gpa_from_u64(0), hpa_from_u64(FAKE_MEMORY_BASE + (UINT64_C(2) << 20)), DRIVER_RAM};
	bench.vm.extent_count = 1;
	guest_pci_build(bench.vm.image.pci, DEVICES);
	bench.vm.image.disk_base = DISK;
	bench.vm.image.disk_sectors = DISK_SECTORS;
	atomic_store(&bench.vm.state, VM_RUNNING);
	manager.extents[0] =
		(struct vm_extent){gpa_from_u64(0), hpa_from_u64(FAKE_MEMORY_BASE), FRAME_SIZE};
	manager.extent_count = 1;
}

/* From here on the disk is a served one. */
static void serve(const struct step *step)
{
	gpa_t data = gpa_from_u64(PLATFORM_MANAGE_WINDOW + offsetof(struct manage_window, data));
	struct manage_disk_done done = {.token = token + (step->vcpu & 1),
					.offset = step->value >> 16 & 0xfff,
					.status = step->vcpu >> 1 & 3};
	struct manage_command command = {.opcode = step->vcpu & 0x80 ? MANAGE_DISK_DONE
								     : MANAGE_DISK_TAKE,
					 .argument = step->value >> 16,
					 .data_size = step->value & 0xffff};
	struct manage_disk_request taken;

	bench.vm.config.devices = CONFIG_DEVICE_SERVED0;
	if (command.opcode == MANAGE_DISK_DONE) {
		FUZZ_CHECK(guest_mem_write(&manager.arch, data, &done, sizeof(done)) == HV_OK);
	}
	if (disk_serve(&bench.vm, &manager.arch, data, &command) != MANAGE_OK) {
		return;
	}
	FUZZ_CHECK(command.data_used <= command.data_size);
	if (command.opcode == MANAGE_DISK_TAKE) {
		FUZZ_CHECK(guest_mem_read(&manager.arch, data, &taken, sizeof(taken)) == HV_OK);
		FUZZ_CHECK(taken.size / 512 <= DISK_SECTORS && taken.sector <= DISK_SECTORS);
		token = taken.token;
	}
}

static void drive(uint32_t slot, uint32_t queues, uint64_t rings)
{
	port(slot, 0x14, 1, 3);
	port(slot, 0x08, 4, 1);
	port(slot, 0x0c, 4, 1);
	port(slot, 0x14, 1, 11);
	for (uint32_t i = 0; i < queues; i++) {
		port(slot, 0x16, 2, i);
		port(slot, 0x18, 2, 8);
		port(slot, 0x20, 4, rings + i * UINT64_C(0x200));
		port(slot, 0x28, 4, rings + i * UINT64_C(0x200) + 0x80);
		port(slot, 0x30, 4, rings + i * UINT64_C(0x200) + 0xc0);
		port(slot, 0x1c, 2, 1);
	}
	port(slot, 0x14, 1, 15);
}

static void restart(void)
{
	memset(driver_memory(0), 0, 0x1000);
	vpci_reset(&bench.vm);
	virtio_reset(&bench.vm);
	bench.vm.config.devices = 0;
	drive(PLATFORM_SLOT_CONSOLE, PLATFORM_CONSOLE_QUEUES, 0);
	drive(PLATFORM_SLOT_BLOCK, PLATFORM_BLOCK_QUEUES, 0x800);
}

static void take(const struct step *step)
{
	static const uint32_t models[] = {MODEL_VIRTIO, MODEL_PCI, MODEL_MSIX};
	const struct device_model *model = &device_models[models[step->what % 3]];
	uint32_t size = 1u << (step->what >> 4 & 3);
	uint32_t offset = step->offset % (uint32_t)(model->size - size + 1);

	switch (step->what >> 2 & 3) {
	case 0:
		model->write(&bench.vcpus[step->vcpu & 1], offset, size, step->value);
		break;
	case 1:
		(void)model->read(&bench.vcpus[step->vcpu & 1], offset, size);
		break;
	case 2: /* the rings, and a little behind them */
		memcpy(driver_memory(step->offset % 0x1000), &step->value, sizeof(step->value));
		port(PLATFORM_SLOT_CONSOLE, PLATFORM_VIRTIO_NOTIFY, 2,
		     step->vcpu % PLATFORM_CONSOLE_QUEUES);
		port(PLATFORM_SLOT_BLOCK, PLATFORM_VIRTIO_NOTIFY, 2, 0);
		break;
	default:
		if ((step->what & 0x40) != 0) {
			serve(step);
			break;
		}
		virtio_console_input(&bench.vm, step->vcpu);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *guard;
	struct step step;

	if (bench.vm.extent_count == 0) {
		start();
	}
	restart();
	for (size_t at = 0; at + sizeof(step) <= size; at += sizeof(step)) {
		memcpy(&step, data + at, sizeof(step));
		take(&step);
	}
	FUZZ_CHECK(fake_memory.window[0].value == 0 && fake_memory.window[1].value == 0);
	guard = fake_memory_at(hpa_from_u64(DISK - GUARD_SIZE));
	for (uint32_t i = 0; i < GUARD_SIZE; i++) {
		FUZZ_CHECK(guard[i] == 0xa5);
	}
	return 0;
}
