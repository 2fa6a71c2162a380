/* SPDX-License-Identifier: Apache-2.0 */
/* A VM with a disk of known content, and a driver of it that asks one thing at a time. */
#pragma once

#include "host/virtio_bench.h"

#define BLOCK      PLATFORM_SLOT_BLOCK
#define VECTOR     0x50u
#define QUEUE_SIZE 64u
#define SECTOR     512u
#define SECTORS    3072u
#define LONGEST    (PLATFORM_BLOCK_SEGMENTS * PLATFORM_BLOCK_SEGMENT_SIZE)
/* The disk's place: behind the guest's RAM, and 24 sectors of it before a frame's end. */
#define DISK_BEFORE (24u * SECTOR)
#define DISK        (FAKE_MEMORY_BASE + (UINT64_C(6) << 20) - DISK_BEFORE)

#define HEADER UINT64_C(0x7000)
#define STATUS UINT64_C(0x7100)
#define DATA   UINT64_C(0x20000)

enum { IN, OUT, FLUSH = 4, GET_ID = 8 };
enum { OK, IO_ERROR, UNSUPPORTED, UNTOUCHED = 0xee };

struct segment {
	uint64_t address;
	uint32_t size;
	bool is_writable;
};

static struct virtqueue rings;

static inline uint64_t get(uint32_t offset, uint32_t size)
{
	return bench_read(MODEL_VIRTIO, 0, BLOCK * PLATFORM_PCI_PORTS_EACH + offset, size) &
	       size_mask(size);
}

static inline void set(uint32_t offset, uint32_t size, uint64_t value)
{
	bench_write(MODEL_VIRTIO, 0, BLOCK * PLATFORM_PCI_PORTS_EACH + offset, size, value);
}

static inline uint8_t *disk(uint64_t offset)
{
	return fake_memory_at(hpa_from_u64(DISK + offset));
}

static inline void drive(void)
{
	memset(driver_memory(rings.available), 0, 4);
	memset(driver_memory(rings.used), 0, 4);
	set(0x14, 1, 0);
	set(0x14, 1, 3);
	set(0x08, 4, 0);
	set(0x0c, 4, 1u << 1 | 1u << 2 | 1u << 9 | 1u << 28);
	set(0x08, 4, 1);
	set(0x0c, 4, 1);
	set(0x14, 1, 11);
	set(0x18, 2, QUEUE_SIZE);
	set(0x1a, 2, 1);
	set(0x20, 4, rings.descriptors);
	set(0x28, 4, rings.available);
	set(0x30, 4, rings.used);
	set(0x1c, 2, 1);
	set(0x14, 1, 15);
}

/* A partition with a disk of SECTORS, each byte a function of its place. */
static inline void insert(void)
{
	start(CONFIG_DEVICE_BLOCK0);
	fake_memory_init(UINT64_C(8) << 20, UINT64_C(2) << 20);
	memset(driver_memory(0), 0, DRIVER_RAM);
	for (uint32_t i = 0; i < SECTORS * SECTOR; i++) {
		*disk(i) = (uint8_t)(i / SECTOR * 7 + i);
	}
	bench.vm.image.disk_base = DISK;
	bench.vm.image.disk_sectors = SECTORS;
	bench.vm.image.pci[BLOCK].config[0] = SECTORS; /* as images.c */
	rings = driver_queue(QUEUE_SIZE);
	vpci_reset(&bench.vm);
	virtio_reset(&bench.vm);
	set_config(BLOCK, 0x42, 2, 0x8000);
	bench_write(MODEL_MSIX, 0, BLOCK * PLATFORM_PCI_MEMORY_EACH + 16, 8, 0xfee01000);
	bench_write(MODEL_MSIX, 0, BLOCK * PLATFORM_PCI_MEMORY_EACH + 24, 8, VECTOR);
	drive();
}

static inline void put_header(uint32_t type, uint64_t sector)
{
	memcpy(driver_memory(HEADER), &(uint64_t){type}, 8);
	memcpy(driver_memory(HEADER + 8), &sector, 8);
	*driver_memory(STATUS) = UNTOUCHED;
}

/* Puts a request into the ring, without notification. */
static inline void offer(uint16_t first, const struct segment *segments, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		uint16_t at = (uint16_t)(first + i);
		uint32_t flags = (i + 1 < count ? DRIVER_NEXT : 0) |
				 (segments[i].is_writable ? DRIVER_WRITE : 0);

		driver_describe(rings.descriptors, at, segments[i].address, segments[i].size,
				(uint16_t)flags, (uint16_t)(at + 1));
	}
	driver_offer(&rings, first);
}

static inline uint16_t used_count(void)
{
	return *driver_word(rings.used + 2);
}

/* Makes one request; returns the length in the used ring. */
static inline uint32_t request(const struct segment *segments, uint16_t count)
{
	uint16_t before = used_count();
	uint32_t written;

	offer(0, segments, count);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 0);
	TAP_EQUAL(used_count(), before + 1);
	TAP_EQUAL(fake_memory.window[0].value + fake_memory.window[1].value, 0);
	memcpy(&written, driver_memory(rings.used + 8 + 8u * (before % QUEUE_SIZE)), 4);
	return written;
}

/* The usual shape: header, data if any, status. Returns the status. */
static inline uint8_t ask(uint32_t type, uint64_t sector, uint32_t size)
{
	struct segment segments[] = {
		{HEADER, 16, false}, {DATA, size, type == IN || type == GET_ID}, {STATUS, 1, true}};

	put_header(type, sector);
	(void)request(segments, 3);
	return *driver_memory(STATUS);
}
