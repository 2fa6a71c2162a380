/* SPDX-License-Identifier: Apache-2.0 */
/* Integer operations on behalf of the guest. */
#include "guest_alu.h"

#include "bits.h"
#include "regs.h"

#define FLAGS_ARITHMETIC (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

static uint64_t flag(bool is_set, uint64_t bit)
{
	return is_set ? bit : 0;
}

static bool is_negative(uint64_t value, uint8_t size)
{
	return (value >> (size * 8 - 1) & 1) != 0;
}

static uint64_t result_flags(uint64_t result, uint8_t size)
{
	return flag(result == 0, RFLAGS_ZF) | flag(is_negative(result, size), RFLAGS_SF) |
	       flag(__builtin_parity((uint32_t)(result & 0xff)) == 0, RFLAGS_PF);
}

static uint64_t add(uint8_t size, uint64_t left, uint64_t right, uint64_t carry, uint64_t *flags)
{
	uint64_t result = (left + right + carry) & size_mask(size);
	bool has_carry = result < left || (carry != 0 && result == left);

	*flags = result_flags(result, size) | flag(has_carry, RFLAGS_CF) |
		 flag(((left ^ right ^ result) & 0x10) != 0, RFLAGS_AF) |
		 flag(is_negative(~(left ^ right) & (left ^ result), size), RFLAGS_OF);
	return result;
}

static uint64_t subtract(uint8_t size, uint64_t left, uint64_t right, uint64_t borrow,
			 uint64_t *flags)
{
	uint64_t result = (left - right - borrow) & size_mask(size);
	bool has_borrow = left < right || (borrow != 0 && left == right);

	*flags = result_flags(result, size) | flag(has_borrow, RFLAGS_CF) |
		 flag(((left ^ right ^ result) & 0x10) != 0, RFLAGS_AF) |
		 flag(is_negative((left ^ right) & (left ^ result), size), RFLAGS_OF);
	return result;
}

static uint64_t bit_operation(enum decode_op op, uint8_t size, uint64_t left, uint64_t right,
			      uint64_t *rflags)
{
	uint64_t bit = BIT(right & (size * 8u - 1));

	*rflags = (*rflags & ~RFLAGS_CF) | flag((left & bit) != 0, RFLAGS_CF);
	if (op == DECODE_BTS) {
		return left | bit;
	}
	if (op == DECODE_BTR) {
		return left & ~bit;
	}
	return op == DECODE_BTC ? left ^ bit : left;
}

static uint64_t logic(enum decode_op op, uint64_t left, uint64_t right)
{
	if (op == DECODE_OR) {
		return left | right;
	}
	return op == DECODE_XOR ? left ^ right : left & right;
}

static uint64_t arithmetic(enum decode_op op, uint8_t size, uint64_t left, uint64_t right,
			   uint64_t carry, uint64_t *flags)
{
	switch (op) {
	case DECODE_ADD:
	case DECODE_XADD:
		return add(size, left, right, 0, flags);
	case DECODE_ADC:
		return add(size, left, right, carry, flags);
	case DECODE_INC:
		return add(size, left, 1, 0, flags);
	case DECODE_SBB:
		return subtract(size, left, right, carry, flags);
	case DECODE_SUB:
		return subtract(size, left, right, 0, flags);
	case DECODE_DEC:
		return subtract(size, left, 1, 0, flags);
	case DECODE_NEG:
		return subtract(size, 0, left, 0, flags);
	case DECODE_CMP:
	case DECODE_CMPXCHG: /* the caller compares the accumulator with memory */
		(void)subtract(size, left, right, 0, flags);
		return left;
	case DECODE_OR:
	case DECODE_AND:
	case DECODE_XOR:
	case DECODE_TEST: {
		uint64_t result = logic(op, left, right);

		*flags = result_flags(result, size);
		return op == DECODE_TEST ? left : result;
	}
	case DECODE_MOV:
	case DECODE_XCHG:
	case DECODE_NOT:
	case DECODE_BT:
	case DECODE_BTS:
	case DECODE_BTR:
	case DECODE_BTC:
	case DECODE_STOS:
	case DECODE_MOVS:
		break;
	}
	return right;
}

uint64_t guest_alu(enum decode_op op, uint8_t size, uint64_t left, uint64_t right, uint64_t *rflags)
{
	uint64_t changed = FLAGS_ARITHMETIC;
	uint64_t flags = 0;
	uint64_t result;

	left &= size_mask(size);
	right &= size_mask(size);
	if (op == DECODE_NOT) {
		return ~left & size_mask(size);
	}
	if (op == DECODE_MOV || op == DECODE_XCHG || op == DECODE_STOS || op == DECODE_MOVS) {
		return right;
	}
	if (op >= DECODE_BT && op <= DECODE_BTC) {
		return bit_operation(op, size, left, right, rflags);
	}
	if (op == DECODE_INC || op == DECODE_DEC) {
		changed &= ~RFLAGS_CF;
	}
	result = arithmetic(op, size, left, right, *rflags & RFLAGS_CF, &flags);
	*rflags = (*rflags & ~changed) | (flags & changed);
	return result;
}
