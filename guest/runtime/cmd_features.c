/* SPDX-License-Identifier: Apache-2.0 */
/* `features`: what this program can do, in runtime-spec's "Features Structure". */
#include <stdio.h>
#include <string.h>

#include "capability.h"
#include "json.h"
#include "memory_policy.h"
#include "mount_options.h"
#include "runtime.h"

static json *words(const char *const *list)
{
	json *array = json_object_new_array();

	for (; *list; list++) {
		json_append_string(array, *list);
	}
	return array;
}

static json *enabled(bool is_enabled)
{
	json *object = json_object_new_object();

	json_set_bool(object, "enabled", is_enabled);
	return object;
}

static json *seccomp_features(void)
{
	static const char *const actions[] = {
		"SCMP_ACT_ALLOW",        "SCMP_ACT_ERRNO",       "SCMP_ACT_KILL",
		"SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
		"SCMP_ACT_TRACE",        "SCMP_ACT_TRAP",        NULL};
	static const char *const operators[] = {"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",
						"SCMP_CMP_LE", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ",
						"SCMP_CMP_NE", NULL};
	static const char *const machines[] = {"SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32",
					       NULL};
	static const char *const flags[] = {"SECCOMP_FILTER_FLAG_LOG",
					    "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
					    "SECCOMP_FILTER_FLAG_TSYNC", NULL};
	json *seccomp = enabled(true);

	json_set(seccomp, "actions", words(actions));
	json_set(seccomp, "operators", words(operators));
	json_set(seccomp, "archs", words(machines));
	json_set(seccomp, "knownFlags", words(flags));
	json_set(seccomp, "supportedFlags", words(flags));
	return seccomp;
}

static json *cgroup_features(void)
{
	json *cgroup = json_object_new_object();

	json_set_bool(cgroup, "v1", false);
	json_set_bool(cgroup, "v2", true);
	json_set_bool(cgroup, "systemd", false);
	json_set_bool(cgroup, "systemdUser", false);
	json_set_bool(cgroup, "rdma", true);
	return cgroup;
}

static json *linux_features(void)
{
	static const char *const namespaces[] = {"cgroup", "ipc",  "mount", "network", "pid",
						 "time",   "user", "uts",   NULL};
	json *linux_part = json_object_new_object();
	json *capabilities = json_object_new_array();
	json *mounts = json_object_new_object();

	for (int number = 0; capability_name(number); number++) {
		json_append_string(capabilities, capability_name(number));
	}
	json_set(linux_part, "namespaces", words(namespaces));
	json_set(linux_part, "capabilities", capabilities);
	json_set(linux_part, "cgroup", cgroup_features());
	json_set(linux_part, "seccomp", seccomp_features());
	json_set(linux_part, "apparmor", enabled(true));
	json_set(linux_part, "selinux", enabled(true));
	json_set(linux_part, "netDevices", enabled(true));
	json *rdt = enabled(true);
	json_set_bool(rdt, "schemata", true);
	json_set_bool(rdt, "monitoring", true);
	json_set(linux_part, "intelRdt", rdt);
	json *policy = json_object_new_object();
	json_set(policy, "modes", words(memory_policy_modes()));
	json_set(policy, "flags", words(memory_policy_flags()));
	json_set(linux_part, "memoryPolicy", policy);
	json_set(mounts, "idmap", enabled(true));
	json_set(linux_part, "mountExtensions", mounts);
	return linux_part;
}

int cmd_features(struct runtime *rt, int argc, char **argv)
{
	static const char *const hooks[] = {"prestart",
					    "createRuntime",
					    "createContainer",
					    "startContainer",
					    "poststart",
					    "poststop",
					    NULL};

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		printf("usage: %s features\n", rt->program);
		return 0;
	}
	if (argc != 1) {
		error_set(&rt->error, 0, "features takes no argument");
		return 1;
	}
	json *features = json_object_new_object();
	json *annotations = json_object_new_object();
	json_set_string(features, "ociVersionMin", "1.0.0");
	json_set_string(features, "ociVersionMax", RUNTIME_SPEC_VERSION);
	json_set(features, "hooks", words(hooks));
	json_set(features, "mountOptions", words(mount_options_names()));
	json_set(features, "linux", linux_features());
	json_set_string(annotations, "bulkhead.runtime.version", RUNTIME_VERSION);
	json_set(features, "annotations", annotations);
	puts(json_object_to_json_string_ext(features, JSON_C_TO_STRING_PRETTY |
							      JSON_C_TO_STRING_PRETTY_TAB |
							      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(features);
	return 0;
}
