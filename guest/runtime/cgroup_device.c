/* SPDX-License-Identifier: Apache-2.0 */
/* The device filter's program, instruction by instruction (Linux, "BPF Instruction Set"). */
#include "cgroup_device.h"

#include <stdlib.h>
#include <stdint.h>
#include <string.h>
#include <linux/bpf.h>

#include "text.h"

#define RULE_LIMIT 4096
#define ACCESS_ALL (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)
#define ANY        (-1)

struct device_rule {
	bool is_allow;
	int type;      /* BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_DEV_CHAR or ANY */
	int64_t major; /* or ANY */
	int64_t minor; /* or ANY */
	int access;    /* BPF_DEVCG_ACC_* */
};

/* The devices of runtime-spec's "Default Devices", the last first. What allows a part of the
 * accesses stands at the end: behind it the kernel's verifier has to go through all that follows
 * once more. */
static const struct device_rule usual_rules[] = {
	{true, BPF_DEVCG_DEV_CHAR, 1, 3, ACCESS_ALL},     /* null */
	{true, BPF_DEVCG_DEV_CHAR, 1, 5, ACCESS_ALL},     /* zero */
	{true, BPF_DEVCG_DEV_CHAR, 1, 7, ACCESS_ALL},     /* full */
	{true, BPF_DEVCG_DEV_CHAR, 1, 8, ACCESS_ALL},     /* random */
	{true, BPF_DEVCG_DEV_CHAR, 1, 9, ACCESS_ALL},     /* urandom */
	{true, BPF_DEVCG_DEV_CHAR, 5, 0, ACCESS_ALL},     /* tty */
	{true, BPF_DEVCG_DEV_CHAR, 5, 1, ACCESS_ALL},     /* console */
	{true, BPF_DEVCG_DEV_CHAR, 5, 2, ACCESS_ALL},     /* ptmx */
	{true, BPF_DEVCG_DEV_CHAR, 136, ANY, ACCESS_ALL}, /* pts */
	{true, ANY, ANY, ANY, BPF_DEVCG_ACC_MKNOD},
};

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

static void emit_rule(struct device_program *program, const struct device_rule *rule)
{
	int conditions = (rule->type != ANY) + (rule->major != ANY) + (rule->minor != ANY);
	bool is_final = rule->is_allow && rule->access == ACCESS_ALL;
	int over = conditions + (is_final ? 2 : 4); /* what follows the conditions */

	if (rule->type != ANY) {
		emit_jump(program, BPF_JNE, REG_TYPE, rule->type, --over);
	}
	if (rule->major != ANY) {
		emit_jump(program, BPF_JNE, REG_MAJOR, rule->major, --over);
	}
	if (rule->minor != ANY) {
		emit_jump(program, BPF_JNE, REG_MINOR, rule->minor, --over);
	}
	if (is_final) {
		emit_return(program, 1);
	} else if (rule->is_allow) {
		emit_alu(program, BPF_AND, REG_ACCESS, ACCESS_ALL & ~rule->access);
		emit_jump(program, BPF_JNE, REG_ACCESS, 0, 2);
		emit_return(program, 1);
	} else {
		emit_jump(program, BPF_JSET, REG_ACCESS, rule->access, 1);
		emit(program, (struct bpf_insn){.code = BPF_JMP | BPF_JA, .off = 2});
		emit_return(program, 0);
	}
}

static int read_access(const char *text, int *access)
{
	*access = 0;
	for (; *text; text++) {
		switch (*text) {
		case 'r':
			*access |= BPF_DEVCG_ACC_READ;
			break;
		case 'w':
			*access |= BPF_DEVCG_ACC_WRITE;
			break;
		case 'm':
			*access |= BPF_DEVCG_ACC_MKNOD;
			break;
		default:
			return -1;
		}
	}
	return *access ? 0 : -1;
}

/* A number of a device: ANY where it is missing or -1. */
static int read_number(json *rule, const char *key, int64_t *number)
{
	json *value = json_get(rule, key);

	*number = ANY;
	if (!value) {
		return 0;
	}
	*number = json_object_get_int64(value);
	return json_object_is_type(value, json_type_int) && *number >= ANY && *number <= UINT32_MAX
		       ? 0
		       : -1;
}

static int read_rule(struct device_rule *rule, json *source)
{
	const char *type = json_get_string(source, "type", "a");

	rule->is_allow = json_get_bool(source, "allow", false);
	if (!strcmp(type, "a")) {
		rule->type = ANY;
	} else if (!strcmp(type, "c") || !strcmp(type, "u")) {
		rule->type = BPF_DEVCG_DEV_CHAR;
	} else if (!strcmp(type, "b")) {
		rule->type = BPF_DEVCG_DEV_BLOCK;
	} else {
		return -1;
	}
	if (!json_object_is_type(source, json_type_object) ||
	    read_number(source, "major", &rule->major) < 0 ||
	    read_number(source, "minor", &rule->minor) < 0) {
		return -1;
	}
	return read_access(json_get_string(source, "access", "rwm"), &rule->access);
}

/* It decides everything, so that none before it counts. */
static bool is_last_word(const struct device_rule *rule)
{
	return rule->type == ANY && rule->major == ANY && rule->minor == ANY &&
	       rule->access == ACCESS_ALL;
}

int cgroup_device_program(struct device_program *program, json *rules, struct error *e)
{
	size_t usual = sizeof(usual_rules) / sizeof(usual_rules[0]);
	size_t count = json_count(rules);
	struct device_rule rule;

	if (count > RULE_LIMIT || (rules && !json_object_is_type(rules, json_type_array))) {
		return error_set(e, 0, "linux.resources.devices is not a list of at most %d rules",
				 RULE_LIMIT);
	}
	emit_start(program);
	/* The usual devices are what nearly all accesses are to. */
	for (size_t i = 0; i < usual; i++) {
		emit_rule(program, &usual_rules[i]);
	}
	for (size_t i = count; i > 0; i--) {
		if (read_rule(&rule, json_object_array_get_idx(rules, i - 1)) < 0) {
			return error_set(e, 0,
					 "linux.resources.devices: rule %zu is none: type is a, b "
					 "or c, access some of rwm, major and minor numbers",
					 i - 1);
		}
		if (!is_last_word(&rule)) {
			emit_rule(program, &rule);
			continue;
		}
		if (rule.is_allow && i == count) {
			cgroup_device_free(program);
			return 0;
		}
		emit_return(program, rule.is_allow);
		return 0;
	}
	emit_return(program, 0);
	return 0;
}

void cgroup_device_free(struct device_program *program)
{
	free(program->code);
	*program = (struct device_program){0};
}
