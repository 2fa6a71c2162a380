/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of runtime-spec as writes of cgroup v2. */
/* Links: guest/runtime/cgroup_plan.c guest/runtime/cgroup_plan_io.c guest/runtime/error.c */
/* Links: guest/common/text.c guest/common/json.c */
/* Libraries: -ljson-c -lm */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "cgroup_plan.h"
#include "text.h"

static json *parse(const char *source)
{
	const char *why;
	json *value = json_parse(source, strlen(source), &why);

	TAP_CHECK(value != NULL);
	return value;
}

/* All writes as "FILE VALUE;", one that may miss with a "?", another file with "|". */
static char *plan_of(const char *source, const struct cgroup_now *now)
{
	struct cgroup_plan plan = {0};
	struct error e = {0};
	struct text text = {0};
	json *resources = parse(source);

	text_puts(&text, "");
	if (cgroup_plan_make(&plan, resources, now, &e) < 0) {
		text_printf(&text, "error: %s", e.text);
	}
	for (size_t i = 0; !e.text && i < plan.count; i++) {
		struct cgroup_write *write = &plan.writes[i];
		text_printf(&text, "%s%s %s;", write->file, write->may_miss ? "?" : "",
			    write->value);
		if (write->other_file) {
			text_printf(&text, "|%s %s;", write->other_file, write->other_value);
		}
	}
	if (plan.must_fit) {
		text_printf(&text, "fit %llu;", (unsigned long long)plan.must_fit);
	}
	cgroup_plan_free(&plan);
	error_free(&e);
	json_object_put(resources);
	return text.data;
}

static void expect_now(const char *source, const char *expected, const struct cgroup_now *now)
{
	char *plan = plan_of(source, now);

	TAP_TEXT(plan, expected);
	free(plan);
}

static void expect(const char *source, const char *expected)
{
	struct cgroup_now now = {0};

	expect_now(source, expected, &now);
}

static void expect_error(const char *source, const char *part)
{
	struct cgroup_now now = {0};
	char *plan = plan_of(source, &now);

	TAP_CHECK(!strncmp(plan, "error: ", 7) && strstr(plan, part) != NULL);
	if (strncmp(plan, "error: ", 7) || !strstr(plan, part)) {
		tap_note("%s gave %s", source, plan);
	}
	free(plan);
}

static void test_weight(void)
{
	TAP_EQUAL(cgroup_weight_of_shares(0), 0);
	TAP_EQUAL(cgroup_weight_of_shares(1), 1);
	TAP_EQUAL(cgroup_weight_of_shares(2), 1);
	TAP_EQUAL(cgroup_weight_of_shares(1024), 100);
	TAP_EQUAL(cgroup_weight_of_shares(262144), 10000);
	TAP_EQUAL(cgroup_weight_of_shares(UINT64_MAX), 10000);
	for (uint64_t shares = 2; shares < 262144; shares++) {
		uint64_t weight = cgroup_weight_of_shares(shares);
		if (weight < 1 || weight > 10000 || weight > cgroup_weight_of_shares(shares + 1)) {
			TAP_EQUAL(shares, 0);
			break;
		}
	}
	TAP_EQUAL(cgroup_weight_of_blkio(0), 0);
	TAP_EQUAL(cgroup_weight_of_blkio(10), 1);
	TAP_EQUAL(cgroup_weight_of_blkio(1000), 10000);
	TAP_EQUAL(cgroup_weight_of_blkio(500), 4950);
}

static void test_cpu(void)
{
	expect("{}", "");
	expect("{\"cpu\":{}}", "");
	expect("{\"cpu\":{\"shares\":1024}}", "cpu.weight 100;");
	expect("{\"cpu\":{\"shares\":0,\"quota\":0}}", "");
	expect("{\"cpu\":{\"quota\":50000}}", "cpu.max 50000 100000;");
	expect("{\"cpu\":{\"quota\":50000,\"period\":20000,\"burst\":1000}}",
	       "cpu.max 50000 20000;cpu.max.burst 1000;");
	expect("{\"cpu\":{\"quota\":-1}}", "cpu.max? max 100000;");
	expect("{\"cpu\":{\"idle\":1,\"shares\":512}}", "cpu.idle 1;");
	expect("{\"cpu\":{\"idle\":0,\"shares\":1024}}", "cpu.idle? 0;cpu.weight 100;");
	expect("{\"cpu\":{\"cpus\":\"0-1\",\"mems\":\"0\"}}", "cpuset.cpus 0-1;cpuset.mems 0;");
	expect_error("{\"cpu\":{\"realtimeRuntime\":950000}}", "real-time");
	expect_error("{\"cpu\":{\"shares\":\"many\"}}", "shares is not a whole number");
	expect_error("{\"cpu\":{\"shares\":-5}}", "negative");
}

static void test_update(void)
{
	struct cgroup_now now;

	cgroup_now_read(&now, "1048576\n", "50000 20000\n", "0\n");
	TAP_EQUAL(now.memory, 1048576);
	TAP_EQUAL(now.quota, 50000);
	TAP_EQUAL(now.period, 20000);
	expect_now("{\"cpu\":{\"period\":40000}}", "cpu.max 50000 40000;", &now);
	expect_now("{\"cpu\":{\"quota\":7000}}", "cpu.max 7000 20000;", &now);
	expect_now("{\"memory\":{\"swap\":1048577}}", "memory.swap.max 1;", &now);
	cgroup_now_read(&now, "max\n", "max 100000\n", "9000\n");
	TAP_CHECK(now.memory == -1 && now.quota == -1);
	TAP_EQUAL(now.period, 100000);
	expect_now("{\"cpu\":{\"period\":40000}}", "cpu.max? max 40000;", &now);
	expect_now("{\"cpu\":{\"quota\":8000}}", "cpu.max.burst? 8000;cpu.max 8000 100000;", &now);
	expect_now("{\"cpu\":{\"quota\":9000}}", "cpu.max 9000 100000;", &now);
}

static void test_memory(void)
{
	expect("{\"memory\":{\"limit\":1048576}}", "memory.max 1048576;");
	expect("{\"memory\":{\"limit\":1048576,\"swap\":3145728,\"reservation\":4096}}",
	       "memory.swap.max 2097152;memory.max 1048576;memory.low 4096;");
	expect("{\"memory\":{\"limit\":1048576,\"swap\":1048576}}",
	       "memory.swap.max 0;memory.max 1048576;");
	expect("{\"memory\":{\"limit\":1048576,\"swap\":-1}}",
	       "memory.swap.max? max;memory.max 1048576;");
	expect("{\"memory\":{\"limit\":-1}}", "memory.swap.max? max;memory.max? max;");
	expect("{\"memory\":{\"reservation\":-1}}", "memory.low? 0;");
	expect("{\"memory\":{\"limit\":8192,\"checkBeforeUpdate\":true}}",
	       "memory.max 8192;fit 8192;");
	expect("{\"memory\":{\"kernel\":4096,\"disableOOMKiller\":false}}", "");
	expect_error("{\"memory\":{\"limit\":4096,\"swap\":4095}}", "cannot be below");
	expect_error("{\"memory\":{\"swap\":4096}}", "set memory.limit too");
	expect_error("{\"memory\":{\"swappiness\":10}}", "swappiness");
	expect_error("{\"memory\":{\"disableOOMKiller\":true}}", "disableOOMKiller");
	expect_error("{\"memory\":{\"limit\":\"1m\"}}", "whole number");
}

static void test_pids_and_network(void)
{
	expect("{\"pids\":{\"limit\":64}}", "pids.max 64;");
	expect("{\"pids\":{\"limit\":0}}", "");
	expect("{\"pids\":{\"limit\":-1}}", "pids.max? max;");
	expect("{\"network\":{\"priorities\":[]}}", "");
	expect_error("{\"network\":{\"classID\":1048577}}", "network");
}

static void test_io(void)
{
	expect("{\"blockIO\":{\"weight\":500}}", "io.bfq.weight 500;|io.weight 4950;");
	expect("{\"blockIO\":{\"weight\":0,\"weightDevice\":[{\"major\":8,\"minor\":0,"
	       "\"weight\":1000}]}}",
	       "io.bfq.weight 8:0 1000;|io.weight 8:0 10000;");
	expect("{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":16,\"rate\":600}],"
	       "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":16,\"rate\":0}]}}",
	       "io.max 8:16 rbps=600;io.max? 8:16 wiops=max;");
	expect_error("{\"blockIO\":{\"weight\":5}}", "not from 10 to 1000");
	expect_error("{\"blockIO\":{\"leafWeight\":300}}", "no leafWeight");
	expect_error("{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,"
		     "\"weight\":1000,\"leafWeight\":3}]}}",
		     "no leafWeight");
	expect_error("{\"blockIO\":{\"throttleReadBpsDevice\":[{\"rate\":600}]}}",
		     "major and minor");
}

static void test_pages_and_rdma(void)
{
	expect("{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":2097152}]}",
	       "hugetlb.2MB.max 2097152;hugetlb.2MB.rsvd.max? 2097152;");
	expect_error("{\"hugepageLimits\":[{\"pageSize\":\"../x\",\"limit\":1}]}", "pageSize");
	expect_error("{\"hugepageLimits\":[{\"pageSize\":\"MB\",\"limit\":1}]}", "pageSize");
	expect_error("{\"hugepageLimits\":[{\"pageSize\":\"2\",\"limit\":1}]}", "pageSize");
	expect("{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":10000}}}",
	       "rdma.max mlx5_1 hca_handle=3 hca_object=10000;");
	expect("{\"rdma\":{\"mlx5_1\":{\"hcaObjects\":7}}}", "rdma.max mlx5_1 hca_object=7;");
	expect_error("{\"rdma\":{\"a b\":{\"hcaObjects\":7}}}", "unfit");
}

static void test_unified(void)
{
	expect("{\"unified\":{\"memory.high\":\"1048576\"},\"pids\":{\"limit\":5}}",
	       "pids.max 5;memory.high 1048576;");
	expect("{\"unified\":{\"io.max\":\"8:0 rbps=1\\n8:16 wbps=2\"}}",
	       "io.max 8:0 rbps=1;io.max 8:16 wbps=2;");
	expect_error("{\"unified\":{\"../cgroup.procs\":\"1\"}}", "not a file");
	expect_error("{\"unified\":{\"a.b/../../x\":\"1\"}}", "not a file");
	expect_error("{\"unified\":{\"memory\":\"1\"}}", "not a file");
	expect_error("{\"unified\":{\"memory.high\":1}}", "not a file");
	expect_error("{\"unified\":[]}", "not an object");
}

static const struct tap_case cases[] = {
	{"cpu shares and block weights keep their ends and their order", test_weight},
	{"processors", test_cpu},
	{"an update keeps what it does not name", test_update},
	{"memory and swap", test_memory},
	{"processes; what v2 has not", test_pids_and_network},
	{"block devices", test_io},
	{"large pages and RDMA", test_pages_and_rdma},
	{"files of cgroup v2 by name", test_unified},
};

TAP_MAIN(cases)
