/* SPDX-License-Identifier: Apache-2.0 */
/* The device's ports at wrong offsets, in wrong sizes, and slots that there are not. */
#include "hostile.h"

#include <unistd.h>

#define PORTS_END 0x100

/* Every slot holds a command that waits; whether none of them was done. */
static bool is_nothing_done(void)
{
	for (uint32_t i = 0; i < MANAGE_SLOT_COUNT; i++) {
		if (device.window->commands[i].status != MANAGE_PENDING) {
			return false;
		}
	}
	return true;
}

static uint32_t write_everywhere(void)
{
	uint32_t done = 0;

	for (int port = 0; port < PORTS_END; port++) {
		for (size_t size = 1; size <= sizeof(uint32_t); size *= 2) {
			const uint32_t slot = 0;

			if (port == MANAGE_PORT_DOORBELL && size == sizeof(slot)) {
				continue;
			}
			if (pwrite(device.ports, &slot, size, port) == (ssize_t)size) {
				done += is_nothing_done() ? 0 : 1;
			}
		}
	}
	return done;
}

static uint32_t read_everywhere(void)
{
	uint32_t wrong = 0;

	for (int port = 0; port < PORTS_END; port++) {
		for (size_t size = 1; size <= sizeof(uint32_t); size *= 2) {
			uint32_t value = 0;
			uint32_t ones = size == 4 ? UINT32_MAX : (1u << 8 * size) - 1;

			if (pread(device.ports, &value, size, port) != (ssize_t)size) {
				continue; /* behind the end, or across it */
			}
			if (size == sizeof(value) && port == MANAGE_PORT_VERSION) {
				ones = MANAGE_VERSION;
			} else if (size == sizeof(value) && port == MANAGE_PORT_MAGIC) {
				ones = MANAGE_MAGIC;
			}
			wrong += value != ones;
		}
	}
	return wrong;
}

void bad_ports(void)
{
	static const uint32_t slots[] = {16, 17, 64, 0x100, 0x10000, 0x80000000u, UINT32_MAX};
	struct manage_command nothing = {.opcode = MANAGE_NULL};
	uint32_t served = 0;
	struct state before;
	const char *change;

	state_take(&before);
	for (uint32_t i = 0; i < MANAGE_SLOT_COUNT; i++) {
		served += ring(i, &nothing) == MANAGE_OK;
	}
	report(served == MANAGE_SLOT_COUNT, "slots", "%u served", served);
	for (uint32_t i = 0; i < MANAGE_SLOT_COUNT; i++) {
		device.window->commands[i] =
			(struct manage_command){.opcode = MANAGE_INFO, .status = MANAGE_PENDING};
	}
	for (uint32_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		device.ring(&device, slots[i]);
	}
	report(is_nothing_done(), "no-such-slot", "a command was done");
	report(write_everywhere() == 0, "port-writes", "a command was done");
	report(read_everywhere() == 0, "port-reads", "a value that is not there");
	change = state_change(&before);
	report(change[0] == '\0', "ports-change-nothing", "%s", change);
}
