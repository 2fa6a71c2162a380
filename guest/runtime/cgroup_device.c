/* SPDX-License-Identifier: Apache-2.0 */
/* The device filter's program, instruction by instruction (Linux, "BPF Instruction Set"). */
#include "cgroup_device_rule.h"

#include <stdlib.h>
#include <stdint.h>
#include <string.h>
#include <linux/bpf.h>

#include "text.h"

#define RULE_LIMIT 1024 /* a jump reaches 32767 instructions */

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

/* The rules that count, the last first; *is_allow is what holds where none of them does. */
static int collect(json *rules, struct device_rule *list, size_t *count, bool *is_allow,
		   struct error *e)
{
	size_t usual = sizeof(usual_rules) / sizeof(usual_rules[0]);

	memcpy(list, usual_rules, sizeof(usual_rules));
	*count = usual;
	*is_allow = false;
	for (size_t i = json_count(rules); i > 0; i--) {
		struct device_rule *rule = &list[*count];
		if (read_rule(rule, json_at(rules, i - 1)) < 0) {
			return error_set(e, 0,
					 "linux.resources.devices: rule %zu is none: type is a, b "
					 "or c, access some of rwm, major and minor numbers",
					 i - 1);
		}
		if (is_last_word(rule)) {
			*is_allow = rule->is_allow;
			break;
		}
		*count += 1;
	}
	return 0;
}

int cgroup_device_program(struct device_program *program, json *rules, struct error *e)
{
	size_t usual = sizeof(usual_rules) / sizeof(usual_rules[0]);
	size_t count = json_count(rules);
	bool is_allow;

	if (count > RULE_LIMIT || (rules && !json_object_is_type(rules, json_type_array))) {
		return error_set(e, 0, "linux.resources.devices is not a list of at most %d rules",
				 RULE_LIMIT);
	}
	struct device_rule *list = memory_zeroed(usual + count, sizeof(*list));
	int result = collect(rules, list, &count, &is_allow, e);
	/* All is allowed where the usual devices come first and then everything. */
	if (result == 0 && !(is_allow && count == usual)) {
		cgroup_device_emit(program, list, count, is_allow);
	}
	free(list);
	return result;
}

void cgroup_device_free(struct device_program *program)
{
	free(program->code);
	*program = (struct device_program){0};
}
