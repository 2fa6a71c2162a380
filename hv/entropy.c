/* SPDX-License-Identifier: Apache-2.0 */
/* ChaCha20 (RFC 8439) whose key is replaced by its own output after each use, so that no past
 * output can be worked out from it; the CPU's generator is mixed in each time. */
#include "hv/entropy.h"

#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/spin.h"
#include "bits.h"
#include "boot_abi.h"
#include "str.h"

#define WORDS     16u
#define KEY_WORDS 8u
#define KEY_SIZE  (KEY_WORDS * sizeof(uint32_t))
#define ROUNDS    10u /* double rounds */

static struct {
	struct spin_lock lock;
	uint32_t key[KEY_WORDS];
} pool;

static uint32_t rotate(uint32_t value, uint32_t count)
{
	return value << count | value >> (32 - count);
}

static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	*a += *b;
	*d = rotate(*d ^ *a, 16);
	*c += *d;
	*b = rotate(*b ^ *c, 12);
	*a += *b;
	*d = rotate(*d ^ *a, 8);
	*c += *d;
	*b = rotate(*b ^ *c, 7);
}

/* One block of the pool's key, for `nonce`. */
static void block(uint32_t out[WORDS], uint64_t nonce)
{
	uint32_t in[WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

	memcpy(&in[4], pool.key, KEY_SIZE);
	in[14] = low32(nonce);
	in[15] = high32(nonce);
	memcpy(out, in, sizeof(in));
	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < 4; i++) {
			quarter_round(&out[i], &out[4 + i], &out[8 + i], &out[12 + i]);
		}
		for (uint32_t i = 0; i < 4; i++) {
			quarter_round(&out[i], &out[4 + (i + 1) % 4], &out[8 + (i + 2) % 4],
				      &out[12 + (i + 3) % 4]);
		}
	}
	for (uint32_t i = 0; i < WORDS; i++) {
		out[i] += in[i];
	}
}

void entropy_init(const struct boot_info *boot)
{
	_Static_assert(sizeof(boot->entropy) == KEY_SIZE, "the seed is the first key");
	memcpy(pool.key, boot->entropy, KEY_SIZE);
}

void entropy_fill(uint8_t *to, size_t size)
{
	uint32_t output[WORDS];

	spin_lock(&pool.lock);
	while (size > 0) {
		size_t piece = (size_t)min_u64(size, KEY_SIZE);
		uint64_t random = 0;

		(void)arch_random(&random);
		block(output, random ^ arch_tsc());
		memcpy(pool.key, output, KEY_SIZE);
		memcpy(to, &output[KEY_WORDS], piece);
		to += piece;
		size -= piece;
	}
	memset(output, 0, sizeof(output));
	spin_unlock(&pool.lock);
}
