/* SPDX-License-Identifier: Apache-2.0 */
/* Device filters: the program of rules, run here. */
/* Links: guest/runtime/cgroup_device.c guest/runtime/cgroup_device_emit.c */
/* Links: guest/runtime/error.c guest/common/text.c guest/common/json.c */
/* Libraries: -ljson-c */
#include "tap.h"

#include <linux/bpf.h>
#include <string.h>

#include "cgroup_device.h"

#define READ  BPF_DEVCG_ACC_READ
#define WRITE BPF_DEVCG_ACC_WRITE
#define MKNOD BPF_DEVCG_ACC_MKNOD
#define CHAR  BPF_DEVCG_DEV_CHAR
#define BLOCK BPF_DEVCG_DEV_BLOCK

static struct device_program program;

static bool make(const char *source)
{
	const char *why;
	struct error e = {0};
	json *rules = json_parse(source, strlen(source), &why);

	cgroup_device_free(&program);
	bool is_made = cgroup_device_program(&program, rules, &e) == 0;
	if (!is_made) {
		TAP_CHECK(e.text && strstr(e.text, "linux.resources.devices"));
	}
	error_free(&e);
	json_object_put(rules);
	return is_made;
}

static uint32_t context_word(const struct bpf_cgroup_dev_ctx *context, int offset)
{
	uint32_t word = 0;

	TAP_CHECK(offset >= 0 && offset % 4 == 0 && (size_t)offset < sizeof(*context));
	memcpy(&word, (const char *)context + offset, sizeof(word));
	return word;
}

/* The instructions that a filter is made of, 32 bits wide; anything else fails the test. */
static bool step(const struct bpf_insn *now, uint64_t *reg,
		 const struct bpf_cgroup_dev_ctx *context, int *jump)
{
	uint32_t left = (uint32_t)reg[now->dst_reg];
	uint32_t constant = (uint32_t)now->imm;

	*jump = 0;
	switch (now->code) {
	case BPF_LDX | BPF_MEM | BPF_W:
		TAP_EQUAL(now->src_reg, 1);
		reg[now->dst_reg] = context_word(context, now->off);
		return true;
	case BPF_ALU | BPF_X | BPF_MOV:
		reg[now->dst_reg] = (uint32_t)reg[now->src_reg];
		return true;
	case BPF_ALU | BPF_K | BPF_MOV:
		reg[now->dst_reg] = constant;
		return true;
	case BPF_ALU | BPF_K | BPF_AND:
		reg[now->dst_reg] = left & constant;
		return true;
	case BPF_ALU | BPF_K | BPF_RSH:
		reg[now->dst_reg] = left >> constant;
		return true;
	case BPF_ALU64 | BPF_X | BPF_RSH:
		TAP_CHECK(reg[now->src_reg] < 64);
		reg[now->dst_reg] >>= reg[now->src_reg];
		return true;
	case BPF_LD | BPF_IMM | BPF_DW:
		TAP_EQUAL(now[1].code, 0);
		reg[now->dst_reg] = (uint64_t)(uint32_t)now[1].imm << 32 | constant;
		*jump = 1;
		return true;
	case BPF_JMP32 | BPF_K | BPF_JGT:
		*jump = left > constant ? now->off : 0;
		return true;
	case BPF_JMP32 | BPF_K | BPF_JEQ:
		*jump = left == constant ? now->off : 0;
		return true;
	case BPF_JMP32 | BPF_K | BPF_JNE:
		*jump = left != constant ? now->off : 0;
		return true;
	case BPF_JMP32 | BPF_K | BPF_JSET:
		*jump = left & constant ? now->off : 0;
		return true;
	case BPF_JMP | BPF_JA:
		*jump = now->off;
		return true;
	default:
		return false;
	}
}

static bool is_allowed(uint32_t type, uint32_t major, uint32_t minor, uint32_t access)
{
	struct bpf_cgroup_dev_ctx context = {access << 16 | type, major, minor};
	uint64_t reg[11] = {0};
	size_t at = 0;

	if (!program.code) {
		return true;
	}
	while (at < program.count && program.code[at].code != (BPF_JMP | BPF_EXIT)) {
		int jump;
		if (!step(&program.code[at], reg, &context, &jump)) {
			TAP_EQUAL(program.code[at].code, 0);
			return false;
		}
		TAP_CHECK(jump >= 0);
		at += 1 + (size_t)jump;
	}
	TAP_CHECK(at < program.count);
	return reg[0] == 1;
}

static void test_default(void)
{
	TAP_CHECK(make("[]"));
	TAP_CHECK(is_allowed(CHAR, 1, 3, READ | WRITE));
	TAP_CHECK(is_allowed(CHAR, 5, 2, READ | WRITE));
	TAP_CHECK(is_allowed(CHAR, 136, 77, READ | WRITE));
	TAP_CHECK(!is_allowed(CHAR, 1, 1, READ));            /* mem */
	TAP_CHECK(!is_allowed(CHAR, 1, 4, READ));            /* port */
	TAP_CHECK(!is_allowed(CHAR, 10, 200, READ | WRITE)); /* tun */
	TAP_CHECK(!is_allowed(BLOCK, 8, 0, READ));
	TAP_CHECK(!is_allowed(BLOCK, 1, 3, READ));
	/* Making a node opens nothing. */
	TAP_CHECK(is_allowed(BLOCK, 8, 0, MKNOD));
	TAP_CHECK(is_allowed(CHAR, 1, 1, MKNOD));
	TAP_CHECK(!is_allowed(CHAR, 1, 1, MKNOD | READ));
}

static void test_none(void)
{
	struct error e = {0};

	cgroup_device_free(&program);
	TAP_EQUAL(cgroup_device_program(&program, NULL, &e), 0);
	TAP_CHECK(is_allowed(CHAR, 1, 3, READ) && !is_allowed(BLOCK, 8, 0, READ));
}

static void test_rules(void)
{
	TAP_CHECK(make(
		"[{\"allow\":false,\"access\":\"rwm\"},"
		"{\"allow\":true,\"type\":\"b\",\"major\":8,\"minor\":0,\"access\":\"r\"},"
		"{\"allow\":true,\"type\":\"b\",\"major\":8,\"minor\":0,\"access\":\"w\"},"
		"{\"allow\":true,\"type\":\"c\",\"major\":10,\"access\":\"rw\"},"
		"{\"allow\":false,\"type\":\"c\",\"major\":10,\"minor\":5,\"access\":\"w\"}]"));
	/* Two rules together allow what neither does. */
	TAP_CHECK(is_allowed(BLOCK, 8, 0, READ | WRITE));
	TAP_CHECK(!is_allowed(BLOCK, 8, 1, READ));
	TAP_CHECK(!is_allowed(CHAR, 8, 0, READ));
	TAP_CHECK(is_allowed(CHAR, 10, 200, READ | WRITE));
	/* The last counts, for what it names. */
	TAP_CHECK(is_allowed(CHAR, 10, 5, READ));
	TAP_CHECK(!is_allowed(CHAR, 10, 5, WRITE));
	TAP_CHECK(!is_allowed(CHAR, 10, 5, READ | WRITE));
	/* Rules before one that says all do not. */
	TAP_CHECK(make("[{\"allow\":true,\"type\":\"b\",\"access\":\"rwm\"},{\"allow\":false}]"));
	TAP_CHECK(!is_allowed(BLOCK, 8, 0, READ));
}

static void test_all(void)
{
	TAP_CHECK(
		make("[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"access\":\"rwm\"}]"));
	TAP_CHECK(program.code == NULL);
	TAP_CHECK(make(
		"[{\"allow\":true,\"type\":\"a\",\"access\":\"rwm\"},"
		"{\"allow\":false,\"type\":\"b\",\"major\":8,\"minor\":-1,\"access\":\"w\"}]"));
	TAP_CHECK(is_allowed(BLOCK, 9, 0, READ | WRITE | MKNOD));
	TAP_CHECK(!is_allowed(BLOCK, 8, 3, READ | WRITE));
	TAP_CHECK(is_allowed(BLOCK, 8, 3, READ));
	/* A part of the accesses to everything is not everything. */
	TAP_CHECK(make("[{\"allow\":true,\"type\":\"a\",\"access\":\"r\"}]"));
	TAP_CHECK(is_allowed(BLOCK, 8, 0, READ) && !is_allowed(BLOCK, 8, 0, WRITE));
}

static void test_large_numbers(void)
{
	TAP_CHECK(make("[{\"allow\":true,\"type\":\"c\",\"major\":4294967295,\"minor\":2147483648,"
		       "\"access\":\"r\"}]"));
	TAP_CHECK(is_allowed(CHAR, UINT32_MAX, 0x80000000u, READ));
	TAP_CHECK(!is_allowed(CHAR, UINT32_MAX, 0x80000001u, READ));
}

/* What rules say, bit by bit: the last that names device and access counts. */
static bool is_meant(json *rules, uint32_t type, uint32_t major, uint32_t minor, uint32_t access)
{
	for (uint32_t bit = 1; bit <= 4; bit <<= 1) {
		static const char letters[] = {0, 'm', 'r', 0, 'w'};
		int verdict = -1;
		if (!(access & bit)) {
			continue;
		}
		/* The usual devices, which stand behind all rules. */
		if (bit == MKNOD ||
		    (type == CHAR && ((major == 1 && strchr("\3\5\7\10\11", (int)minor) && minor) ||
				      (major == 5 && minor <= 2) || major == 136))) {
			continue;
		}
		for (size_t i = json_count(rules); i > 0 && verdict < 0; i--) {
			json *rule = json_object_array_get_idx(rules, i - 1);
			const char *kind = json_get_string(rule, "type", "a");
			int64_t wanted[] = {json_get_int(rule, "major", -1),
					    json_get_int(rule, "minor", -1)};
			if ((*kind == 'a' || (*kind == 'c') == (type == CHAR)) &&
			    (wanted[0] < 0 || wanted[0] == major) &&
			    (wanted[1] < 0 || wanted[1] == minor) &&
			    strchr(json_get_string(rule, "access", "rwm"), letters[bit])) {
				verdict = json_get_bool(rule, "allow", false);
			}
		}
		if (verdict <= 0) {
			return false;
		}
	}
	return true;
}

static uint32_t seed = 1;

static uint32_t choose(uint32_t count)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % count;
}

static void add_random_rule(json *rules)
{
	static const char *const types[] = {"a", "b", "c", "c"};
	static const char *const accesses[] = {"rwm", "rwm", "rwm", "r", "w", "rw", "m", "wm"};
	static const int64_t minors[] = {-1, 0, 3, 63, 64, 70};
	json *rule = json_object_new_object();

	json_set_bool(rule, "allow", choose(3) > 0);
	json_set_string(rule, "type", types[choose(4)]);
	json_set_int(rule, "major", choose(4) == 0 ? -1 : (int64_t)choose(3));
	json_set_int(rule, "minor", minors[choose(6)]);
	json_set_string(rule, "access", accesses[choose(8)]);
	json_object_array_add(rules, rule);
}

static void test_random(void)
{
	static const uint32_t minors[] = {0, 1, 3, 63, 64, 70, 71};

	for (int round = 0; round < 300; round++) {
		json *rules = json_object_new_array();
		unsigned int wrong = 0;
		for (uint32_t count = choose(9); count > 0; count--) {
			add_random_rule(rules);
		}
		struct error e = {0};
		cgroup_device_free(&program);
		TAP_EQUAL(cgroup_device_program(&program, rules, &e), 0);
		for (uint32_t i = 0; i < 2 * 4 * 7 * 7; i++) {
			uint32_t type = i & 1 ? CHAR : BLOCK;
			uint32_t major = i >> 1 & 3;
			uint32_t minor = minors[i / 8 % 7];
			uint32_t access = i / 56 + 1;
			wrong += is_allowed(type, major, minor, access) !=
				 is_meant(rules, type, major, minor, access);
		}
		TAP_EQUAL(wrong, 0);
		if (wrong) {
			tap_note("%s", json_text(rules));
			round = 300;
		}
		json_object_put(rules);
	}
}

static void test_bad(void)
{
	TAP_CHECK(!make("[{\"allow\":true,\"type\":\"x\",\"access\":\"r\"}]"));
	TAP_CHECK(!make("[{\"allow\":true,\"type\":\"c\",\"access\":\"rq\"}]"));
	TAP_CHECK(!make("[{\"allow\":true,\"type\":\"c\",\"access\":\"\"}]"));
	TAP_CHECK(!make("[{\"allow\":true,\"type\":\"c\",\"major\":-2,\"access\":\"r\"}]"));
	TAP_CHECK(!make("[{\"allow\":true,\"type\":\"c\",\"major\":4294967296,\"access\":\"r\"}]"));
	TAP_CHECK(!make("[{\"allow\":true,\"type\":\"c\",\"minor\":\"0\",\"access\":\"r\"}]"));
	TAP_CHECK(!make("[7]"));
	TAP_CHECK(!make("{}"));
	cgroup_device_free(&program);
}

static const struct tap_case cases[] = {
	{"without rules: the usual devices and no other", test_default},
	{"no list is an empty list", test_none},
	{"each access by itself, the last rule counts", test_rules},
	{"everything allowed needs no program", test_all},
	{"numbers of 32 bits", test_large_numbers},
	{"300 random lists say what they mean", test_random},
	{"what is no rule", test_bad},
};

TAP_MAIN(cases)
