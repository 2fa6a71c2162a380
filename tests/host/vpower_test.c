/* SPDX-License-Identifier: Apache-2.0 */
/* Reset and sleep ports. */
/* Links: @models */
#include "host/model_bench.h"
#include "models.h"
#include "tap.h"
#include "vpower.h"

static void write_reset(uint8_t value)
{
	bench_write(MODEL_RESET, 1, 0, 1, value);
}

static void write_sleep(uint32_t offset, uint32_t size, uint64_t value)
{
	bench_write(MODEL_SLEEP, 1, offset, size, value);
}

static void test_reset(void)
{
	bench_start(2);
	write_reset(0x02);
	TAP_EQUAL(bench.stop_count, 0);
	TAP_EQUAL(bench_read(MODEL_RESET, 0, 0, 1), 0x02);
	write_reset(0x06);
	TAP_EQUAL(bench.stop_count, 1);
	TAP_EQUAL(bench.stop_cause, VM_STOP_RESET);
	write_reset(0x0e);
	TAP_EQUAL(bench.stop_count, 2);
}

static void test_sleep(void)
{
	bench_start(2);
	write_sleep(0, 1, 5 << 2);        /* without SLP_EN */
	write_sleep(0, 1, 3 << 2 | 0x20); /* S3 does not exist */
	write_sleep(1, 1, 5 << 2 | 0x20); /* status register */
	TAP_EQUAL(bench.stop_count, 0);
	write_sleep(1, 1, 0x80);
	TAP_EQUAL(bench_read(MODEL_SLEEP, 0, 1, 1), 0);
	write_sleep(0, 1, 5 << 2 | 0x20);
	TAP_EQUAL(bench.stop_count, 1);
	TAP_EQUAL(bench.stop_cause, VM_STOP_POWER_OFF);
}

static const struct tap_case cases[] = {
	{"reset control register", test_reset},
	{"sleep control register", test_sleep},
};
TAP_MAIN(cases)
