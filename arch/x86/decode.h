/* SPDX-License-Identifier: Apache-2.0 */
/* Decoder of instructions with a memory operand, for device accesses. Pure: host-tested, fuzzed. */
#pragma once

#include "arch/vcpu.h"

#define DECODE_LENGTH_MAX 15u /* SDM 2A, "Instruction Format" */

/* Default sizes of the code segment. */
enum decode_mode {
	DECODE_16,
	DECODE_32,
	DECODE_64,
};

/* decoded.op. ADD to CMP, INC and DEC, NOT and NEG, BT to BTC: in the order of their encoding. */
enum decode_op {
	DECODE_ADD,
	DECODE_OR,
	DECODE_ADC,
	DECODE_SBB,
	DECODE_AND,
	DECODE_SUB,
	DECODE_XOR,
	DECODE_CMP,
	DECODE_TEST,
	DECODE_MOV,
	DECODE_XCHG,
	DECODE_XADD,
	DECODE_CMPXCHG,
	DECODE_INC,
	DECODE_DEC,
	DECODE_NOT,
	DECODE_NEG,
	DECODE_BT,
	DECODE_BTS,
	DECODE_BTR,
	DECODE_BTC,
	DECODE_STOS,
	DECODE_MOVS,
};

/* decoded.direction: who gets the result, where both are possible. */
enum decode_direction {
	DECODE_TO_MEMORY,
	DECODE_TO_REGISTER,
};

/* Prefixes: what stands before the opcode. Also gives backends the length of instructions without
 * operands: head.length plus their opcode's. */
struct decode_head {
	uint8_t length;        /* legacy prefixes and REX */
	uint8_t rex;           /* 0 = none */
	uint8_t segment;       /* 0..5 = ES CS SS DS FS GS; 0xff = none given */
	bool has_operand_size; /* 66 */
	bool has_address_size; /* 67 */
	bool has_lock;
	bool has_rep;         /* F2 or F3 */
	uint8_t operand_size; /* 2, 4, 8 */
	uint8_t address_size;
};
#define DECODE_SEGMENT_NONE 0xffu

/* False: no opcode within `length` bytes. */
bool decode_prefixes(const uint8_t *bytes, size_t length, enum decode_mode mode,
		     struct decode_head *head);

/* False: not one of the forms above, or longer than `length` bytes. */
bool decode_memory(const uint8_t *bytes, size_t length, enum decode_mode mode, struct decoded *out);
