/* SPDX-License-Identifier: Apache-2.0 */
/* guest_alu.c against the CPU that runs the test: results and flags. */
/* Links: arch/x86/guest_alu.c */
#include "guest_alu.h"
#include "regs.h"
#include "tap.h"

#define FLAGS_ALL   (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)
#define FLAGS_NO_AF (FLAGS_ALL & ~RFLAGS_AF) /* undefined after logic */

/* Runs `text` on %0 (left) with %1 (right), flags in and out. */
#define REAL(text, left, right, flags)                                                             \
	__asm__ volatile("pushq %2\n\tpopfq\n\t" text "\n\tpushfq\n\tpopq %2"                      \
			 : "+q"(left), "+q"(right), "+r"(flags)                                    \
			 :                                                                         \
			 : "cc", "memory")

#define BY_SIZE(name, two)                                                                         \
	static void real_##name(uint8_t size, uint64_t *left, uint64_t right, uint64_t *flags)     \
	{                                                                                          \
		uint8_t b = (uint8_t)*left, rb = (uint8_t)right;                                   \
		uint16_t w = (uint16_t)*left, rw = (uint16_t)right;                                \
		uint32_t d = (uint32_t)*left, rd = (uint32_t)right;                                \
		uint64_t q = *left;                                                                \
                                                                                                   \
		switch (size) {                                                                    \
		case 1:                                                                            \
			REAL(#name "b " two "%0", b, rb, *flags);                                  \
			*left = b;                                                                 \
			break;                                                                     \
		case 2:                                                                            \
			REAL(#name "w " two "%0", w, rw, *flags);                                  \
			*left = w;                                                                 \
			break;                                                                     \
		case 4:                                                                            \
			REAL(#name "l " two "%0", d, rd, *flags);                                  \
			*left = d;                                                                 \
			break;                                                                     \
		default:                                                                           \
			REAL(#name "q " two "%0", q, right, *flags);                               \
			*left = q;                                                                 \
			break;                                                                     \
		}                                                                                  \
	}
BY_SIZE(add, "%1, ")
BY_SIZE(or, "%1, ")
BY_SIZE(adc, "%1, ")
BY_SIZE(sbb, "%1, ")
BY_SIZE(and, "%1, ")
BY_SIZE(sub, "%1, ")
BY_SIZE(xor, "%1, ")
BY_SIZE(cmp, "%1, ")
BY_SIZE(test, "%1, ")
BY_SIZE(inc, "")
BY_SIZE(dec, "")
BY_SIZE(not, "")
BY_SIZE(neg, "")

static const struct {
	enum decode_op op;
	void (*real)(uint8_t size, uint64_t *left, uint64_t right, uint64_t *flags);
	uint64_t flags;
	const char *name;
} operations[] = {
	{DECODE_ADD, real_add, FLAGS_ALL, "add"},      {DECODE_OR, real_or, FLAGS_NO_AF, "or"},
	{DECODE_ADC, real_adc, FLAGS_ALL, "adc"},      {DECODE_SBB, real_sbb, FLAGS_ALL, "sbb"},
	{DECODE_AND, real_and, FLAGS_NO_AF, "and"},    {DECODE_SUB, real_sub, FLAGS_ALL, "sub"},
	{DECODE_XOR, real_xor, FLAGS_NO_AF, "xor"},    {DECODE_CMP, real_cmp, FLAGS_ALL, "cmp"},
	{DECODE_TEST, real_test, FLAGS_NO_AF, "test"}, {DECODE_INC, real_inc, FLAGS_ALL, "inc"},
	{DECODE_DEC, real_dec, FLAGS_ALL, "dec"},      {DECODE_NOT, real_not, FLAGS_ALL, "not"},
	{DECODE_NEG, real_neg, FLAGS_ALL, "neg"},
};

static const uint64_t interesting[] = {
	0,
	1,
	2,
	0xf,
	0x10,
	0x7f,
	0x80,
	0xff,
	0x7fff,
	0x8000,
	0xffff,
	0x7fffffff,
	0x80000000,
	0xffffffff,
	0x7fffffffffffffff,
	0x8000000000000000,
	0xffffffffffffffff,
	0x123456789abcdef0,
	0xfedcba9876543210,
};
#define INTERESTING (sizeof(interesting) / sizeof(interesting[0]))

static bool is_same(size_t operation, uint8_t size, uint64_t left, uint64_t right, uint64_t carry)
{
	uint64_t mask = size_mask(size);
	uint64_t real_flags = RFLAGS_FIXED | carry;
	uint64_t flags = RFLAGS_FIXED | carry;
	uint64_t real = left & mask;
	uint64_t result = guest_alu(operations[operation].op, size, left, right, &flags);

	operations[operation].real(size, &real, right, &real_flags);
	if (result == (real & mask) && ((flags ^ real_flags) & operations[operation].flags) == 0) {
		return true;
	}
	tap_note("%s size %d %llx, %llx carry %d: %llx flags %llx, CPU %llx flags %llx",
		 operations[operation].name, size, (unsigned long long)left,
		 (unsigned long long)right, (int)carry, (unsigned long long)result,
		 (unsigned long long)flags, (unsigned long long)real,
		 (unsigned long long)real_flags);
	return false;
}

static void test_against_cpu(void)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		for (size_t pair = 0; pair < INTERESTING * INTERESTING; pair++) {
			uint64_t left = interesting[pair / INTERESTING];
			uint64_t right = interesting[pair % INTERESTING];

			for (uint8_t size = 1; size <= 8; size = (uint8_t)(size * 2)) {
				if (!is_same(i, size, left, right, 0) ||
				    !is_same(i, size, left, right, 1)) {
					TAP_CHECK(false);
					return;
				}
			}
		}
	}
	TAP_CHECK(true);
}

static void test_bits(void)
{
	uint64_t flags = 0;

	TAP_EQUAL(guest_alu(DECODE_BT, 4, 0x20, 5, &flags), 0x20);
	TAP_EQUAL(flags, RFLAGS_CF);
	TAP_EQUAL(guest_alu(DECODE_BTR, 4, 0x20, 37, &flags), 0); /* the offset wraps at 32 */
	TAP_EQUAL(flags, RFLAGS_CF);
	TAP_EQUAL(guest_alu(DECODE_BTS, 2, 0, 15, &flags), 0x8000);
	TAP_EQUAL(flags, 0);
	TAP_EQUAL(guest_alu(DECODE_BTC, 8, BIT(63), 63, &flags), 0);
	TAP_EQUAL(guest_alu(DECODE_XCHG, 4, 1, 0x1122334455, &flags), 0x22334455);
}

static const struct tap_case cases[] = {
	{"arithmetic and logic as this CPU does them", test_against_cpu},
	{"bit operations", test_bits},
};
TAP_MAIN(cases)
