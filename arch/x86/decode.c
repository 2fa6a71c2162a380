/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes prefixes, opcode, ModRM and immediates (SDM 2A, "Instruction Format"; 2D, "Opcode Map").
 */
#include "decode.h"

#include "bits.h"
#include "str.h"

#define REX_B          0x1u
#define REX_R          0x4u
#define REX_W          0x8u
#define OPCODE_ESCAPE  0x0fu
#define MODRM_REGISTER 3u
#define RAX            0u

/* The bytes still to be read. */
struct cursor {
	const uint8_t *bytes;
	size_t length;
	size_t next;
	enum decode_mode mode;
	struct decode_head head;
	uint8_t operand_size;
	uint8_t address_size;
	uint8_t modrm;
};

static bool take(struct cursor *cursor, uint8_t *byte)
{
	if (cursor->next >= cursor->length) {
		return false;
	}
	*byte = cursor->bytes[cursor->next];
	cursor->next++;
	return true;
}

static bool skip(struct cursor *cursor, size_t count)
{
	if (cursor->length - cursor->next < count) {
		return false;
	}
	cursor->next += count;
	return true;
}

/* Little-endian, sign-extended. size: 1, 2 or 4. */
static bool take_immediate(struct cursor *cursor, uint32_t size, uint64_t *value)
{
	uint64_t read = 0;

	for (uint32_t i = 0; i < size; i++) {
		uint8_t byte;

		if (!take(cursor, &byte)) {
			return false;
		}
		read |= (uint64_t)byte << (8 * i);
	}
	if ((read & BIT(8 * size - 1)) != 0) {
		read |= ~size_mask(size);
	}
	*value = read;
	return true;
}

static bool take_legacy_prefix(struct decode_head *head, uint8_t byte)
{
	if ((byte & 0xe7) == 0x26) { /* 26, 2E, 36, 3E: ES, CS, SS, DS */
		head->segment = byte >> 3 & 3;
	} else if (byte == 0x64 || byte == 0x65) {
		head->segment = byte - 0x60;
	} else if (byte == 0x66) {
		head->has_operand_size = true;
	} else if (byte == 0x67) {
		head->has_address_size = true;
	} else if (byte == 0xf0) {
		head->has_lock = true;
	} else if (byte == 0xf2) {
		head->has_repne = true;
	} else if (byte == 0xf3) {
		head->has_rep = true;
	} else {
		return false;
	}
	return true;
}

bool decode_prefixes(const uint8_t *bytes, size_t length, enum decode_mode mode,
		     struct decode_head *head)
{
	size_t next = 0;

	length = length < DECODE_LENGTH_MAX ? length : DECODE_LENGTH_MAX;
	*head = (struct decode_head){.segment = DECODE_SEGMENT_NONE};
	while (next < length && take_legacy_prefix(head, bytes[next])) {
		next++;
	}
	/* REX counts only right before the opcode: it is the last prefix or none. */
	if (mode == DECODE_64 && next < length && (bytes[next] & 0xf0) == 0x40) {
		head->rex = bytes[next];
		next++;
	}
	head->length = (uint8_t)next;
	return next < length;
}

/* Reads ModRM, SIB and displacement. False also for a register operand. */
static bool take_modrm(struct cursor *cursor)
{
	uint8_t mod;
	uint8_t rm;
	uint8_t sib = 0;

	if (!take(cursor, &cursor->modrm)) {
		return false;
	}
	mod = cursor->modrm >> 6;
	rm = cursor->modrm & 7;
	if (mod == MODRM_REGISTER) {
		return false;
	}
	if (cursor->address_size == 2) {
		return skip(cursor, mod == 1 ? 1 : (mod == 2 || rm == 6) ? 2 : 0);
	}
	if (rm == 4 && !take(cursor, &sib)) {
		return false;
	}
	if (mod == 0) {
		return skip(cursor, rm == 5 || (rm == 4 && (sib & 7) == 5) ? 4 : 0);
	}
	return skip(cursor, mod == 1 ? 1 : 4);
}

static uint8_t modrm_digit(const struct cursor *cursor)
{
	return cursor->modrm >> 3 & 7;
}

/* The register operand in ModRM.reg; `size` decides about AH to BH. */
static void set_register(const struct cursor *cursor, struct decoded *out, uint8_t size)
{
	uint8_t reg = modrm_digit(cursor);

	out->reg_size = size;
	if (size == 1 && cursor->head.rex == 0 && reg >= 4) {
		out->reg = reg - 4;
		out->is_high_byte = true;
		return;
	}
	out->reg = (uint8_t)(reg | ((cursor->head.rex & REX_R) != 0 ? 8 : 0));
}

/* An operation on memory and the register of ModRM, both of `size`. */
static bool with_register(struct cursor *cursor, struct decoded *out, enum decode_op op,
			  uint8_t size, enum decode_direction direction)
{
	if (!take_modrm(cursor)) {
		return false;
	}
	out->op = op;
	out->size = size;
	out->direction = direction;
	set_register(cursor, out, size);
	return true;
}

/* An operation on memory and an immediate; ModRM has been read. */
static bool with_immediate(struct cursor *cursor, struct decoded *out, enum decode_op op,
			   uint8_t size, uint8_t immediate_size)
{
	out->op = op;
	out->size = size;
	out->is_immediate = true;
	return take_immediate(cursor, immediate_size, &out->immediate);
}

static uint8_t immediate_size(uint8_t size)
{
	return size == 8 ? 4 : size;
}

static bool decode_extension(struct cursor *cursor, struct decoded *out, uint8_t size,
			     bool is_signed)
{
	if (!take_modrm(cursor)) {
		return false;
	}
	out->op = DECODE_MOV;
	out->direction = DECODE_TO_REGISTER;
	out->size = size;
	out->is_sign_extended = is_signed;
	set_register(cursor, out, cursor->operand_size);
	return true;
}

/* MOV between the accumulator and an absolute address. */
static bool decode_moffs(struct cursor *cursor, struct decoded *out, uint8_t opcode)
{
	out->op = DECODE_MOV;
	out->direction = (opcode & 2) != 0 ? DECODE_TO_MEMORY : DECODE_TO_REGISTER;
	out->size = (opcode & 1) != 0 ? cursor->operand_size : 1;
	out->reg = RAX;
	out->reg_size = out->size;
	return skip(cursor, cursor->address_size);
}

static bool decode_string(struct cursor *cursor, struct decoded *out, enum decode_op op,
			  uint8_t opcode)
{
	out->op = op;
	out->size = (opcode & 1) != 0 ? cursor->operand_size : 1;
	out->reg = RAX;
	out->reg_size = out->size;
	out->is_rep = cursor->head.has_rep || cursor->head.has_repne;
	out->segment = cursor->head.segment != DECODE_SEGMENT_NONE ? cursor->head.segment : 3;
	return true;
}

/* Groups 1, 3, 4, 5 and 11: the operation is in ModRM. */
static bool decode_group(struct cursor *cursor, struct decoded *out, uint8_t opcode)
{
	uint8_t size = (opcode & 1) != 0 ? cursor->operand_size : 1;
	uint8_t digit;

	if (!take_modrm(cursor)) {
		return false;
	}
	digit = modrm_digit(cursor);
	switch (opcode) {
	case 0x80:
	case 0x81:
		return with_immediate(cursor, out, (enum decode_op)digit, size,
				      immediate_size(size));
	case 0x83:
		return with_immediate(cursor, out, (enum decode_op)digit, size, 1);
	case 0xc6:
	case 0xc7:
		return digit == 0 &&
		       with_immediate(cursor, out, DECODE_MOV, size, immediate_size(size));
	case 0xf6:
	case 0xf7:
		if (digit <= 1) {
			return with_immediate(cursor, out, DECODE_TEST, size, immediate_size(size));
		}
		out->op = digit == 2 ? DECODE_NOT : DECODE_NEG;
		out->size = size;
		return digit <= 3;
	default: /* FE, FF */
		out->op = digit == 0 ? DECODE_INC : DECODE_DEC;
		out->size = size;
		return digit <= 1;
	}
}

/* Opcodes with memory and the register of ModRM. has_width_bit: bit 0 clear means bytes. */
struct form {
	uint8_t opcode;
	uint8_t op;
	uint8_t direction;
	bool has_width_bit;
};

static const struct form one_byte[] = {
	{0x84, DECODE_TEST, DECODE_TO_MEMORY, true},  {0x85, DECODE_TEST, DECODE_TO_MEMORY, true},
	{0x86, DECODE_XCHG, DECODE_TO_MEMORY, true},  {0x87, DECODE_XCHG, DECODE_TO_MEMORY, true},
	{0x88, DECODE_MOV, DECODE_TO_MEMORY, true},   {0x89, DECODE_MOV, DECODE_TO_MEMORY, true},
	{0x8a, DECODE_MOV, DECODE_TO_REGISTER, true}, {0x8b, DECODE_MOV, DECODE_TO_REGISTER, true},
};
static const struct form two_byte[] = {
	{0xa3, DECODE_BT, DECODE_TO_MEMORY, false},
	{0xab, DECODE_BTS, DECODE_TO_MEMORY, false},
	{0xb3, DECODE_BTR, DECODE_TO_MEMORY, false},
	{0xbb, DECODE_BTC, DECODE_TO_MEMORY, false},
	{0xb0, DECODE_CMPXCHG, DECODE_TO_MEMORY, true},
	{0xb1, DECODE_CMPXCHG, DECODE_TO_MEMORY, true},
	{0xc0, DECODE_XADD, DECODE_TO_MEMORY, true},
	{0xc1, DECODE_XADD, DECODE_TO_MEMORY, true},
};

static bool decode_form(struct cursor *cursor, struct decoded *out, const struct form *forms,
			size_t count, uint8_t opcode)
{
	for (size_t i = 0; i < count; i++) {
		if (forms[i].opcode == opcode) {
			bool is_byte = forms[i].has_width_bit && (opcode & 1) == 0;

			return with_register(cursor, out, (enum decode_op)forms[i].op,
					     is_byte ? 1 : cursor->operand_size,
					     (enum decode_direction)forms[i].direction);
		}
	}
	return false;
}

static bool decode_two_byte(struct cursor *cursor, struct decoded *out)
{
	uint8_t size = cursor->operand_size;
	uint8_t opcode;

	if (!take(cursor, &opcode)) {
		return false;
	}
	if (opcode == 0xba) { /* group 8: bit operations by an immediate */
		return take_modrm(cursor) && modrm_digit(cursor) >= 4 &&
		       with_immediate(cursor, out,
				      (enum decode_op)(DECODE_BT + modrm_digit(cursor) - 4), size,
				      1);
	}
	if ((opcode & 0xf6) == 0xb6) { /* B6, B7: MOVZX; BE, BF: MOVSX */
		return decode_extension(cursor, out, (opcode & 1) != 0 ? 2 : 1, (opcode & 8) != 0);
	}
	if (opcode == 0xc3) { /* MOVNTI */
		return !cursor->head.has_operand_size && size >= 4 &&
		       with_register(cursor, out, DECODE_MOV, size, DECODE_TO_MEMORY);
	}
	return decode_form(cursor, out, two_byte, ARRAY_COUNT(two_byte), opcode);
}

static bool is_group(uint8_t opcode)
{
	return opcode == 0x80 || opcode == 0x81 || opcode == 0x83 || (opcode & 0xfe) == 0xc6 ||
	       (opcode & 0xfe) == 0xf6 || (opcode & 0xfe) == 0xfe;
}

static bool decode_one_byte(struct cursor *cursor, struct decoded *out, uint8_t opcode)
{
	if (opcode < 0x40 && (opcode & 7) < 4) { /* ADD to CMP, register forms */
		return with_register(cursor, out, (enum decode_op)(opcode >> 3),
				     (opcode & 1) != 0 ? cursor->operand_size : 1,
				     (opcode & 2) != 0 ? DECODE_TO_REGISTER : DECODE_TO_MEMORY);
	}
	if (opcode == 0x63) { /* MOVSXD; ARPL outside 64-bit mode */
		return cursor->mode == DECODE_64 &&
		       decode_extension(cursor, out, cursor->operand_size == 2 ? 2 : 4, true);
	}
	if ((opcode & 0xfc) == 0xa0) {
		return decode_moffs(cursor, out, opcode);
	}
	if ((opcode & 0xfe) == 0xa4 || (opcode & 0xfe) == 0xaa) {
		return decode_string(cursor, out, (opcode & 8) != 0 ? DECODE_STOS : DECODE_MOVS,
				     opcode);
	}
	return is_group(opcode) ? decode_group(cursor, out, opcode)
				: decode_form(cursor, out, one_byte, ARRAY_COUNT(one_byte), opcode);
}

static void set_sizes(struct cursor *cursor)
{
	bool is_16 = cursor->mode == DECODE_16;

	cursor->operand_size = cursor->head.has_operand_size != is_16 ? 2 : 4;
	if ((cursor->head.rex & REX_W) != 0) {
		cursor->operand_size = 8;
	}
	if (cursor->mode == DECODE_64) {
		cursor->address_size = cursor->head.has_address_size ? 4 : 8;
	} else {
		cursor->address_size = cursor->head.has_address_size != is_16 ? 2 : 4;
	}
}

bool decode_memory(const uint8_t *bytes, size_t length, enum decode_mode mode, struct decoded *out)
{
	struct cursor cursor = {.bytes = bytes, .mode = mode};
	uint8_t opcode;
	bool is_known;

	memset(out, 0, sizeof(*out));
	cursor.length = length < DECODE_LENGTH_MAX ? length : DECODE_LENGTH_MAX;
	if (!decode_prefixes(bytes, cursor.length, mode, &cursor.head)) {
		return false;
	}
	cursor.next = cursor.head.length;
	set_sizes(&cursor);
	if (!take(&cursor, &opcode)) {
		return false;
	}
	is_known = opcode == OPCODE_ESCAPE ? decode_two_byte(&cursor, out)
					   : decode_one_byte(&cursor, out, opcode);
	out->length = (uint8_t)cursor.next;
	out->address_size = cursor.address_size;
	return is_known;
}
