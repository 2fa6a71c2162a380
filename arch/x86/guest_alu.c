/* SPDX-License-Identifier: Apache-2.0 */
/* Integer operations on behalf of the guest: the CPU itself executes them, on registers. */
#include "guest_alu.h"

#include "bits.h"
#include "regs.h"

/* LAHF and SAHF have these in AH, in the places of RFLAGS; AL is OF here. */
#define FLAGS_AH (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF)

/*
 * One instruction, with the guest's arithmetic flags before it and after it in AX. Other flags are
 * never loaded, and the stack is left alone: hosted tests have a red zone. AL + 0x7f sets OF.
 */
#define RUN(text)                                                                                  \
	__asm__("addb $0x7f, %%al\n\tsahf\n\t" text "\n\tlahf\n\tseto %%al"                        \
		: "+&a"(flags), "+r"(left)                                                         \
		: "r"(right)                                                                       \
		: "cc")

/* Forms of an instruction, by its suffix and the size letter of its registers. */
#define UNARY(name, suffix, letter)  RUN(name suffix " %" letter "1")
#define BINARY(name, suffix, letter) RUN(name suffix " %" letter "2, %" letter "1")
#define OF_BIT(name, suffix, letter) RUN(name "q %q2, %q1") /* never of a byte */

#define OPERATIONS(X)                                                                              \
	X(ADD, BINARY, "add")                                                                      \
	X(OR, BINARY, "or")                                                                        \
	X(ADC, BINARY, "adc")                                                                      \
	X(SBB, BINARY, "sbb")                                                                      \
	X(AND, BINARY, "and")                                                                      \
	X(SUB, BINARY, "sub")                                                                      \
	X(XOR, BINARY, "xor")                                                                      \
	X(CMP, BINARY, "cmp")                                                                      \
	X(TEST, BINARY, "test")                                                                    \
	X(XADD, BINARY, "add")                                                                     \
	X(INC, UNARY, "inc")                                                                       \
	X(DEC, UNARY, "dec")                                                                       \
	X(NOT, UNARY, "not")                                                                       \
	X(NEG, UNARY, "neg")                                                                       \
	X(BT, OF_BIT, "bt")                                                                        \
	X(BTS, OF_BIT, "bts")                                                                      \
	X(BTR, OF_BIT, "btr")                                                                      \
	X(BTC, OF_BIT, "btc")

#define CASE(op, form, name)                                                                       \
	case DECODE_##op:                                                                          \
		if (size == 1) {                                                                   \
			form(name, "b", "b");                                                      \
		} else if (size == 2) {                                                            \
			form(name, "w", "w");                                                      \
		} else if (size == 4) {                                                            \
			form(name, "l", "k");                                                      \
		} else {                                                                           \
			form(name, "q", "q");                                                      \
		}                                                                                  \
		break;

uint64_t guest_alu(enum decode_op op, uint8_t size, uint64_t left, uint64_t right, uint64_t *rflags)
{
	uint64_t flags = (*rflags & FLAGS_AH) << 8 | ((*rflags & RFLAGS_OF) != 0);

	if (op >= DECODE_BT && op <= DECODE_BTC) {
		right &= size * 8u - 1;
	}
	switch (op) {
		OPERATIONS(CASE)
	case DECODE_MOV:
	case DECODE_XCHG:
	case DECODE_CMPXCHG: /* the caller compares */
	case DECODE_STOS:
	case DECODE_MOVS:
		return right & size_mask(size);
	}
	*rflags = (*rflags & ~(FLAGS_AH | RFLAGS_OF)) | (flags >> 8 & FLAGS_AH) |
		  ((flags & 1) != 0 ? RFLAGS_OF : 0);
	return left & size_mask(size);
}
