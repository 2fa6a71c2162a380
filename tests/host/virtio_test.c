/* SPDX-License-Identifier: Apache-2.0 */
/* Virtio devices as a driver sees them: registers, MSI-X, the console, the random source. */
/* Links: boot/guest_pci.c @models */
#include "host/virtio_bench.h"

#define NEEDS_RESET   64u
#define CONSOLE_QUEUE 8u /* entries in each of the queues below */
#define VECTOR        0x50u

/* --- the driver's side of a device --------------------------------------------------------------
 */

static uint64_t get(uint32_t offset, uint32_t size)
{
	return bench_read(MODEL_VIRTIO, 0, CONSOLE * PLATFORM_PCI_PORTS_EACH + offset, size) &
	       size_mask(size);
}

static void set(uint32_t offset, uint32_t size, uint64_t value)
{
	bench_write(MODEL_VIRTIO, 0, CONSOLE * PLATFORM_PCI_PORTS_EACH + offset, size, value);
}

static uint32_t msix(uint32_t vector, uint32_t word)
{
	return CONSOLE * PLATFORM_PCI_MEMORY_EACH + vector * 16 + word * 4;
}

static struct virtqueue queue_of(uint32_t queue)
{
	struct virtqueue result = driver_queue(CONSOLE_QUEUE);
	uint64_t distance = queue * UINT64_C(0x10000);

	result.descriptors += distance;
	result.available += distance;
	result.used += distance;
	return result;
}

static void set_queue(uint32_t queue)
{
	struct virtqueue wanted = queue_of(queue);

	set(0x16, 2, queue);
	set(0x18, 2, CONSOLE_QUEUE);
	set(0x1a, 2, queue + 1);
	set(0x20, 4, wanted.descriptors);
	set(0x24, 4, 0);
	set(0x28, 4, wanted.available);
	set(0x30, 4, wanted.used);
	set(0x1c, 2, 1);
}

/* As the standard's "Device Initialization"; vector n of the function is VECTOR + n at vCPU 1. */
static void drive(uint64_t features)
{
	set_config(CONSOLE, 0x42, 2, 0x8000);
	for (uint32_t i = 0; i <= PLATFORM_CONSOLE_QUEUES; i++) {
		bench_write(MODEL_MSIX, 0, msix(i, 0), 8, 0xfee01000);
		bench_write(MODEL_MSIX, 0, msix(i, 2), 8, VECTOR + i);
	}
	set(0x14, 1, 0);
	set(0x14, 1, 1);
	set(0x14, 1, 3);
	set(0x08, 4, 0);
	set(0x0c, 4, features & UINT32_MAX);
	set(0x08, 4, 1);
	set(0x0c, 4, features >> 32);
	set(0x14, 1, 11);
	set(0x10, 2, 0);
	for (uint32_t i = 0; i < PLATFORM_CONSOLE_QUEUES; i++) {
		set_queue(i);
	}
	set(0x14, 1, 15);
}

#define VERSION_1 (UINT64_C(1) << 32)

static void negotiates_features(void)
{
	start(CONFIG_DEVICE_CONSOLE);
	set(0x00, 4, 0);
	TAP_EQUAL(get(0x04, 4), 3u | 1u << 28 | 1u << 29);
	set(0x00, 4, 1);
	TAP_EQUAL(get(0x04, 4), 1);
	set(0x00, 4, 2);
	TAP_EQUAL(get(0x04, 4), 0);
	drive(VERSION_1);
	TAP_EQUAL(get(0x14, 1), 15);
	drive(VERSION_1 | 1u << 5); /* was not offered */
	TAP_EQUAL(get(0x14, 1) & 8, 0);
	drive(1); /* without version 1 */
	TAP_EQUAL(get(0x14, 1) & 8, 0);
	drive(VERSION_1);
	set(0x08, 4, 0);
	set(0x0c, 4, 1u << 29); /* after FEATURES_OK: too late */
	TAP_EQUAL(get(0x0c, 4), 0);
	set(0x14, 1, 0);
	TAP_EQUAL(get(0x14, 1), 0);
	TAP_EQUAL(get(0x1c, 2), 0);
	TAP_EQUAL(get(0x12, 2), PLATFORM_CONSOLE_QUEUES);
}

static void offer(uint32_t queue, uint16_t index, uint64_t address, uint32_t size, bool is_write)
{
	struct virtqueue wanted = queue_of(queue);

	driver_describe(wanted.descriptors, index, address, size,
			(uint16_t)(is_write ? DRIVER_WRITE : 0), 0);
	driver_offer(&wanted, index);
}

static void console_writes(void)
{
	start(CONFIG_DEVICE_CONSOLE);
	drive(VERSION_1);
	memcpy(driver_memory(0x80000), "Hello, world\n", 13);
	offer(1, 0, 0x80000, 7, false);
	offer(1, 1, 0x80007, 6, false);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 1);
	TAP_TEXT(bench.output, "Hello, world\n");
	TAP_EQUAL(bench.input_again_count, 1); /* what was typed goes here now */
	TAP_EQUAL(*driver_word(queue_of(1).used + 2), 2);
	TAP_EQUAL(bench.interrupted[VECTOR + 2], 2); /* once: bit of vCPU 1 */
	TAP_EQUAL(bench.interrupt_count, 1);
	TAP_EQUAL(get(PLATFORM_VIRTIO_ISR, 1), 1);
	TAP_EQUAL(get(PLATFORM_VIRTIO_ISR, 1), 0);
	set(PLATFORM_VIRTIO_NOTIFY, 2, PLATFORM_CONSOLE_QUEUES); /* no such queue */
	set(PLATFORM_VIRTIO_NOTIFY, 2, 1);
	TAP_EQUAL(bench.interrupt_count, 1);
}

static void console_reads(void)
{
	start(CONFIG_DEVICE_CONSOLE);
	TAP_CHECK(virtio_console_takes_input(&bench.vm));
	virtio_console_input(&bench.vm, 'x'); /* no driver yet: lost */
	drive(VERSION_1);
	virtio_console_input(&bench.vm, 'y'); /* nobody has asked: lost */
	TAP_CHECK(!virtio_console_takes_input(&bench.vm));
	TAP_EQUAL(bench.input_again_count, 0);
	offer(0, 0, 0x80000, 16, true);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 0);
	TAP_EQUAL(bench.input_again_count, 1); /* what has waited may come */
	TAP_CHECK(virtio_console_takes_input(&bench.vm));
	virtio_console_input(&bench.vm, 'z');
	virtio_console_input(&bench.vm, '!');
	TAP_EQUAL(driver_memory(0x80000)[0], 'z');
	TAP_EQUAL(driver_memory(0x80000)[1], 0);
	TAP_EQUAL(*driver_word(queue_of(0).used + 2), 1);
	TAP_EQUAL(bench.interrupted[VECTOR + 1], 2);
	TAP_CHECK(!virtio_console_takes_input(&bench.vm));
	set(0x14, 1, 0); /* nobody to wait for */
	TAP_CHECK(virtio_console_takes_input(&bench.vm));
}

/* The driver says that it is ready, hears of the port, says that the port is, hears the rest. */
static void console_port_is_announced(void)
{
	static const uint16_t wanted[] = {1, 4, 5, 6};

	start(CONFIG_DEVICE_CONSOLE);
	drive(VERSION_1 | 3);
	TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG + 4, 4), 1);
	driver_memory(0x80006)[0] = 1;
	offer(3, 0, 0x80000, 8, false);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 3);
	for (uint16_t i = 0; i < 4; i++) {
		offer(2, i, 0x90000 + i * UINT64_C(16), 16, true);
	}
	set(PLATFORM_VIRTIO_NOTIFY, 2, 2); /* buffers come after the event */
	TAP_EQUAL(*driver_word(queue_of(2).used + 2), 1);
	driver_memory(0x80104)[0] = 3;
	driver_memory(0x80106)[0] = 1;
	offer(3, 1, 0x80100, 8, false);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 3);
	TAP_EQUAL(*driver_word(queue_of(2).used + 2), 4);
	for (uint32_t i = 0; i < 4; i++) {
		TAP_EQUAL(*driver_word(0x90004 + i * UINT64_C(16)), wanted[i]);
	}
	TAP_EQUAL(*driver_word(0x90000 + 2 * 16 + 8), 80);
	TAP_EQUAL(*driver_word(0x90000 + 2 * 16 + 10), 25);
}

/* By the configuration and its interrupt; by an event as well where ports are spoken of. */
static void console_can_be_resized(void)
{
	start(CONFIG_DEVICE_CONSOLE);
	bench.vm.image.pci[CONSOLE].config[0] = 50 << 16 | 132;
	virtio_console_resize(&bench.vm); /* no driver: it will read it */
	TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG, 4), 50 << 16 | 132);
	TAP_EQUAL(bench.interrupt_count, 0);
	drive(VERSION_1 | 3); /* resets it, and it keeps its size */
	TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG, 4), 50 << 16 | 132);
	TAP_EQUAL(get(0x15, 1), 0);
	bench.vm.image.pci[CONSOLE].config[0] = 24 << 16 | 90;
	virtio_console_resize(&bench.vm);
	TAP_EQUAL(get(0x15, 1), 1); /* config_generation */
	TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG, 4), 24 << 16 | 90);
	TAP_EQUAL(get(PLATFORM_VIRTIO_CONFIG + 4, 4), 1);
	TAP_EQUAL(bench.interrupted[VECTOR], 2);
	TAP_EQUAL(get(PLATFORM_VIRTIO_ISR, 1), 2);
	TAP_EQUAL(*driver_word(queue_of(2).used + 2), 0); /* no buffer yet */
	offer(2, 0, 0x90000, 16, true);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 2);
	TAP_EQUAL(*driver_word(queue_of(2).used + 2), 1);
	offer(2, 1, 0x90010, 16, true);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 2);
	TAP_EQUAL(*driver_word(queue_of(2).used + 2), 1); /* nothing new */
	bench.vm.image.pci[CONSOLE].config[0] = 25 << 16 | 91;
	virtio_console_resize(&bench.vm);
	TAP_EQUAL(*driver_word(queue_of(2).used + 2), 2);
	TAP_EQUAL(*driver_word(0x90004), 5); /* VIRTIO_CONSOLE_RESIZE */
	TAP_EQUAL(*driver_word(0x90008), 90);
	TAP_EQUAL(*driver_word(0x9000a), 24);
	TAP_EQUAL(*driver_word(0x90018), 91);
	TAP_EQUAL(*driver_word(0x9001a), 25);
	TAP_EQUAL(*driver_word(0x9001c), 0);
}

/* A broken ring stops the device and nothing else; its reset brings it back. */
static void bad_rings_stop_the_device(void)
{
	start(CONFIG_DEVICE_CONSOLE);
	drive(VERSION_1);
	offer(1, 0, DRIVER_RAM, 1, false);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 1);
	TAP_EQUAL(get(0x14, 1), 15 | NEEDS_RESET);
	TAP_EQUAL(bench.interrupted[VECTOR], 2); /* the configuration's vector */
	memcpy(driver_memory(0x80000), "x", 1);
	offer(1, 1, 0x80000, 1, false);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 1);
	TAP_EQUAL(bench.output_count, 0);
	set(0x14, 1, 15); /* no way out but the reset */
	TAP_EQUAL(get(0x14, 1), 15 | NEEDS_RESET);
	memset(driver_memory(0), 0, 0x40000);
	drive(VERSION_1);
	offer(1, 1, 0x80000, 1, false);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 1);
	TAP_EQUAL(bench.output_count, 1);
}

static void offer_once_more(void)
{
	offer(1, 0, 0x80000, 1, false);
}

/* Another vCPU that adds requests without end does not keep the CPU in the hypervisor. */
static void floods_are_taken_in_pieces(void)
{
	start(CONFIG_DEVICE_CONSOLE);
	drive(VERSION_1);
	bench.on_output = offer_once_more;
	offer(1, 0, 0x80000, 1, false);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 1);
	TAP_EQUAL(bench.output_count, VIRTIO_BATCH);
	TAP_CHECK(bench.vcpus[0].is_again);
	bench.on_output = NULL;
	bench.vcpus[0].is_again = false; /* as hv/exit.c, before the guest runs the write again */
	set(PLATFORM_VIRTIO_NOTIFY, 2, 1);
	TAP_EQUAL(bench.output_count, VIRTIO_BATCH + 1);
	TAP_CHECK(!bench.vcpus[0].is_again);
	TAP_EQUAL(get(0x14, 1), 15);
}

/* Segments may overlap: 32 times all RAM in one request, and another request behind it. */
static void long_requests_are_cut(void)
{
	uint64_t table = queue_of(1).descriptors;

	start(CONFIG_DEVICE_CONSOLE);
	drive(VERSION_1);
	for (uint16_t i = 0; i < 32; i++) {
		driver_describe(DRIVER_INDIRECT, i, 0, (uint32_t)DRIVER_RAM,
				i < 31 ? DRIVER_NEXT : 0, (uint16_t)(i + 1));
	}
	offer(1, 0, DRIVER_INDIRECT, 32 * 16, false);
	driver_describe(table, 0, DRIVER_INDIRECT, 32 * 16, DRIVER_IS_TABLE, 0);
	offer(1, 1, 0x80000, 5, false);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 1);
	TAP_EQUAL(bench.output_count, 32768);
	TAP_CHECK(bench.vcpus[0].is_again);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 1);
	TAP_EQUAL(bench.output_count, 32773);
	TAP_CHECK(!bench.vcpus[0].is_again);
	TAP_EQUAL(*driver_word(queue_of(1).used + 2), 2);
}

static void entropy_fills_buffers(void)
{
	static const uint8_t none[64];
	uint32_t base = PLATFORM_SLOT_ENTROPY * PLATFORM_PCI_PORTS_EACH;

	start(CONFIG_DEVICE_ENTROPY);
	TAP_EQUAL(config(PLATFORM_SLOT_ENTROPY, 0, 4), 0x10441af4);
	bench_write(MODEL_VIRTIO, 0, base + 0x08, 4, 1);
	bench_write(MODEL_VIRTIO, 0, base + 0x0c, 4, 1);
	bench_write(MODEL_VIRTIO, 0, base + 0x14, 1, 11);
	bench_write(MODEL_VIRTIO, 0, base + 0x18, 2, CONSOLE_QUEUE);
	bench_write(MODEL_VIRTIO, 0, base + 0x20, 4, queue_of(0).descriptors);
	bench_write(MODEL_VIRTIO, 0, base + 0x28, 4, queue_of(0).available);
	bench_write(MODEL_VIRTIO, 0, base + 0x30, 4, queue_of(0).used);
	bench_write(MODEL_VIRTIO, 0, base + 0x1c, 2, 1);
	bench_write(MODEL_VIRTIO, 0, base + 0x14, 1, 15);
	offer(0, 0, 0x80000, 16, true);
	offer(0, 1, 0x80040, 4000, true);
	offer(0, 2, 0x90000, 16, false); /* nothing to write to */
	bench_write(MODEL_VIRTIO, 0, base + PLATFORM_VIRTIO_NOTIFY, 2, 0);
	TAP_EQUAL(*driver_word(queue_of(0).used + 2), 3);
	TAP_EQUAL(*driver_word(queue_of(0).used + 8), 16);
	TAP_EQUAL(*driver_word(queue_of(0).used + 16), 64); /* as much as it gives at a time */
	TAP_EQUAL(*driver_word(queue_of(0).used + 24), 0);
	TAP_CHECK(memcmp(driver_memory(0x80000), none, 16) != 0);
	TAP_CHECK(memcmp(driver_memory(0x80000), driver_memory(0x80040), 16) != 0);
	TAP_EQUAL(memcmp(driver_memory(0x80010), none, 48), 0);
	TAP_EQUAL(memcmp(driver_memory(0x80080), none, 64), 0);
}

static void bad_queues_are_not_enabled(void)
{
	start(CONFIG_DEVICE_CONSOLE);
	set(0x16, 2, 0);
	set(0x1c, 2, 1); /* before FEATURES_OK, and at address 0 */
	TAP_EQUAL(get(0x1c, 2), 0);
	TAP_EQUAL(get(0x14, 1), NEEDS_RESET);
	drive(VERSION_1);
	set(0x16, 2, 0);
	set(0x20, 4, 0x555000); /* enabled: stays as it is */
	TAP_EQUAL(get(0x20, 4), queue_of(0).descriptors);
	set(0x16, 2, 99);
	set(0x1c, 2, 1);
	TAP_EQUAL(get(0x18, 2), 0);
	set(0x14, 1, 0);
	set(0x16, 2, 1);
	set(0x1a, 2, PLATFORM_CONSOLE_QUEUES + 1); /* no such vector */
	TAP_EQUAL(get(0x1a, 2), 0xffff);
}

static void vectors_can_be_masked(void)
{
	start(CONFIG_DEVICE_CONSOLE);
	drive(VERSION_1);
	bench_write(MODEL_MSIX, 0, msix(2, 3), 4, 1);
	offer(1, 0, 0x80000, 1, false);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 1);
	TAP_EQUAL(bench.interrupt_count, 0);
	TAP_EQUAL((uint32_t)bench_read(MODEL_MSIX, 0, msix(0, 0) + PLATFORM_PCI_MSIX_PENDING, 4),
		  4);
	set_config(CONSOLE, 0x42, 2, 0xc000); /* all of the function's, too */
	bench_write(MODEL_MSIX, 0, msix(2, 3), 4, 0);
	TAP_EQUAL(bench.interrupt_count, 0);
	set_config(CONSOLE, 0x42, 2, 0x8000);
	TAP_EQUAL(bench.interrupted[VECTOR + 2], 2);
	TAP_EQUAL(bench.interrupt_count, 1);
	TAP_EQUAL((uint32_t)bench_read(MODEL_MSIX, 0, msix(0, 0) + PLATFORM_PCI_MSIX_PENDING, 4),
		  0);
	TAP_EQUAL(bench_read(MODEL_MSIX, 0, msix(2, 0), 8), 0xfee01000);
	bench_write(MODEL_MSIX, 0, msix(2, 0), 8, 0x12345000); /* not a local APIC */
	offer(1, 1, 0x80000, 1, false);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 1);
	TAP_EQUAL(bench.interrupt_count, 1);
	bench_write(MODEL_MSIX, 0, msix(0, 0) + 1, 4, UINT32_MAX); /* not aligned */
	bench_write(MODEL_MSIX, 0, msix(0, 0) + 0x900, 4, UINT32_MAX);
	TAP_EQUAL((uint32_t)bench_read(MODEL_MSIX, 0, msix(0, 0), 4), 0xfee01000);
	/* A slot without a device, and the bridge: nobody. */
	TAP_EQUAL(bench_read(MODEL_MSIX, 0, 2 * PLATFORM_PCI_MEMORY_EACH, 8), ~UINT64_C(0));
	TAP_EQUAL(bench_read(MODEL_MSIX, 0, 0, 8), ~UINT64_C(0));
}

static const struct tap_case cases[] = {
	{"negotiates features", negotiates_features},
	{"console writes", console_writes},
	{"console reads", console_reads},
	{"console port is announced", console_port_is_announced},
	{"console can be resized", console_can_be_resized},
	{"bad rings stop the device", bad_rings_stop_the_device},
	{"floods are taken in pieces", floods_are_taken_in_pieces},
	{"long requests are cut", long_requests_are_cut},
	{"entropy fills buffers", entropy_fills_buffers},
	{"bad queues are not enabled", bad_queues_are_not_enabled},
	{"vectors can be masked", vectors_can_be_masked},
};

TAP_MAIN(cases)
