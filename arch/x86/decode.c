/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes prefixes, opcode, ModRM and immediates (SDM 2A, "Instruction Format"; 2D, "Opcode Map").
 */
#include "decode.h"

#include "bits.h"
#include "str.h"

#define REX_R          0x4u
#define REX_W          0x8u
#define OPCODE_ESCAPE  0x0fu
#define MODRM_REGISTER 3u
#define SEGMENT_DS     3u

/* Of a form: which operation, and on what beside memory. */
enum {
	/* One of 2, 4 or 8 operations, from `op` on: bits 5:3 of the opcode, or of ModRM where that
	 * names no register, are added. */
	OF_2 = 0x1,
	OF_4 = 0x3,
	OF_8 = 0x7,
	REGISTER = 0x8,     /* the register of ModRM */
	IMMEDIATE = 0x10,   /* of the operand's size, at most 4 bytes */
	IMMEDIATE_8 = 0x20, /* one byte, for an operand that is larger */
	MOFFS = 0x40,       /* the accumulator; the address stands instead of ModRM */
	STRING = 0x80,      /* no ModRM */
	TO_REGISTER = 0x100,
	FROM_16 = 0x200, /* memory is smaller than the register: at most 2 bytes, or 4 */
	FROM_32 = 0x400,
	SIGNED = 0x800,
	NO_MODRM = MOFFS | STRING,
	ONLY_64 = 0x1000, /* something else outside 64-bit mode */
	NOT_16 = 0x2000,  /* neither with 16-bit operands nor with prefix 66 */
};

struct form {
	uint16_t opcode; /* 0x0fXX after the escape. Bit 0 clear: bytes, but with IMMEDIATE_8 */
	uint8_t any;     /* bits of the opcode that may be 0 and 1 */
	uint8_t digits;  /* bit n: bits 5:3 of ModRM may be n */
	uint16_t op;     /* enum decode_op */
	uint16_t flags;
};

/* The most frequent first: compilers use MOV for device registers. */
static const struct form forms[] = {
	{0x88, 0x01, 0xff, DECODE_MOV, REGISTER},
	{0x8a, 0x01, 0xff, DECODE_MOV, REGISTER | TO_REGISTER},
	{0xc6, 0x01, 0x01, DECODE_MOV, IMMEDIATE},
	{0x86, 0x01, 0xff, DECODE_XCHG, REGISTER},
	{0x00, 0x39, 0xff, DECODE_ADD, OF_8 | REGISTER},
	{0x02, 0x39, 0xff, DECODE_ADD, OF_8 | REGISTER | TO_REGISTER},
	{0x80, 0x01, 0xff, DECODE_ADD, OF_8 | IMMEDIATE},
	{0x83, 0x00, 0xff, DECODE_ADD, OF_8 | IMMEDIATE_8},
	{0x84, 0x01, 0xff, DECODE_TEST, REGISTER},
	{0xf6, 0x01, 0x03, DECODE_TEST, IMMEDIATE},
	{0xf6, 0x01, 0x0c, DECODE_NOT, OF_2},
	{0xfe, 0x01, 0x03, DECODE_INC, OF_2},
	{0xa0, 0x01, 0xff, DECODE_MOV, MOFFS | TO_REGISTER},
	{0xa2, 0x01, 0xff, DECODE_MOV, MOFFS},
	{0xa4, 0x01, 0xff, DECODE_MOVS, STRING},
	{0xaa, 0x01, 0xff, DECODE_STOS, STRING},
	{0x63, 0x00, 0xff, DECODE_MOV, REGISTER | TO_REGISTER | FROM_32 | SIGNED | ONLY_64},
	{0x0fb6, 0x01, 0xff, DECODE_MOV, REGISTER | TO_REGISTER | FROM_16},
	{0x0fbe, 0x01, 0xff, DECODE_MOV, REGISTER | TO_REGISTER | FROM_16 | SIGNED},
	{0x0fc3, 0x00, 0xff, DECODE_MOV, REGISTER | NOT_16}, /* MOVNTI */
	{0x0fa3, 0x18, 0xff, DECODE_BT, OF_4 | REGISTER},
	{0x0fba, 0x00, 0xf0, DECODE_BT, OF_4 | IMMEDIATE_8},
	{0x0fb0, 0x01, 0xff, DECODE_CMPXCHG, REGISTER},
	{0x0fc0, 0x01, 0xff, DECODE_XADD, REGISTER},
};

/* The bytes still to be read; beyond the last come zeros, and `next` goes on counting. */
struct cursor {
	const uint8_t *bytes;
	size_t length;
	size_t next;
};

static uint8_t peek(const struct cursor *cursor)
{
	return cursor->next < cursor->length ? cursor->bytes[cursor->next] : 0;
}

static uint8_t take(struct cursor *cursor)
{
	uint8_t byte = peek(cursor);

	cursor->next++;
	return byte;
}

/* Little-endian, sign-extended: shifted in from the top. */
static uint64_t take_immediate(struct cursor *cursor, uint32_t size)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < size; i++) {
		value = value >> 8 | (uint64_t)take(cursor) << 56;
	}
	return (uint64_t)((int64_t)value >> (64 - 8 * size));
}

static bool take_legacy_prefix(struct decode_head *head, uint8_t byte)
{
	if ((byte & 0xe7) == 0x26) { /* 26, 2E, 36, 3E: ES, CS, SS, DS */
		head->segment = byte >> 3 & 3;
	} else if ((byte & 0xfe) == 0x64) {
		head->segment = byte - 0x60;
	} else if (byte == 0x66) {
		head->has_operand_size = true;
	} else if (byte == 0x67) {
		head->has_address_size = true;
	} else if (byte == 0xf0) {
		head->has_lock = true;
	} else if ((byte & 0xfe) == 0xf2) {
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
	head->operand_size = head->has_operand_size != (mode == DECODE_16) ? 2 : 4;
	if ((head->rex & REX_W) != 0) {
		head->operand_size = 8;
	}
	if (head->has_address_size) {
		head->address_size = mode == DECODE_32 ? 2 : 4;
	} else {
		head->address_size = (uint8_t)(2 << mode);
	}
	return next < length;
}

/* Takes SIB and displacement. */
static void take_address(struct cursor *cursor, uint8_t modrm, uint8_t address_size)
{
	uint8_t mod = modrm >> 6;
	uint8_t base = modrm & 7;

	if (address_size == 2) {
		cursor->next += mod == 1 ? 1 : mod == 2 || base == 6 ? 2 : 0;
		return;
	}
	if (base == 4) {
		base = take(cursor) & 7;
	}
	cursor->next += mod == 1 ? 1 : mod == 2 || base == 5 ? 4 : 0;
}

/* False for what has no memory operand, or is another instruction here. */
static bool is_usable(uint16_t flags, enum decode_mode mode, const struct decode_head *head,
		      uint8_t modrm)
{
	if ((flags & NO_MODRM) == 0 && modrm >> 6 == MODRM_REGISTER) {
		return false;
	}
	if ((flags & NOT_16) != 0 && (head->has_operand_size || head->operand_size == 2)) {
		return false;
	}
	return (flags & ONLY_64) == 0 || mode == DECODE_64;
}

static const struct form *find_form(uint16_t opcode, uint8_t modrm)
{
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
		if (((opcode ^ forms[i].opcode) & ~forms[i].any) == 0 &&
		    (forms[i].digits >> (modrm >> 3 & 7) & 1) != 0) {
			return &forms[i];
		}
	}
	return NULL;
}

static uint8_t memory_size(uint16_t opcode, uint16_t flags, uint8_t operand_size)
{
	if ((opcode & 1) == 0 && (flags & IMMEDIATE_8) == 0) {
		return 1;
	}
	if ((flags & FROM_16) != 0 || operand_size == 2) {
		return 2;
	}
	return (flags & FROM_32) != 0 ? 4 : operand_size;
}

/* The register in bits 5:3 of ModRM. */
static void set_register(struct decoded *out, uint8_t modrm, uint8_t rex)
{
	uint8_t reg = modrm >> 3 & 7;

	out->is_high_byte = out->reg_size == 1 && rex == 0 && reg >= 4;
	out->reg = (uint8_t)(out->is_high_byte ? reg - 4 : reg | ((rex & REX_R) != 0 ? 8 : 0));
}

/* All but addresses and immediates. */
static void describe(const struct form *form, const struct decode_head *head, uint16_t opcode,
		     uint8_t modrm, struct decoded *out)
{
	uint16_t flags = form->flags;

	out->op = (uint8_t)(form->op +
			    (((flags & REGISTER) != 0 ? opcode : modrm) >> 3 & flags & OF_8));
	out->direction = (flags & TO_REGISTER) != 0 ? DECODE_TO_REGISTER : DECODE_TO_MEMORY;
	out->size = memory_size(opcode, flags, head->operand_size);
	out->address_size = head->address_size;
	out->is_sign_extended = (flags & SIGNED) != 0;
	out->is_immediate = (flags & (IMMEDIATE | IMMEDIATE_8)) != 0;
	if ((flags & (REGISTER | NO_MODRM)) != 0) {
		out->reg_size = (flags & (FROM_16 | FROM_32)) != 0 ? head->operand_size : out->size;
	}
	if ((flags & REGISTER) != 0) {
		set_register(out, modrm, head->rex);
	}
	if ((flags & STRING) != 0) {
		out->is_rep = head->has_rep;
		out->segment = head->segment != DECODE_SEGMENT_NONE ? head->segment : SEGMENT_DS;
	}
}

bool decode_memory(const uint8_t *bytes, size_t length, enum decode_mode mode, struct decoded *out)
{
	struct cursor cursor = {bytes, min_u64(length, DECODE_LENGTH_MAX), 0};
	struct decode_head head;
	const struct form *form;
	uint16_t opcode;
	uint8_t modrm;

	memset(out, 0, sizeof(*out));
	if (!decode_prefixes(bytes, length, mode, &head)) {
		return false;
	}
	cursor.next = head.length;
	opcode = take(&cursor);
	if (opcode == OPCODE_ESCAPE) {
		opcode = (uint16_t)(OPCODE_ESCAPE << 8 | take(&cursor));
	}
	modrm = peek(&cursor);
	form = find_form(opcode, modrm);
	if (form == NULL || !is_usable(form->flags, mode, &head, modrm)) {
		return false;
	}
	describe(form, &head, opcode, modrm, out);
	if ((form->flags & MOFFS) != 0) {
		cursor.next += head.address_size;
	} else if ((form->flags & STRING) == 0) {
		take_address(&cursor, take(&cursor), head.address_size);
	}
	if (out->is_immediate) {
		uint8_t most = (form->flags & IMMEDIATE_8) != 0 ? 1 : 4;

		out->immediate = take_immediate(&cursor, out->size < most ? out->size : most);
	}
	out->length = (uint8_t)cursor.next;
	return cursor.next <= cursor.length;
}
