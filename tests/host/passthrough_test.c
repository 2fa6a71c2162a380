/* SPDX-License-Identifier: Apache-2.0 */
/* The management partition's real PCI devices: which accesses reach them, and which do not. */
/* Links: boot/guest_pci.c @models */
#include "host/virtio_bench.h"

#define FIRST 4u /* its virtual slot 0 on the real bus */
#define REAL  0x80000000u

static struct boot_passthrough devices;

/* A bus where every register of function F of device D of bus B reads as BDF and register, and
 * command registers are as written. */
static uint32_t commands[0x10000];
static uint32_t address;

static uint32_t on_read(uint16_t port, uint32_t size)
{
	(void)size;
	if (port >= 0xcfc && port <= 0xcff) {
		return (address & 0xfc) == 4 ? commands[address >> 8 & 0xffff]
					     : (address & 0xffffff) >> 8 * (port - 0xcfc);
	}
	return port;
}

static void on_write(uint16_t port, uint32_t size, uint32_t value)
{
	if (port == 0xcf8) {
		TAP_EQUAL(size, 4);
		address = value;
	} else if (port == 0xcfc && (address & 0xfc) == 4) {
		commands[address >> 8 & 0xffff] = value;
	}
}

static void start_real(bool is_management)
{
	start(CONFIG_DEVICE_CONSOLE);
	bench.vm.image.pci[0].value[0] = 0;
	devices = (struct boot_passthrough){
		.identity_base = UINT64_C(64) << 20,
		.first_slot = FIRST,
		.port_count = 2,
		.ports = {{0x6000, 0x40}, {0xc000, 0x1000}},
		.function_count = 3,
		.functions = {0x0008, 0x00f9, 0x0100},
	};
	bench.vm.passthrough = is_management ? &devices : NULL;
	vpci_reset(&bench.vm);
	fake_ports.on_read = on_read;
	fake_ports.on_write = on_write;
	address = 0;
	fake_ports.access_count = 0;
}

static void configuration_reaches_the_real_bus(void)
{
	start_real(true);
	TAP_EQUAL(config(1, 0x10, 4), REAL >> 31 << 11 | 0x10);
	TAP_EQUAL(fake_ports.access_count, 2);
	TAP_EQUAL(fake_ports.log[0].value, REAL | 1 << 11 | 0x10);
	TAP_EQUAL(fake_ports.log[1].port, 0xcfc);
	TAP_EQUAL(fake_ports.log[1].size, 4);
	set_config(31, 0x3d, 1, 0x1ab);
	TAP_EQUAL(fake_ports.access_count, 4);
	TAP_EQUAL(fake_ports.log[2].value, REAL | 31 << 11 | 0x3c);
	TAP_EQUAL(fake_ports.log[3].port, 0xcfd);
	TAP_EQUAL(fake_ports.log[3].size, 1);
	TAP_EQUAL(fake_ports.log[3].value, 0xab);
	(void)config(0, 0x0a, 2); /* the host bridge, too */
	TAP_EQUAL(fake_ports.log[5].port, 0xcfe);
	TAP_EQUAL(fake_ports.log[5].size, 2);
	/* Another bus, at the number of a virtual function. */
	bench_write(MODEL_PCI, 0, 0, 4, REAL | 1 << 16 | (FIRST + CONSOLE) << 11);
	TAP_EQUAL(bench_read(MODEL_PCI, 0, 4, 4), 0x10000 | (FIRST + CONSOLE) << 11);
}

static void virtual_functions_lie_among_the_real(void)
{
	start_real(true);
	TAP_EQUAL(config(FIRST + CONSOLE, 0x00, 4), 0x10431af4);
	set_config(FIRST + CONSOLE, 0x04, 2, 7);
	TAP_EQUAL(config(FIRST + CONSOLE, 0x04, 2), 7);
	TAP_EQUAL(config(FIRST + CONSOLE, 0xfc, 4), 0);
	TAP_EQUAL(fake_ports.access_count, 0);
	TAP_EQUAL(config(FIRST, 0x08, 4), FIRST << 11 | 8); /* an empty slot is the real bus's */
	TAP_EQUAL(config(CONSOLE, 0x00, 4), CONSOLE << 11);
}

static void other_partitions_reach_nothing(void)
{
	start_real(false);
	for (uint32_t slot = 2; slot < 32; slot++) {
		TAP_EQUAL(config(slot, 0, 4), UINT32_MAX);
		set_config(slot, 4, 4, UINT32_MAX);
	}
	TAP_EQUAL((uint32_t)bench_read(MODEL_PORTS, 0, 0x6000, 4), UINT32_MAX);
	bench_write(MODEL_PORTS, 0, 0x6000, 4, 0);
	passthrough_silence(&bench.vm);
	TAP_EQUAL(fake_ports.access_count, 0);
}

static void ports_of_devices_are_real(void)
{
	static const struct {
		uint32_t port, size;
		bool is_real;
	} table[] = {
		{0x6000, 1, true},  {0x603c, 4, true},  {0x603e, 2, true},  {0x603e, 4, false},
		{0x5fff, 2, false}, {0x6040, 1, false}, {0xc000, 4, true},  {0xcfff, 1, true},
		{0xcfff, 2, false}, {0xd000, 1, false}, {0x0000, 1, false}, {0x0064, 1, false},
		{0xffff, 1, false},
	};

	start_real(true);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint32_t size = table[i].size;
		uint64_t expected =
			table[i].is_real ? table[i].port & size_mask(size) : size_mask(size);

		fake_ports.access_count = 0;
		TAP_EQUAL(bench_read(MODEL_PORTS, 0, table[i].port, size) & size_mask(size),
			  expected);
		bench_write(MODEL_PORTS, 0, table[i].port, size, 0x12345678);
		TAP_EQUAL(fake_ports.access_count, table[i].is_real ? 2 : 0);
		if (table[i].is_real) {
			TAP_EQUAL(fake_ports.log[1].port, table[i].port);
			TAP_EQUAL(fake_ports.log[1].size, size);
			TAP_EQUAL(fake_ports.log[1].value, 0x12345678 & size_mask(size));
		}
	}
}

static void silence_ends_bus_mastering(void)
{
	start_real(true);
	memset(commands, 0, sizeof(commands));
	commands[0x0008] = 0x0407;
	commands[0x00f9] = 0x0003;
	commands[0x0100] = 0x0006;
	commands[0x0010] = 0x0007; /* not handed over */
	passthrough_silence(&bench.vm);
	TAP_EQUAL(commands[0x0008], 0x0403);
	TAP_EQUAL(commands[0x00f9], 0x0003);
	TAP_EQUAL(commands[0x0100], 0x0002);
	TAP_EQUAL(commands[0x0010], 0x0007);
	for (uint32_t i = 0; i < fake_ports.access_count; i++) {
		/* The status behind it is cleared by what is written there. */
		TAP_CHECK(!fake_ports.log[i].is_write || fake_ports.log[i].port == 0xcf8 ||
			  fake_ports.log[i].size == 2);
	}
}

static const struct tap_case cases[] = {
	{"configuration reaches the real bus", configuration_reaches_the_real_bus},
	{"virtual functions lie among the real", virtual_functions_lie_among_the_real},
	{"other partitions reach nothing", other_partitions_reach_nothing},
	{"ports of devices are real", ports_of_devices_are_real},
	{"silence ends bus mastering", silence_ends_bus_mastering},
};

TAP_MAIN(cases)
