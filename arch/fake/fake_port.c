/* SPDX-License-Identifier: Apache-2.0 */
/* arch/port_io.h: ports are memory or the test's functions; every access is recorded. */
#include "fake.h"

#include "arch/port_io.h"

#include <string.h>

struct fake_ports fake_ports;

void fake_port_reset(void)
{
	memset(&fake_ports, 0, sizeof(fake_ports));
	memset(fake_ports.value, 0xff, sizeof(fake_ports.value));
}

static void record(uint16_t port, uint8_t size, bool is_write, uint32_t value)
{
	if (fake_ports.access_count < FAKE_PORT_LOG) {
		fake_ports.log[fake_ports.access_count] =
			(struct fake_port_access){port, size, is_write, value};
	}
	fake_ports.access_count++;
}

static uint32_t port_read(uint16_t port, uint8_t size)
{
	uint32_t value = fake_ports.on_read != NULL ? fake_ports.on_read(port, size)
						    : fake_ports.value[port];

	value &= low32(size_mask(size));
	record(port, size, false, value);
	return value;
}

static void port_write(uint16_t port, uint8_t size, uint32_t value)
{
	record(port, size, true, value);
	if (fake_ports.on_write != NULL) {
		fake_ports.on_write(port, size, value);
	} else {
		fake_ports.value[port] = value;
	}
}

uint8_t arch_in8(uint16_t port)
{
	return (uint8_t)port_read(port, 1);
}

uint16_t arch_in16(uint16_t port)
{
	return (uint16_t)port_read(port, 2);
}

uint32_t arch_in32(uint16_t port)
{
	return port_read(port, 4);
}

void arch_out8(uint16_t port, uint8_t value)
{
	port_write(port, 1, value);
}

void arch_out16(uint16_t port, uint16_t value)
{
	port_write(port, 2, value);
}

void arch_out32(uint16_t port, uint32_t value)
{
	port_write(port, 4, value);
}
