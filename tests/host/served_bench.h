/* SPDX-License-Identifier: Apache-2.0 */
/* A VM whose disk is served: its driver, and the server, for tests. */
#pragma once

#include "host/block_bench.h"
#include "manage_abi.h"

#define WINDOW_HOST (FAKE_MEMORY_BASE + (UINT64_C(6) << 20))
#define PLACE       200u /* of a command's data, in the window's */

static struct vm manager;
static struct manage_command command;

static inline uint8_t *window(void)
{
	return fake_memory_at(hpa_from_u64(WINDOW_HOST + PLATFORM_MANAGE_WINDOW +
					   offsetof(struct manage_window, data) + PLACE));
}

static inline enum manage_status serve(uint32_t opcode, uint64_t argument, uint32_t size)
{
	enum manage_status status;

	command = (struct manage_command){
		.opcode = opcode, .argument = argument, .data_offset = PLACE, .data_size = size};
	status = disk_serve(
		&bench.vm, &manager.arch,
		gpa_from_u64(PLATFORM_MANAGE_WINDOW + offsetof(struct manage_window, data) + PLACE),
		&command);
	TAP_EQUAL(fake_memory.window[0].value + fake_memory.window[1].value, 0);
	TAP_EQUAL(atomic_load(&bench.vm.lock.next), atomic_load(&bench.vm.lock.serving));
	return status;
}

static inline struct manage_disk_request *take(uint64_t offset, uint32_t room)
{
	TAP_EQUAL(serve(MANAGE_DISK_TAKE, offset,
			(uint32_t)sizeof(struct manage_disk_request) + room),
		  MANAGE_OK);
	return (void *)window();
}

static inline uint8_t *taken_bytes(void)
{
	return window() + sizeof(struct manage_disk_request);
}

/* `size` bytes of the window's, as they are. */
static inline enum manage_status done(uint64_t token, uint32_t status, uint32_t offset,
				      uint32_t size)
{
	struct manage_disk_done is = {.token = token, .status = status, .offset = offset};

	memcpy(window(), &is, sizeof(is));
	return serve(MANAGE_DISK_DONE, 0, (uint32_t)sizeof(is) + size);
}

static inline uint8_t *done_bytes(void)
{
	return window() + sizeof(struct manage_disk_done);
}

static inline void insert_served(void)
{
	insert();
	bench.vm.config.devices = CONFIG_DEVICE_SERVED0;
	memcpy(bench.vm.config.name, "alpha", 6);
	bench.vm.image.disk_base = 0;
	atomic_store(&bench.vm.state, VM_RUNNING);
	manager.extents[0] =
		(struct vm_extent){gpa_from_u64(0), hpa_from_u64(WINDOW_HOST), FRAME_SIZE};
	manager.extent_count = 1;
}

/* Offers a request at descriptors `first` to `first` + 2, its status byte at STATUS + first. */
static inline void put(uint16_t first, uint32_t type, uint64_t sector, uint32_t size)
{
	struct segment segments[] = {{HEADER + 16u * first, 16, false},
				     {DATA + 0x10000u * first, size, type != OUT},
				     {STATUS + first, 1, true}};

	memcpy(driver_memory(HEADER + 16u * first), &(uint64_t){type}, 8);
	memcpy(driver_memory(HEADER + 16u * first + 8), &sector, 8);
	*driver_memory(STATUS + first) = UNTOUCHED;
	offer(first, segments, 3);
	set(PLATFORM_VIRTIO_NOTIFY, 2, 0);
}

static inline uint32_t used_length(uint16_t index)
{
	uint32_t written;

	memcpy(&written, driver_memory(rings.used + 8 + 8u * index), 4);
	return written;
}
