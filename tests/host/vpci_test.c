/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration space of a partition's PCI bus: what the loader makes, as the guest sees it. */
/* Links: boot/guest_pci.c @models */
#include "host/virtio_bench.h"

static void bus_has_what_was_asked_for(void)
{
	start(CONFIG_DEVICE_CONSOLE);
	TAP_EQUAL(config(0, 0x0a, 2), 0x0600);
	TAP_EQUAL(config(CONSOLE, 0x00, 4), 0x10431af4);
	TAP_EQUAL(config(CONSOLE, 0x02, 2), 0x1043);
	TAP_EQUAL(config(CONSOLE, 0x0b, 1), 0x07);
	TAP_EQUAL(config(CONSOLE, 0xfc, 4), 0); /* behind what is kept */
	for (uint32_t slot = 2; slot < 32; slot++) {
		TAP_EQUAL(config(slot, 0, 4), UINT32_MAX);
		set_config(slot, 4, 4, UINT32_MAX);
	}
	bench_write(MODEL_PCI, 0, 0, 4, 0x80000000u | CONSOLE << 11 | 1 << 8);
	TAP_EQUAL((uint32_t)bench_read(MODEL_PCI, 0, 4, 4), UINT32_MAX); /* function 1 */
	bench_write(MODEL_PCI, 0, 0, 4, 0x80010000u | CONSOLE << 11);
	TAP_EQUAL((uint32_t)bench_read(MODEL_PCI, 0, 4, 4), UINT32_MAX); /* bus 1 */
	bench_write(MODEL_PCI, 0, 0, 4, CONSOLE << 11);
	TAP_EQUAL((uint32_t)bench_read(MODEL_PCI, 0, 4, 4), UINT32_MAX); /* not enabled */
	start(0);
	TAP_EQUAL(config(CONSOLE, 0, 4), UINT32_MAX);
	TAP_EQUAL(bench_read(MODEL_VIRTIO, 0, CONSOLE * PLATFORM_PCI_PORTS_EACH, 4), ~UINT64_C(0));
}

static void bars_tell_their_size(void)
{
	start(CONFIG_DEVICE_CONSOLE);
	TAP_EQUAL(config(CONSOLE, 0x10, 4), 0x1101);
	set_config(CONSOLE, 0x10, 4, UINT32_MAX);
	TAP_EQUAL(config(CONSOLE, 0x10, 4), 0xffffff01u);
	set_config(CONSOLE, 0x10, 4, 0x1101);
	TAP_EQUAL(config(CONSOLE, 0x10, 4), 0x1101);
	set_config(CONSOLE, 0x14, 4, UINT32_MAX);
	TAP_EQUAL(config(CONSOLE, 0x14, 4), 0xfffff000u);
	set_config(CONSOLE, 0x18, 4, UINT32_MAX);
	TAP_EQUAL(config(CONSOLE, 0x18, 4), 0); /* no such BAR */
	set_config(CONSOLE, 0x00, 4, 0);
	TAP_EQUAL(config(CONSOLE, 0x00, 4), 0x10431af4);
	set_config(CONSOLE, 0x05, 1, 0xff); /* one byte of the command register */
	TAP_EQUAL(config(CONSOLE, 0x04, 4), 0x00100400);
	set_config(0, 0x04, 2, 0xffff);
	TAP_EQUAL(config(0, 0x04, 4), 0);
}

/* The capability list leads to MSI-X and to four virtio structures, all within BAR 0. */
static void capabilities_form_a_list(void)
{
	uint32_t seen = 0;
	uint32_t at;

	start(CONFIG_DEVICE_CONSOLE);
	TAP_EQUAL(config(CONSOLE, 0x06, 2) & 0x10, 0x10);
	at = config(CONSOLE, 0x34, 1);
	for (uint32_t i = 0; at != 0 && i < 16; i++) {
		if (config(CONSOLE, at, 1) == 9) {
			seen |= 1u << config(CONSOLE, at + 3, 1);
			TAP_EQUAL(config(CONSOLE, at + 4, 1), 0);
			TAP_CHECK(config(CONSOLE, at + 8, 4) + config(CONSOLE, at + 12, 4) <=
				  PLATFORM_PCI_PORTS_EACH);
		} else {
			TAP_EQUAL(config(CONSOLE, at, 1), 0x11);
			TAP_EQUAL(config(CONSOLE, at + 2, 2) & 0x7ff, PLATFORM_CONSOLE_QUEUES);
			seen |= 1;
		}
		at = config(CONSOLE, at + 1, 1);
	}
	TAP_EQUAL(seen, 0x1f);
}

static const struct tap_case cases[] = {
	{"bus has what was asked for", bus_has_what_was_asked_for},
	{"BARs tell their size", bars_tell_their_size},
	{"capabilities form a list", capabilities_form_a_list},
};

TAP_MAIN(cases)
