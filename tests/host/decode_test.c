/* SPDX-License-Identifier: Apache-2.0 */
/* decode.c against instructions that the assembler has encoded. */
/* Links: arch/x86/decode.c */
#include "decode.h"
#include "tap.h"

#include <string.h>

/* The bytes of one instruction, by the assembler, as `code` (.code16, .code32, .code64) has them.
 */
#define ASSEMBLE(id, code, text)                                                                   \
	__asm__(".pushsection .rodata\n" code "\nvector_" #id ":\n\t" text "\nvector_" #id         \
		"_end:\n.code64\n.popsection\n");                                                  \
	extern const uint8_t vector_##id[], vector_##id##_end[]

struct vector {
	const uint8_t *bytes;
	const uint8_t *end;
	enum decode_mode mode;
	struct decoded want; /* its length is end - bytes */
	const char *text;
};

#define FORMS(X)                                                                                   \
	X(a01, 64, "movl %eax, (%rdi)", .op = DECODE_MOV, .size = 4, .reg_size = 4)                \
	X(a02, 64, "movq %r15, 8(%r12)", .op = DECODE_MOV, .size = 8, .reg = 15, .reg_size = 8)    \
	X(a03, 64, "movb %ah, (%rbx)", .op = DECODE_MOV, .size = 1, .reg_size = 1,                 \
	  .is_high_byte = true)                                                                    \
	X(a04, 64, "movb %sil, (%rbx)", .op = DECODE_MOV, .size = 1, .reg = 6, .reg_size = 1)      \
	X(a05, 64, "movw %bp, 0x12345678(%rax,%rcx,4)", .op = DECODE_MOV, .size = 2, .reg = 5,     \
	  .reg_size = 2)                                                                           \
	X(a06, 64, "movl 0x7f(%rsp), %r9d", .op = DECODE_MOV, .direction = DECODE_TO_REGISTER,     \
	  .size = 4, .reg = 9, .reg_size = 4)                                                      \
	X(a07, 64, "movl 0x300(%rip), %edx", .op = DECODE_MOV, .direction = DECODE_TO_REGISTER,    \
	  .size = 4, .reg = 2, .reg_size = 4)                                                      \
	X(a08, 64, "movl $0xfffffff0, 0x7ee000b0", .op = DECODE_MOV, .size = 4,                    \
	  .is_immediate = true, .immediate = 0xfffffffffffffff0)                                   \
	X(a09, 64, "movq $-2, (%rax)", .op = DECODE_MOV, .size = 8, .is_immediate = true,          \
	  .immediate = 0xfffffffffffffffe)                                                         \
	X(a10, 64, "movw $0x1234, (%rax)", .op = DECODE_MOV, .size = 2, .is_immediate = true,      \
	  .immediate = 0x1234)                                                                     \
	X(a11, 64, "movb $0x80, (%rax)", .op = DECODE_MOV, .size = 1, .is_immediate = true,        \
	  .immediate = 0xffffffffffffff80)                                                         \
	X(a12, 64, "movabsl 0x1122334455667788, %eax", .op = DECODE_MOV,                           \
	  .direction = DECODE_TO_REGISTER, .size = 4, .reg_size = 4)                               \
	X(a13, 64, "movabsb %al, 0x1122334455667788", .op = DECODE_MOV, .size = 1, .reg_size = 1)  \
	X(a14, 64, "movzbl (%rax), %ecx", .op = DECODE_MOV, .direction = DECODE_TO_REGISTER,       \
	  .size = 1, .reg = 1, .reg_size = 4)                                                      \
	X(a15, 64, "movzwl (%rax), %r8d", .op = DECODE_MOV, .direction = DECODE_TO_REGISTER,       \
	  .size = 2, .reg = 8, .reg_size = 4)                                                      \
	X(a16, 64, "movsbw (%rax), %si", .op = DECODE_MOV, .direction = DECODE_TO_REGISTER,        \
	  .size = 1, .reg = 6, .reg_size = 2, .is_sign_extended = true)                            \
	X(a17, 64, "movslq (%rax), %rdi", .op = DECODE_MOV, .direction = DECODE_TO_REGISTER,       \
	  .size = 4, .reg = 7, .reg_size = 8, .is_sign_extended = true)                            \
	X(a18, 64, "xchgl %ebx, 0x10(%rdx)", .op = DECODE_XCHG, .size = 4, .reg = 3,               \
	  .reg_size = 4)                                                                           \
	X(a19, 64, "lock orl $0x100, (%rax)", .op = DECODE_OR, .size = 4, .is_immediate = true,    \
	  .immediate = 0x100)                                                                      \
	X(a20, 64, "andl $-17, (%rax)", .op = DECODE_AND, .size = 4, .is_immediate = true,         \
	  .immediate = 0xffffffffffffffef)                                                         \
	X(a21, 64, "addq (%rax), %r10", .op = DECODE_ADD, .direction = DECODE_TO_REGISTER,         \
	  .size = 8, .reg = 10, .reg_size = 8)                                                     \
	X(a22, 64, "xorb %dl, (%r13)", .op = DECODE_XOR, .size = 1, .reg = 2, .reg_size = 1)       \
	X(a23, 64, "cmpl $0, 0x20(%rax)", .op = DECODE_CMP, .size = 4, .is_immediate = true)       \
	X(a24, 64, "testb $8, (%rax)", .op = DECODE_TEST, .size = 1, .is_immediate = true,         \
	  .immediate = 8)                                                                          \
	X(a25, 64, "testl %eax, (%rax)", .op = DECODE_TEST, .size = 4, .reg_size = 4)              \
	X(a26, 64, "notl (%rax)", .op = DECODE_NOT, .size = 4)                                     \
	X(a27, 64, "negw (%rax)", .op = DECODE_NEG, .size = 2)                                     \
	X(a28, 64, "incl (%rax)", .op = DECODE_INC, .size = 4)                                     \
	X(a29, 64, "decb (%rax)", .op = DECODE_DEC, .size = 1)                                     \
	X(a30, 64, "btsl $5, (%rax)", .op = DECODE_BTS, .size = 4, .is_immediate = true,           \
	  .immediate = 5)                                                                          \
	X(a31, 64, "btrl %ecx, (%rax)", .op = DECODE_BTR, .size = 4, .reg = 1, .reg_size = 4)      \
	X(a32, 64, "lock cmpxchgl %ecx, (%rax)", .op = DECODE_CMPXCHG, .size = 4, .reg = 1,        \
	  .reg_size = 4)                                                                           \
	X(a33, 64, "lock xaddl %ecx, (%rax)", .op = DECODE_XADD, .size = 4, .reg = 1,              \
	  .reg_size = 4)                                                                           \
	X(a34, 64, "movntiq %rcx, (%rax)", .op = DECODE_MOV, .size = 8, .reg = 1, .reg_size = 8)   \
	X(a35, 64, "rep stosl", .op = DECODE_STOS, .size = 4, .reg_size = 4, .segment = 3,         \
	  .is_rep = true)                                                                          \
	X(a36, 64, "movsq", .op = DECODE_MOVS, .size = 8, .reg_size = 8, .segment = 3)             \
	X(a37, 64, "rep movsb %fs:(%rsi), %es:(%rdi)", .op = DECODE_MOVS, .size = 1,               \
	  .reg_size = 1, .segment = 4, .is_rep = true)                                             \
	X(a38, 64, "movl %eax, %gs:(%rdi)", .op = DECODE_MOV, .size = 4, .reg_size = 4)            \
	X(a39, 64, "movl %eax, 0x10(%edi)", .op = DECODE_MOV, .size = 4, .reg_size = 4,            \
	  .address_size = 4)                                                                       \
	X(a40, 64, "sbbl (%rax), %ecx", .op = DECODE_SBB, .direction = DECODE_TO_REGISTER,         \
	  .size = 4, .reg = 1, .reg_size = 4)                                                      \
	X(a41, 64, ".byte 0x66, 0x63, 0x08", .op = DECODE_MOV, .direction = DECODE_TO_REGISTER,    \
	  .size = 2, .reg = 1, .reg_size = 2, .is_sign_extended = true)                            \
	X(b01, 32, "movl %eax, 0xfee000b0", .op = DECODE_MOV, .size = 4, .reg_size = 4)            \
	X(b02, 32, "movl 0x10(%esp,%ecx,8), %edi", .op = DECODE_MOV,                               \
	  .direction = DECODE_TO_REGISTER, .size = 4, .reg = 7, .reg_size = 4)                     \
	X(b03, 32, "movw $0x1234, 0x10(%bx)", .op = DECODE_MOV, .size = 2, .is_immediate = true,   \
	  .immediate = 0x1234, .address_size = 2)                                                  \
	X(b04, 32, "movb %dh, (%ebp)", .op = DECODE_MOV, .size = 1, .reg = 2, .reg_size = 1,       \
	  .is_high_byte = true)                                                                    \
	X(b05, 32, "adcl $0x12345678, (%eax)", .op = DECODE_ADC, .size = 4, .is_immediate = true,  \
	  .immediate = 0x12345678)                                                                 \
	X(c01, 16, "movw %ax, (%bx,%si)", .op = DECODE_MOV, .size = 2, .reg_size = 2)              \
	X(c02, 16, "movw 0x1234, %cx", .op = DECODE_MOV, .direction = DECODE_TO_REGISTER,          \
	  .size = 2, .reg = 1, .reg_size = 2)                                                      \
	X(c03, 16, "movl $0x12345678, 0x7f(%bp)", .op = DECODE_MOV, .size = 4,                     \
	  .is_immediate = true, .immediate = 0x12345678)                                           \
	X(c04, 16, "movw %ax, 0x1234(%edx)", .op = DECODE_MOV, .size = 2, .reg_size = 2,           \
	  .address_size = 4)                                                                       \
	X(c05, 16, "subw 0x1234(%di), %dx", .op = DECODE_SUB, .direction = DECODE_TO_REGISTER,     \
	  .size = 2, .reg = 2, .reg_size = 2)

#define ASSEMBLE_FORM(id, bits, text, ...) ASSEMBLE(id, ".code" #bits, text);
FORMS(ASSEMBLE_FORM)
#define TABLE_FORM(id, bits, text, ...)                                                            \
	{vector_##id, vector_##id##_end, DECODE_##bits, {__VA_ARGS__}, text},
static const struct vector vectors[] = {FORMS(TABLE_FORM)};

static void check_vector(const struct vector *vector)
{
	static const uint8_t natural[] = {[DECODE_16] = 2, [DECODE_32] = 4, [DECODE_64] = 8};
	size_t length = (size_t)(vector->end - vector->bytes);
	struct decoded want = vector->want;
	struct decoded got;
	bool is_known = decode_memory(vector->bytes, length, vector->mode, &got);

	want.length = (uint8_t)length;
	want.address_size = want.address_size != 0 ? want.address_size : natural[vector->mode];
	if (!is_known || got.op != want.op || got.direction != want.direction ||
	    got.length != want.length || got.size != want.size || got.reg != want.reg ||
	    got.reg_size != want.reg_size || got.address_size != want.address_size ||
	    got.segment != want.segment || got.is_high_byte != want.is_high_byte ||
	    got.is_sign_extended != want.is_sign_extended ||
	    got.is_immediate != want.is_immediate || got.is_rep != want.is_rep ||
	    got.immediate != want.immediate) {
		tap_note("%s: known %d op %d direction %d length %d size %d reg %d/%d address %d "
			 "segment %d immediate %llx",
			 vector->text, is_known, got.op, got.direction, got.length, got.size,
			 got.reg, got.reg_size, got.address_size, got.segment,
			 (unsigned long long)got.immediate);
		TAP_CHECK(false);
	}
	/* One byte less is never enough, and never read past. */
	for (size_t cut = 0; cut < length; cut++) {
		uint8_t copy[DECODE_LENGTH_MAX];

		memcpy(copy, vector->bytes, cut);
		TAP_CHECK(!decode_memory(copy, cut, vector->mode, &got));
	}
}

static void test_forms(void)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		check_vector(&vectors[i]);
	}
}

ASSEMBLE(r1, ".code64", "movl %eax, %ebx");      /* no memory operand */
ASSEMBLE(r2, ".code64", "movaps %xmm0, (%rax)"); /* SSE */
ASSEMBLE(r3, ".code64", "pushq (%rax)");         /* a second memory operand: the stack */
ASSEMBLE(r4, ".code64", "call *(%rax)");
ASSEMBLE(r5, ".code64", "fldl (%rax)");
ASSEMBLE(r6, ".code64", "cmpsb");
ASSEMBLE(r7, ".code64", "vmovd %xmm0, (%rax)");
ASSEMBLE(r8, ".code64", "imull (%rax), %ecx");

static void test_refused(void)
{
	static const uint8_t *const refused[] = {vector_r1, vector_r2, vector_r3, vector_r4,
						 vector_r5, vector_r6, vector_r7, vector_r8};
	struct decoded got;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		TAP_CHECK(!decode_memory(refused[i], 8, DECODE_64, &got));
	}
}

static void test_prefixes(void)
{
	static const uint8_t cpuid[] = {0x66, 0x2e, 0xf3, 0x48, 0x0f, 0xa2};
	static const uint8_t endless[20] = {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
					    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
					    0x66, 0x66, 0x66, 0x66, 0x88, 0x00};
	/* REX that is not the last prefix has no effect: not a 64-bit move. */
	static const uint8_t lost_rex[] = {0x48, 0x66, 0x89, 0x00};
	struct decode_head head;
	struct decoded got;

	TAP_CHECK(decode_prefixes(cpuid, sizeof(cpuid), DECODE_64, &head));
	TAP_EQUAL(head.length, 4);
	TAP_EQUAL(head.rex, 0x48);
	TAP_EQUAL(head.segment, 1);
	TAP_CHECK(head.has_rep && head.has_operand_size && !head.has_lock);
	TAP_CHECK(decode_prefixes(cpuid, sizeof(cpuid), DECODE_32, &head));
	TAP_EQUAL(head.length, 3); /* 48 is DEC there */
	TAP_CHECK(!decode_prefixes(endless, sizeof(endless), DECODE_64, &head));
	TAP_CHECK(!decode_memory(endless, sizeof(endless), DECODE_64, &got));
	TAP_CHECK(!decode_memory(lost_rex, sizeof(lost_rex), DECODE_64, &got));
}

static const struct tap_case cases[] = {
	{"every form, at its full length and cut", test_forms},
	{"what is not a plain memory operand is refused", test_refused},
	{"prefixes", test_prefixes},
};
TAP_MAIN(cases)
