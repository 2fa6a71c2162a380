/* SPDX-License-Identifier: Apache-2.0 */
/* The random source: the cipher is ChaCha20, outputs differ, and say nothing of the key. */
/* Links: hv/entropy.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c */
#include "hv/entropy.h"

#include "boot_abi.h"
#include "fake.h"
#include "tap.h"

static struct boot_info boot;

static void start(uint8_t seed)
{
	fake_reset();
	memset(boot.entropy, seed, sizeof(boot.entropy));
	entropy_init(&boot);
}

/* draft-agl-tls-chacha20poly1305-04, test vectors: key 0, nonce 0, block 0; its second half. */
static void is_chacha20(void)
{
	static const uint8_t wanted[32] = {0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d,
					   0x77, 0x24, 0xe0, 0x3f, 0xb8, 0xd8, 0x4a, 0x37,
					   0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18, 0xa1, 0x1c,
					   0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86};
	uint8_t got[32];

	start(0);
	fake_clock.tsc = 0;
	fake_clock.tsc_step = 0;
	entropy_fill(got, sizeof(got));
	TAP_EQUAL(memcmp(got, wanted, sizeof(got)), 0);
}

static void does_not_repeat(void)
{
	uint8_t got[4][32];
	uint8_t behind = 0x77;

	start(7);
	entropy_fill(got[0], 32);
	entropy_fill(got[1], 32);
	entropy_fill(got[2], 64); /* two pieces */
	for (uint32_t i = 0; i < 4; i++) {
		for (uint32_t j = 0; j < i; j++) {
			TAP_CHECK(memcmp(got[i], got[j], 32) != 0);
		}
	}
	start(8);
	memcpy(got[1], got[0], 32);
	entropy_fill(got[0], 5);
	TAP_CHECK(memcmp(got[0], got[1], 5) != 0);
	TAP_EQUAL(memcmp(got[0] + 5, got[1] + 5, 27), 0); /* no more than was asked for */
	entropy_fill(&behind, 0);
	TAP_EQUAL(behind, 0x77);
}

static const struct tap_case cases[] = {
	{"is ChaCha20", is_chacha20},
	{"does not repeat", does_not_repeat},
};

TAP_MAIN(cases)
