/* SPDX-License-Identifier: Apache-2.0 */
/* The channel between partitions: its function on the bus, both doors, and who a doorbell reaches.
 */
/* Links: boot/guest_pci.c @models */
#include "host/virtio_bench.h"

#include "vchannel.h"

#define SLOT     PLATFORM_SLOT_CHANNEL
#define POSITION 8u
#define DOORBELL 12u
#define VECTOR   0x60u /* + MSI-X vector: what the peers want to get */

/* VM 1 has the device, VM 2 has not. */
static struct vm peers[2];
static struct boot_image images[2];
static struct vcpu peer_vcpus[2];
static struct vpci buses[2];

/* MSI-X on, every vector to vCPU 0. */
static void enable_msix(struct vpci *pci)
{
	struct vpci_function *function = &pci->functions[SLOT];

	function->config[BOOT_PCI_MSIX] |= BIT32(31);
	for (uint32_t i = 0; i < VPCI_VECTOR_MAX; i++) {
		function->vectors[i] = (struct vpci_vector){0xfee00000, VECTOR + i, 0};
	}
}

static void start_peers(void)
{
	start(CONFIG_DEVICE_CHANNEL0);
	atomic_store(&bench.vm.state, VM_RUNNING);
	enable_msix(bench.vm.device_state[MODEL_PCI]);
	memset(peers, 0, sizeof(peers));
	memset(buses, 0, sizeof(buses));
	for (uint32_t i = 0; i < 2; i++) {
		guest_pci_build(images[i].pci,
				i == 0 ? CONFIG_DEVICE_CHANNEL0 : CONFIG_DEVICE_CONSOLE);
		peers[i].id = i + 1;
		peers[i].image = images[i];
		peers[i].vcpus[0] = &peer_vcpus[i];
		peers[i].vcpu_count = 1;
		peers[i].device_state[MODEL_PCI] = &buses[i];
		peer_vcpus[i] = (struct vcpu){.vm = &peers[i], .index = 10 + i};
		vpci_reset(&peers[i]);
		enable_msix(&buses[i]);
		atomic_store(&peers[i].state, VM_RUNNING);
		bench.vms[i + 1] = &peers[i];
		bench.vm_count = i + 2;
	}
}

/* Rings; returns which vCPU got which vector, or UINT32_MAX: nobody got anything. */
static uint32_t ring(uint32_t door, uint32_t value)
{
	bench_clear();
	bench_write(door, 0, DOORBELL, 4, value);
	for (uint32_t vector = 0; vector < 256; vector++) {
		if (bench.interrupted[vector] != 0) {
			TAP_EQUAL(bench.interrupt_count, 1);
			return (uint32_t)__builtin_ctzll(bench.interrupted[vector]) << 8 | vector;
		}
	}
	TAP_EQUAL(bench.interrupt_count + bench.request_count, 0);
	return UINT32_MAX;
}

static void function_is_ivshmem(void)
{
	start_peers();
	TAP_EQUAL(config(SLOT, 0x00, 4), 0x11101af4);
	TAP_EQUAL(config(SLOT, 0x08, 4), 0x05000001);
	TAP_EQUAL(config(SLOT, 0x10, 4), 0xe0100000u);
	TAP_EQUAL(config(SLOT, 0x14, 4), 0xe0005000u);
	TAP_EQUAL(config(SLOT, 0x18, 4), 0xe0200008u);
	TAP_EQUAL(config(SLOT, 0x1c, 4), 0x1501);
	TAP_EQUAL(config(SLOT, 0x2c, 4), 0x11001af4);
	for (uint32_t bar = 0x10; bar < 0x28; bar += 4) {
		set_config(SLOT, bar, 4, UINT32_MAX);
	}
	TAP_EQUAL(config(SLOT, 0x10, 4), 0xfffff000u);
	TAP_EQUAL(config(SLOT, 0x18, 4), 0xffe00008u); /* 2 MiB, prefetchable */
	TAP_EQUAL(config(SLOT, 0x1c, 4), 0xffffff01u);
	TAP_EQUAL(config(SLOT, 0x20, 4), 0);
	TAP_EQUAL(config(SLOT, 0x34, 1), 0x40);
	TAP_EQUAL(config(SLOT, 0x40, 4) & 0x7fffffff,
		  0x11 | 7 << 16); /* 8 vectors, the last capability */
}

static void registers_behind_both_doors(void)
{
	static const uint32_t doors[] = {MODEL_CHANNEL, MODEL_CHANNEL_PAGE};

	start_peers();
	TAP_CHECK(MODEL_CHANNEL < MODEL_VIRTIO); /* whose ports hold the channel's */
	for (uint32_t i = 0; i < ARRAY_COUNT(doors); i++) {
		bench.vm.id = 7;
		TAP_EQUAL(bench_read(doors[i], 0, POSITION, 4), 7);
		bench.vm.id = 0;
		TAP_EQUAL(bench_read(doors[i], 0, POSITION, 4), 0);
		bench_write(doors[i], 0, 0, 4, UINT32_MAX);
		bench_write(doors[i], 0, 4, 4, UINT32_MAX);
		TAP_EQUAL(bench_read(doors[i], 0, 0, 4), 0);
		TAP_EQUAL(bench_read(doors[i], 0, 4, 4), 0);
		TAP_EQUAL(bench_read(doors[i], 0, DOORBELL, 4), 0);
		TAP_EQUAL(ring(doors[i], 1 << 16 | 3), 10 << 8 | (VECTOR + 3));
		TAP_EQUAL(ring(doors[i], 0 << 16 | 7), 0 << 8 | (VECTOR + 7)); /* itself */
	}
	TAP_EQUAL(bench_read(MODEL_CHANNEL_PAGE, 0, 0xff8, 8), 0);
}

/* Whatever is not a doorbell of four bytes rings nothing. */
static void half_a_doorbell_is_none(void)
{
	start_peers();
	bench_clear();
	bench_write(MODEL_CHANNEL, 0, DOORBELL, 2, 1 << 16);
	bench_write(MODEL_CHANNEL, 0, DOORBELL, 1, 1 << 16);
	bench_write(MODEL_CHANNEL, 0, DOORBELL + 2, 2, 1);
	bench_write(MODEL_CHANNEL_PAGE, 0, POSITION, 8, UINT64_C(1) << 48);
	bench_write(MODEL_CHANNEL_PAGE, 0, DOORBELL, 8, 1 << 16);
	for (uint32_t offset = 0; offset < 0x1000; offset += 4) {
		if (offset != DOORBELL) {
			bench_write(MODEL_CHANNEL_PAGE, 0, offset, 4, 1 << 16);
		}
	}
	TAP_EQUAL(bench.interrupt_count, 0);
	TAP_CHECK(ring(MODEL_CHANNEL, 1 << 16) != UINT32_MAX);
}

static void nobody_hears_a_wrong_number(void)
{
	start_peers();
	for (uint32_t vector = 0; vector <= UINT16_MAX; vector++) {
		TAP_CHECK((ring(MODEL_CHANNEL, 1 << 16 | vector) != UINT32_MAX) ==
			  (vector < PLATFORM_CHANNEL_VECTORS));
	}
	for (uint32_t peer = 0; peer <= UINT16_MAX; peer++) {
		TAP_CHECK((ring(MODEL_CHANNEL, peer << 16) != UINT32_MAX) == (peer < 2));
	}
	TAP_EQUAL(buses[1].functions[SLOT].pending, 0); /* VM 2 has no such device */
}

static void only_running_peers_hear(void)
{
	start_peers();
	atomic_store(&peers[0].state, VM_STOPPING);
	TAP_EQUAL(ring(MODEL_CHANNEL, 1 << 16), UINT32_MAX);
	atomic_store(&peers[0].state, VM_STOPPED);
	peers[0].device_state[MODEL_PCI] = NULL; /* as of a VM that could not be made */
	TAP_EQUAL(ring(MODEL_CHANNEL, 1 << 16), UINT32_MAX);
	peers[0].device_state[MODEL_PCI] = &buses[0];
	atomic_store(&peers[0].state, VM_RUNNING);
	TAP_CHECK(ring(MODEL_CHANNEL, 1 << 16) != UINT32_MAX);
	TAP_EQUAL(atomic_load(&peers[0].lock.next), atomic_load(&peers[0].lock.serving));
	buses[0].functions[SLOT].config[BOOT_PCI_MSIX] &= ~BIT32(31);
	TAP_EQUAL(ring(MODEL_CHANNEL, 1 << 16), UINT32_MAX);
	TAP_EQUAL(buses[0].functions[SLOT].pending, 0);
}

static bool is_held(struct spin_lock *lock)
{
	return atomic_load(&lock->next) != atomic_load(&lock->serving);
}

static void check_receiver_is_held(struct vcpu *vcpu)
{
	TAP_CHECK(vcpu == &peer_vcpus[0]);
	TAP_CHECK(is_held(&peers[0].lock));
	TAP_CHECK(!is_held(&bench.vm.lock));
}

/* Against a start of the receiver, which resets its devices under the same lock (vm_life_test). */
static void a_ring_holds_the_receiver(void)
{
	start_peers();
	bench.on_interrupt = check_receiver_is_held;
	TAP_CHECK(ring(MODEL_CHANNEL, 1 << 16) != UINT32_MAX);
	TAP_CHECK(!is_held(&peers[0].lock));
	atomic_store(&peers[0].state, VM_STOPPED);
	TAP_EQUAL(ring(MODEL_CHANNEL, 1 << 16), UINT32_MAX);
	TAP_CHECK(!is_held(&peers[0].lock));
}

/* A masked vector waits at the receiver, once however often it is rung. */
static void masked_vectors_wait(void)
{
	start_peers();
	buses[0].functions[SLOT].vectors[2].control = 1;
	for (uint32_t i = 0; i < 3; i++) {
		TAP_EQUAL(ring(MODEL_CHANNEL, 1 << 16 | 2), UINT32_MAX);
	}
	TAP_EQUAL(buses[0].functions[SLOT].pending, 1 << 2);
	device_models[MODEL_MSIX].write(&peer_vcpus[0],
					SLOT * PLATFORM_PCI_MEMORY_EACH + 2 * 16 + 12, 4, 0);
	TAP_EQUAL(bench.interrupt_count, 1);
	TAP_EQUAL(bench.interrupted[VECTOR + 2], UINT64_C(1) << 10);
}

static void who_has_no_channel_has_no_doors(void)
{
	start_peers();
	guest_pci_build(bench.vm.image.pci, CONFIG_DEVICE_CONSOLE);
	vpci_reset(&bench.vm);
	TAP_EQUAL(config(SLOT, 0, 4), UINT32_MAX);
	TAP_EQUAL((uint32_t)bench_read(MODEL_CHANNEL, 0, POSITION, 4), UINT32_MAX);
	TAP_EQUAL((uint32_t)bench_read(MODEL_CHANNEL_PAGE, 0, POSITION, 4), UINT32_MAX);
	TAP_EQUAL(ring(MODEL_CHANNEL, 1 << 16), UINT32_MAX);
	TAP_EQUAL(ring(MODEL_CHANNEL_PAGE, 1 << 16), UINT32_MAX);
}

static const struct tap_case cases[] = {
	{"function is ivshmem's", function_is_ivshmem},
	{"registers behind both doors", registers_behind_both_doors},
	{"half a doorbell is none", half_a_doorbell_is_none},
	{"nobody hears a wrong number", nobody_hears_a_wrong_number},
	{"only running peers hear", only_running_peers_hear},
	{"a ring holds the receiver", a_ring_holds_the_receiver},
	{"masked vectors wait", masked_vectors_wait},
	{"who has no channel has no doors", who_has_no_channel_has_no_doors},
};

TAP_MAIN(cases)
