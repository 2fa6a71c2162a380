/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of what a configuration says of limits, devices, capabilities and system calls: no
 * value is written that is no file's of a cgroup, and a device program has an end that every jump
 * reaches. */
/* Links: guest/runtime/cgroup_plan.c guest/runtime/cgroup_plan_io.c guest/runtime/cgroup_device.c */
/* Links: guest/runtime/cgroup_device_emit.c guest/runtime/capability.c guest/runtime/rlimit.c */
/* Links: guest/runtime/seccomp_compile.c guest/runtime/seccomp_words.c guest/runtime/seccomp_enosys.c guest/runtime/seccomp_cache.c */
/* Links: guest/runtime/seccomp.c guest/runtime/seccomp_reduce.c guest/runtime/error.c */
/* Links: guest/common/process_names.c guest/common/text.c guest/common/json.c guest/common/file.c guest/common/seccomp_profile.c */
/* Libraries: -ljson-c -lseccomp -lm */
#include "fuzz.h"

#include <linux/bpf.h>
#include <string.h>

#include "capability.h"
#include "cgroup_device.h"
#include "cgroup_plan.h"
#include "rlimit.h"
#include "seccomp_filter.h"
#include "seccomp_profile.h"

static void try_plan(json *resources)
{
	struct cgroup_plan plan = {0};
	struct cgroup_now now = {.memory = 1 << 20, .quota = 5000, .period = 10000, .burst = 7};
	struct error e = {0};

	FUZZ_CHECK((cgroup_plan_make(&plan, resources, &now, &e) == 0) == (e.text == NULL));
	for (size_t i = 0; i < plan.count; i++) {
		FUZZ_CHECK(!strchr(plan.writes[i].file, '/') && strchr(plan.writes[i].file, '.'));
		FUZZ_CHECK(plan.writes[i].file[0] != '.');
	}
	cgroup_plan_free(&plan);
	error_free(&e);
}

static void try_devices(json *resources)
{
	struct device_program program = {0};
	struct error e = {0};

	int result = cgroup_device_program(&program, json_get(resources, "devices"), &e);
	FUZZ_CHECK((result == 0) == (e.text == NULL));
	for (size_t i = 0; result == 0 && i < program.count; i++) {
		const struct bpf_insn *now = &program.code[i];
		FUZZ_CHECK(now->off >= 0 || BPF_CLASS(now->code) == BPF_LDX);
		if (BPF_CLASS(now->code) == BPF_JMP || BPF_CLASS(now->code) == BPF_JMP32) {
			FUZZ_CHECK(i + 1 + (size_t)now->off < program.count ||
				   now->code == (BPF_JMP | BPF_EXIT));
		}
	}
	FUZZ_CHECK(!program.count || program.code[program.count - 1].code == (BPF_JMP | BPF_EXIT));
	cgroup_device_free(&program);
	error_free(&e);
}

static void try_process(json *process)
{
	struct capability_sets sets;
	struct error e = {0};

	FUZZ_CHECK((capability_prepare(json_get(process, "capabilities"), &sets, &e) == 0) ==
		   (e.text == NULL));
	FUZZ_CHECK((sets.bounding | sets.ambient) >> (capability_last() + 1) == 0);
	error_free(&e);
}

static void try_seccomp(json *profile)
{
	struct seccomp_filter filter;
	struct error e = {0};
	const char *why;

	if (json_count(json_get(profile, "syscalls")) > 3) {
		return; /* libseccomp's own time */
	}
	if (seccomp_load_filter(profile, NULL, &filter, &e) == 0) {
		FUZZ_CHECK(e.text == NULL && filter.code && filter.count);
		seccomp_free(&filter);
	} else {
		FUZZ_CHECK(e.text != NULL);
	}
	json *resolved = seccomp_profile_resolve(profile, NULL, "6.1", &why);
	FUZZ_CHECK((resolved == NULL) == (why != NULL));
	json_object_put(resolved);
	error_free(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why;
	json *config = json_parse((const char *)data, size, &why);

	if (config) {
		try_plan(json_get(config, "resources"));
		try_devices(json_get(config, "resources"));
		try_process(config);
		if (json_get_object(config, "seccomp")) {
			try_seccomp(json_get(config, "seccomp"));
		}
		json_object_put(config);
	}
	return 0;
}
