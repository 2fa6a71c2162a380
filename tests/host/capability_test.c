/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities and rlimits by name, and into the kernel. */
/* Links: guest/runtime/capability.c guest/runtime/rlimit.c guest/runtime/error.c */
/* Links: guest/common/process_names.c guest/common/text.c guest/common/json.c */
/* Libraries: -ljson-c */
#include "tap.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capability.h"
#include "rlimit.h"

#define BIT(number) (UINT64_C(1) << (number))

static json *parse(const char *source)
{
	const char *why;
	json *value = json_parse(source, strlen(source), &why);

	TAP_CHECK(value != NULL);
	return value;
}

static int prepare(const char *source, struct capability_sets *sets, struct error *e)
{
	json *value = parse(source);
	int result = capability_prepare(value, sets, e);

	json_object_put(value);
	return result;
}

static void test_names(void)
{
	TAP_EQUAL(capability_number("CAP_CHOWN"), CAP_CHOWN);
	TAP_EQUAL(capability_number("CAP_SYS_ADMIN"), CAP_SYS_ADMIN);
	TAP_EQUAL(capability_number("cap_net_raw"), CAP_NET_RAW);
	TAP_EQUAL(capability_number("AUDIT_READ"), CAP_AUDIT_READ);
	TAP_EQUAL(capability_number("CAP_CHECKPOINT_RESTORE"), 40);
	TAP_CHECK(capability_number("CAP_") < 0 && capability_number("") < 0 &&
		  capability_number("CAP_CAP_CHOWN") < 0);
	for (int number = 0; number <= 40; number++) {
		TAP_EQUAL(capability_number(capability_name(number)), number);
	}
	TAP_CHECK(!capability_name(41) && !capability_name(-1));
	TAP_CHECK(capability_last() >= 37 && prctl(PR_CAPBSET_READ, capability_last()) >= 0 &&
		  prctl(PR_CAPBSET_READ, capability_last() + 1) < 0);
}

static void test_sets(void)
{
	struct capability_sets sets;
	struct error e = {0};

	TAP_EQUAL(prepare("{\"bounding\":[\"CAP_KILL\",\"CAP_CHOWN\"],\"effective\":[\"CAP_KILL\"],"
			  "\"permitted\":[\"CAP_KILL\",\"CAP_NEW\",\"CAP_NEW\",\"CAP_NEWER\"],"
			  "\"ambient\":[\"CAP_CHOWN\"]}",
			  &sets, &e),
		  0);
	TAP_EQUAL(sets.bounding, BIT(CAP_KILL) | BIT(CAP_CHOWN));
	TAP_EQUAL(sets.effective, BIT(CAP_KILL));
	TAP_EQUAL(sets.permitted, BIT(CAP_KILL));
	TAP_EQUAL(sets.inheritable, 0);
	TAP_EQUAL(sets.ambient, BIT(CAP_CHOWN));
	TAP_CHECK(strstr(sets.unknown, "CAP_NEW") == sets.unknown);
	TAP_EQUAL(capability_prepare(NULL, &sets, &e), 0);
	TAP_EQUAL(sets.bounding | sets.permitted, 0);
	TAP_TEXT(sets.unknown, "");
	TAP_EQUAL(prepare("{\"bounding\":\"all\"}", &sets, &e), -1);
	error_free(&e);
	TAP_EQUAL(prepare("{\"bounding\":[1]}", &sets, &e), -1);
	TAP_CHECK(e.text && strstr(e.text, "process.capabilities.bounding"));
	error_free(&e);
}

static int run_apply(void)
{
	struct capability_sets sets = {
		.bounding = BIT(CAP_KILL) | BIT(CAP_CHOWN) | BIT(CAP_NET_RAW),
		.permitted = BIT(CAP_KILL) | BIT(CAP_CHOWN) | BIT(CAP_SYS_RESOURCE) | BIT(40),
		.effective = BIT(CAP_KILL),
		.inheritable = BIT(CAP_KILL),
		.ambient = BIT(CAP_KILL) | BIT(CAP_CHOWN),
	};
	struct error e = {0};
	char line[256];
	unsigned long long value;
	int good = 0;

	if (capability_limit_bounding(&sets, &e) < 0 || capability_apply(&sets, &e) < 0) {
		return 1;
	}
	FILE *status = fopen("/proc/self/status", "r");
	while (status && fgets(line, sizeof(line), status)) {
		if (sscanf(line, "CapBnd: %llx", &value) == 1) {
			good += value == sets.bounding;
		} else if (sscanf(line, "CapPrm: %llx", &value) == 1) {
			good += (value & ~sets.permitted) == 0 &&
				(value & (BIT(CAP_KILL) | BIT(CAP_CHOWN))) ==
					(BIT(CAP_KILL) | BIT(CAP_CHOWN));
		} else if (sscanf(line, "CapEff: %llx", &value) == 1 ||
			   sscanf(line, "CapInh: %llx", &value) == 1 ||
			   sscanf(line, "CapAmb: %llx", &value) == 1) {
			good += value == BIT(CAP_KILL);
		}
	}
	if (status) {
		fclose(status);
	}
	return good == 5 ? 0 : 2;
}

static int in_child(int (*run)(void))
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		_exit(run());
	}
	TAP_EQUAL(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_apply(void)
{
	if (geteuid() != 0) {
		tap_note("skip: needs root");
		return;
	}
	TAP_EQUAL(in_child(run_apply), 0);
}

static int limit(const char *source, struct error *e)
{
	json *process = parse(source);
	int result = rlimit_apply(process, 0, e);

	json_object_put(process);
	return result;
}

static int run_limits(void)
{
	struct error e = {0};
	struct rlimit files;

	if (limit("{\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":30,\"hard\":31},"
		  "{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":0}]}",
		  &e) < 0 ||
	    getrlimit(RLIMIT_NOFILE, &files) < 0) {
		return 1;
	}
	return files.rlim_cur == 30 && files.rlim_max == 31 ? 0 : 2;
}

static void expect_error(const char *source, const char *part)
{
	struct error e = {0};

	TAP_EQUAL(limit(source, &e), -1);
	TAP_CHECK(e.text && strstr(e.text, part));
	error_free(&e);
}

static void test_rlimits(void)
{
	struct rlimit before;
	struct rlimit after;
	struct error e = {0};

	TAP_EQUAL(limit("{}", &e), 0);
	TAP_EQUAL(in_child(run_limits), 0);
	TAP_EQUAL(getrlimit(RLIMIT_NOFILE, &before), 0);
	expect_error("{\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":3,\"hard\":4},"
		     "{\"type\":\"RLIMIT_X\",\"soft\":3,\"hard\":4}]}",
		     "RLIMIT_X");
	expect_error("{\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":3,\"hard\":4},"
		     "{\"type\":\"RLIMIT_NOFILE\",\"soft\":3,\"hard\":4}]}",
		     "twice");
	expect_error("{\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":5,\"hard\":4}]}", "above");
	expect_error("{\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":\"5\",\"hard\":4}]}",
		     "soft");
	expect_error("{\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":4}]}", "soft");
	/* None of a bad list is set. */
	TAP_EQUAL(getrlimit(RLIMIT_NOFILE, &after), 0);
	TAP_CHECK(before.rlim_cur == after.rlim_cur && before.rlim_max == after.rlim_max);
}

static void test_infinity(void)
{
	struct error e = {0};
	struct rlimit now;

	TAP_EQUAL(getrlimit(RLIMIT_FSIZE, &now), 0);
	TAP_EQUAL(now.rlim_max, RLIM_INFINITY);
	TAP_EQUAL(limit("{\"rlimits\":[{\"type\":\"RLIMIT_FSIZE\",\"soft\":18446744073709551615,"
			"\"hard\":18446744073709551615}]}",
			&e),
		  0);
	TAP_EQUAL(limit("{\"rlimits\":[{\"type\":\"RLIMIT_FSIZE\",\"soft\":-1,\"hard\":-1}]}", &e),
		  0);
	expect_error("{\"rlimits\":[{\"type\":\"RLIMIT_FSIZE\",\"soft\":-2,\"hard\":-1}]}", "soft");
	TAP_CHECK(getrlimit(RLIMIT_FSIZE, &now) == 0 && now.rlim_cur == RLIM_INFINITY);
}

static const struct tap_case cases[] = {
	{"capabilities have their names", test_names},
	{"sets, and names that nobody knows", test_sets},
	{"sets into the kernel, as far as they can be had", test_apply},
	{"limits, all of a list or none", test_rlimits},
	{"no limit", test_infinity},
};

TAP_MAIN(cases)
