/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device filter's program, instruction by instruction (Linux, "BPF Instruction Set"). Branches
 * are what loading it costs: the kernel's verifier follows each. So rules that allow, whose order
 * does not matter, are sorted by type and major number, and their minor numbers become one word of
 * bits.
 */
#include "cgroup_device_rule.h"

#include "text.h"

#define BITMAP_BITS 64

enum {
	REG_RESULT = BPF_REG_0,
	REG_CONTEXT = BPF_REG_1, /* later: scratch */
	REG_ACCESS = BPF_REG_2,  /* what of the access is not allowed yet */
	REG_TYPE = BPF_REG_3,
	REG_MAJOR = BPF_REG_4,
	REG_MINOR = BPF_REG_5,
};

static void emit(struct device_program *program, struct bpf_insn instruction)
{
	if (program->count == program->room) {
		program->room = program->room ? program->room * 2 : 64;
		program->code = memory_resize(program->code, program->room, sizeof(*program->code));
	}
	program->code[program->count++] = instruction;
}

static void emit_load(struct device_program *program, int to, size_t offset)
{
	emit(program, (struct bpf_insn){
			      .code = BPF_LDX | BPF_MEM | BPF_W,
			      .dst_reg = (uint8_t)(to & 0xf),
			      .src_reg = REG_CONTEXT,
			      .off = (int16_t)offset,
		      });
}

/* `operation` of a register and a constant, 32 bits wide. */
static void emit_alu(struct device_program *program, int operation, int reg, int64_t value)
{
	emit(program, (struct bpf_insn){
			      .code = (uint8_t)(BPF_ALU | BPF_K | operation),
			      .dst_reg = (uint8_t)(reg & 0xf),
			      .imm = (int32_t)value,
		      });
}

static void emit_jump(struct device_program *program, int operation, int reg, int64_t value,
		      int over)
{
	emit(program, (struct bpf_insn){
			      .code = (uint8_t)(BPF_JMP32 | BPF_K | operation),
			      .dst_reg = (uint8_t)(reg & 0xf),
			      .off = (int16_t)over,
			      .imm = (int32_t)value,
		      });
}

static void emit_return(struct device_program *program, int value)
{
	emit_alu(program, BPF_MOV, REG_RESULT, value);
	emit(program, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT});
}

static void emit_start(struct device_program *program)
{
	emit_load(program, REG_ACCESS, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit_load(program, REG_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(program, REG_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	/* The type is in the lower half, the access in the upper. */
	emit(program, (struct bpf_insn){
			      .code = BPF_ALU | BPF_X | BPF_MOV,
			      .dst_reg = REG_TYPE,
			      .src_reg = REG_ACCESS,
		      });
	emit_alu(program, BPF_AND, REG_TYPE, 0xffff);
	emit_alu(program, BPF_RSH, REG_ACCESS, 16);
}

/* A jump forward whose length is not known yet. */
static size_t emit_skip(struct device_program *program, int operation, int reg, int64_t value)
{
	emit_jump(program, operation, reg, value, 0);
	return program->count - 1;
}

static void land(struct device_program *program, size_t skip)
{
	program->code[skip].off = (int16_t)(program->count - skip - 1);
}

/* One rule by itself; what of `access` is left of it. */
static void emit_rule(struct device_program *program, const struct device_rule *rule, int access)
{
	int conditions = (rule->type != ANY) + (rule->major != ANY) + (rule->minor != ANY);
	int over = conditions + 4; /* what follows them */

	if (rule->type != ANY) {
		emit_jump(program, BPF_JNE, REG_TYPE, rule->type, --over);
	}
	if (rule->major != ANY) {
		emit_jump(program, BPF_JNE, REG_MAJOR, rule->major, --over);
	}
	if (rule->minor != ANY) {
		emit_jump(program, BPF_JNE, REG_MINOR, rule->minor, --over);
	}
	if (rule->is_allow) {
		emit_alu(program, BPF_AND, REG_ACCESS, ACCESS_ALL & ~access);
		emit_jump(program, BPF_JNE, REG_ACCESS, 0, 2);
		emit_return(program, 1);
	} else {
		emit_jump(program, BPF_JSET, REG_ACCESS, access, 1);
		emit(program, (struct bpf_insn){.code = BPF_JMP | BPF_JA, .off = 2});
		emit_return(program, 0);
	}
}

/* Allows the minor numbers below 64 that `bits` has. */
static void emit_bitmap(struct device_program *program, uint64_t bits)
{
	size_t high = emit_skip(program, BPF_JGT, REG_MINOR, BITMAP_BITS - 1);

	emit(program, (struct bpf_insn){
			      .code = BPF_LD | BPF_IMM | BPF_DW,
			      .dst_reg = REG_RESULT,
			      .imm = (int32_t)(uint32_t)bits,
		      });
	emit(program, (struct bpf_insn){.imm = (int32_t)(uint32_t)(bits >> 32)});
	emit(program, (struct bpf_insn){
			      .code = BPF_ALU64 | BPF_X | BPF_RSH,
			      .dst_reg = REG_RESULT,
			      .src_reg = REG_MINOR,
		      });
	emit_alu(program, BPF_AND, REG_RESULT, 1);
	size_t unset = emit_skip(program, BPF_JEQ, REG_RESULT, 0);
	emit(program, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT}); /* the result is 1 */
	land(program, high);
	land(program, unset);
}

static bool is_whole(const struct device_rule *rule, int type)
{
	return rule->access == ACCESS_ALL && rule->type == type && rule->major != ANY;
}

/* All of a run's rules that allow everything to devices of one type and major number. */
static void emit_major(struct device_program *program, const struct device_rule *run, size_t count,
		       const struct device_rule *first)
{
	size_t other = emit_skip(program, BPF_JNE, REG_MAJOR, first->major);
	uint64_t bits = 0;
	bool is_every = false;

	for (size_t i = 0; i < count; i++) {
		const struct device_rule *rule = &run[i];
		if (!is_whole(rule, first->type) || rule->major != first->major) {
			continue;
		}
		if (rule->minor == ANY) {
			is_every = true;
		} else if (rule->minor < BITMAP_BITS) {
			bits |= UINT64_C(1) << rule->minor;
		} else {
			size_t skip = emit_skip(program, BPF_JNE, REG_MINOR, rule->minor);
			emit_return(program, 1);
			land(program, skip);
		}
	}
	if (is_every) {
		emit_return(program, 1);
	} else if (bits) {
		emit_bitmap(program, bits);
	}
	land(program, other);
}

static void emit_type(struct device_program *program, const struct device_rule *run, size_t count,
		      int type)
{
	size_t other = 0;
	bool has_any = false;

	for (size_t i = 0; i < count; i++) {
		size_t before = 0;
		if (!is_whole(&run[i], type)) {
			continue;
		}
		while (!is_whole(&run[before], type) || run[before].major != run[i].major) {
			before++;
		}
		if (!has_any) {
			other = emit_skip(program, BPF_JNE, REG_TYPE, type);
			has_any = true;
		}
		if (before == i) {
			emit_major(program, run, count, &run[i]);
		}
	}
	if (has_any) {
		land(program, other);
	}
}

/* Rules that allow, with none that denies between them. *left: accesses that may still be asked
 * for. */
static void emit_run(struct device_program *program, const struct device_rule *run, size_t count,
		     int *left)
{
	emit_type(program, run, count, BPF_DEVCG_DEV_CHAR);
	emit_type(program, run, count, BPF_DEVCG_DEV_BLOCK);
	for (size_t i = 0; i < count; i++) {
		const struct device_rule *rule = &run[i];
		if ((is_whole(rule, rule->type) && rule->type != ANY) || !(rule->access & *left)) {
			continue;
		}
		emit_rule(program, rule, rule->access & *left);
		if (rule->type == ANY && rule->major == ANY && rule->minor == ANY) {
			*left &= ~rule->access;
		}
	}
}

void cgroup_device_emit(struct device_program *program, const struct device_rule *rules,
			size_t count, bool is_allow)
{
	int left = ACCESS_ALL;
	size_t end;

	emit_start(program);
	for (size_t at = 0; at < count; at = end) {
		end = at;
		while (end < count && rules[end].is_allow) {
			end++;
		}
		emit_run(program, rules + at, end - at, &left);
		if (end < count) {
			if (rules[end].access & left) {
				emit_rule(program, &rules[end], rules[end].access & left);
			}
			end++;
		}
	}
	emit_return(program, is_allow);
}
