/* SPDX-License-Identifier: Apache-2.0 */
/* bh give, take: CPUs and RAM change hands, or nothing changes. */
/* Links: @bh tests/host/bh_bench.c tests/host/manage_bench.c */
#include "bh_bench.h"

#include "arch/upcalls.h"
#include "bits.h"
#include "hv/vm.h"
#include "page_alloc.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BH(expected, ...) TAP_EQUAL(bench_run(__VA_ARGS__), expected)
#define SAYS(text)        TAP_CHECK(bench_says(bench_out(), text))
#define COMPLAINS(text)   TAP_CHECK(bench_says(bench_errors(), text))

/* "beta": CPU 2, 8 MiB, stopped; 44 MiB and CPU 1 are free. */
static void begin(void)
{
	bench_start_two();
	bench_create("beta");
}

static bool is_loaded(uint32_t id)
{
	uint32_t set = 0;

	for (uint64_t i = 0; i < 4 * BENCH_MIB; i++) {
		set += bench_ram(id)[i] != 0;
	}
	return set > 1000;
}

static void gives_and_takes(void)
{
	char path[256];
	char text[400] = "";
	FILE *file;

	begin();
	BH(0, "give beta --cpu 1 --memory 8M");
	TAP_TEXT(bench_errors(), "");
	BH(0, "ls");
	SAYS("\n 1  beta  1-2   16 MiB       0  stopped\n");
	TAP_CHECK(is_loaded(1));
	BH(0, "info");
	SAYS("free: -\n");
	SAYS("free memory   36 MiB\n");
	snprintf(path, sizeof(path), "%s/beta.conf", bench_folder());
	file = fopen(path, "r");
	TAP_CHECK(file != NULL && fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	TAP_TEXT(strchr(text, '['), "[partition beta]\ncpus = 1-2\nmemory = 16M\n"
				    "kernel = hello.elf\nautostart = no\n");
	BH(0, "start beta");
	TAP_EQUAL(bench_vm(1)->vcpu_count, 2);
	TAP_EQUAL(bench_vm(1)->vcpus[1]->state, VCPU_WAIT_SIPI);
	BH(0, "reset beta"); /* from what was kept */
	TAP_CHECK(is_loaded(1));
	BH(0, "stop beta");
	BH(0, "take beta --cpu 2 --memory 10M -v");
	SAYS("beta: created ");
	TAP_CHECK(is_loaded(1));
	BH(0, "ls --json");
	SAYS("\"name\":\"beta\",\"state\":\"stopped\",\"cpus\":[1],\"memory\":6291456,");
	bench_file("a.conf", "[partition gamma]\ncpus = 2\nmemory = 44M\nkernel = hello.elf\n");
	BH(0, "create -f %s/a.conf", bench_folder()); /* what was taken is another's now */
	BH(0, "start beta");
}

static void many_rounds_leave_nothing(void)
{
	uint32_t used = 0;

	begin();
	for (uint32_t i = 0; i < 50; i++) {
		BH(0, "give beta --cpu 1 --memory 32M");
		BH(0, "take beta --cpu 2");
		BH(0, "give beta --cpu 2");
		BH(0, "take beta --cpu 1 --memory 32M");
		used = i == 0 ? page_alloc_used() : used;
	}
	TAP_EQUAL(page_alloc_used(), used);
	BH(0, "info");
	SAYS("free: 1\n");
	SAYS("free memory   44 MiB\n");
	TAP_EQUAL(bench_vm(1)->vcpu_count, 1);
}

/* What each wrong order says, while alpha runs on CPU 1 and beta is stopped. */
static const struct {
	const char *order;
	int result;
	const char *complaint;
} wrong[] = {
	{"give beta", 2, "give: what? usage: bh give NAME [--cpu N] [--memory SIZE]"},
	{"give", 2, "give: no partition is named"},
	{"give alpha beta --cpu 3", 2, "too many arguments"},
	{"give beta --cpu", 2, "--cpu N: has no value"},
	{"take beta --memory 1M", 2, "no multiple of 2M"},
	{"give nobody --cpu 1", 3, "partition nobody: there is none"},
	{"give alpha --memory 2M", 1,
	 "cannot change partition alpha: it is running; `bh stop alpha` first"},
	{"give beta --cpu 2", 1, "cannot give CPU 2 to partition beta: it has it already"},
	{"give beta --cpu 1-2", 1, "cannot give CPU 2 to partition beta: it has it already"},
	{"give beta --cpu 1", 1, "cannot change partition beta: CPU 1 is partition alpha's"},
	{"give beta --cpu 0", 1, "cannot change partition beta: CPU 0 is partition mgmt's"},
	{"give beta --cpu 3", 1, "cannot change partition beta: CPU 3 is not running"},
	{"give beta --cpu 40", 1, "there is no CPU 40, the machine has 4"},
	{"give beta --memory 30M", 1, "30 MiB asked for, 28 MiB free"},
	{"give beta --memory 65536G", 1, "67108864 MiB asked for, 28 MiB free"},
	{"take beta --cpu 1", 1,
	 "cannot take CPU 1 from partition beta: it does not have it; see `bh ls`"},
	{"take beta --cpu 2", 1, "cannot take all CPUs from partition beta; `bh rm beta`"},
	{"take beta --memory 6M", 1,
	 "cannot take 6 MiB from partition beta: it has 8 MiB, and keeps 4 MiB at least"},
	{"take beta --memory 65536G", 1, "it has 8 MiB"},
	{"give beta --pci 00:03.0", 1,
	 "cannot give PCI function 00:03.0 to partition beta: only an IOMMU keeps"},
	{"take mgmt --pci 00:03.0", 1, "cannot take PCI function 00:03.0 from partition mgmt"},
	{"give mgmt --memory 4M", 1, "cannot give memory to partition mgmt: devices reach its RAM"},
	{"take mgmt --cpu 0", 1, "cannot do without its boot CPU"},
	{"give mgmt --cpu 2", 1, "it was not among its CPUs at boot"},
};

static void refusals_change_nothing(void)
{
	char *before;

	bench_start_two();
	bench_create("");
	BH(0, "pause alpha"); /* nothing moves */
	BH(0, "resume alpha");
	BH(0, "ls");
	before = strdup(bench_out());
	for (uint32_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		BH(wrong[i].result, "%s", wrong[i].order);
		COMPLAINS(wrong[i].complaint);
		BH(0, "ls");
		TAP_TEXT(bench_out(), before);
	}
	TAP_CHECK(is_loaded(2));
	free(before);
}

/* What was created is not all that a change needs. */
static void needs_its_files(void)
{
	static uint8_t initrd[3900000];
	char path[256];

	bench_start_two();
	memset(initrd, 0x5a, sizeof(initrd));
	bench_bytes("large", initrd, sizeof(initrd));
	bench_file("a.conf", "[partition beta]\ncpus = 2\nmemory = 8M\nkernel = hello.elf\n"
			     "initrd = large\nautostart = no\n");
	BH(0, "create -f %s/a.conf", bench_folder());
	BH(1, "take beta --memory 4M");
	COMPLAINS("beta.conf:5: file hello.elf ");
	COMPLAINS("change `memory`");
	TAP_EQUAL(bench_vm(1)->memory_size, 8 * BENCH_MIB);
	snprintf(path, sizeof(path), "%s/hello.elf", bench_folder());
	TAP_EQUAL(unlink(path), 0);
	BH(1, "give beta --memory 4M");
	COMPLAINS("beta.conf:6: cannot read ");
	snprintf(path, sizeof(path), "%s/beta.conf", bench_folder());
	TAP_EQUAL(unlink(path), 0);
	BH(1, "give beta --memory 4M");
	COMPLAINS("beta.conf: No such file");
	TAP_EQUAL(bench_vm(1)->memory_size, 8 * BENCH_MIB);
}

/* The hypervisor's own memory suffices for the old one only: it is made again. */
static void comes_back_when_it_cannot_change(void)
{
	uint32_t used;

	begin();
	while (page_alloc(1) != NULL) {
	}
	used = page_alloc_used();
	BH(1, "give beta --cpu 1");
	COMPLAINS("cannot change partition beta: the hypervisor's own memory does not suffice");
	COMPLAINS("partition beta is as it was");
	TAP_EQUAL(page_alloc_used(), used);
	TAP_EQUAL(bench_vm(1)->vcpu_count, 1);
	TAP_CHECK(is_loaded(1));
	BH(0, "start beta");
	BH(0, "reset beta");
}

static const char *online(const char *folder)
{
	static char text[4];
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cpu1/online", folder);
	file = fopen(path, "r");
	memset(text, 0, sizeof(text));
	TAP_CHECK(file != NULL && fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	return text;
}

static void lends_its_own_cpu(void)
{
	char folder[] = "/tmp/bh-cpus-XXXXXX";
	char path[128];

	TAP_CHECK(mkdtemp(folder) != NULL);
	bench_start_with(3, folder);
	bench_built("guest/hello-pvh.elf", "hello.elf");
	bench_file("a.conf", "[partition gamma]\ncpus = 1\nmemory = 8M\nkernel = hello.elf\n");
	BH(0, "info"); /* its second CPU's turn */
	BH(1, "take mgmt --cpu 1");
	COMPLAINS("cannot take CPU 1 from partition mgmt: its kernel does not put it offline: No "
		  "such file");
	snprintf(path, sizeof(path), "%s/cpu1", folder);
	TAP_EQUAL(mkdir(path, 0700), 0);
	BH(0, "take mgmt --cpu 1");
	TAP_TEXT(bench_errors(), "");
	TAP_TEXT(online(folder), "0");
	BH(0, "ls");
	SAYS(" 0  mgmt  0 ");
	BH(1, "take mgmt --cpu 1");
	COMPLAINS("it does not have it");
	BH(0, "create -f %s/a.conf", bench_folder());
	BH(1, "give mgmt --cpu 1");
	COMPLAINS("cannot change partition mgmt: CPU 1 is partition gamma's");
	BH(0, "rm -f gamma");
	BH(0, "give mgmt --cpu 1");
	TAP_TEXT(online(folder), "1");
	TAP_EQUAL(bench_vm(0)->vcpus[1]->state, VCPU_WAIT_SIPI);
	BH(1, "give mgmt --cpu 1");
	COMPLAINS("it has it already");
	snprintf(path, sizeof(path), "%s/cpu1/online", folder);
	TAP_EQUAL(unlink(path), 0);
	*strrchr(path, '/') = '\0';
	TAP_EQUAL(rmdir(path), 0);
	TAP_EQUAL(rmdir(folder), 0);
}

static const struct tap_case cases[] = {
	{"gives and takes", gives_and_takes},
	{"many rounds leave nothing", many_rounds_leave_nothing},
	{"refusals change nothing", refusals_change_nothing},
	{"needs its files", needs_its_files},
	{"comes back when it cannot change", comes_back_when_it_cannot_change},
	{"lends its own CPU", lends_its_own_cpu},
};

TAP_MAIN(cases)
