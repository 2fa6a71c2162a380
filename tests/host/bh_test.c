/* SPDX-License-Identifier: Apache-2.0 */
/* bh from its command line to the hypervisor's answers: lives of partitions, and every refusal. */
/* Links: @bh tests/host/bh_bench.c tests/host/manage_bench.c */
#include "bh_bench.h"

#include "bits.h"
#include "elf_format.h"
#include "hv/vm.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BH(expected, ...) TAP_EQUAL(bench_run(__VA_ARGS__), expected)
#define SAYS(text)        TAP_CHECK(bench_says(bench_out(), text))
#define COMPLAINS(text)   TAP_CHECK(bench_says(bench_errors(), text))

static const struct fake_exit power_off[] = {{.exit = {.kind = VM_EXIT_HYPERCALL},
					      .has_gpr = true,
					      .gpr = {[VCPU_RAX] = HYPERCALL_SHUTDOWN,
						      [VCPU_RDI] = SHUTDOWN_POWER_OFF,
						      [VCPU_RSI] = 9}}};

/* Every loadable byte of the kernel's file is in the partition's RAM, by the file's own word. */
static uint32_t loaded_segments(uint32_t id)
{
	char path[256];
	static uint8_t file[1 << 20];
	const struct elf64_header *header = (const void *)file;
	const struct elf64_program *segments;
	uint32_t good = 0;
	FILE *kernel;

	snprintf(path, sizeof(path), "%s/hello.elf", bench_folder());
	kernel = fopen(path, "r");
	TAP_CHECK(kernel != NULL && fread(file, 1, sizeof(file), kernel) > sizeof(*header));
	fclose(kernel);
	segments = (const void *)(file + header->program_offset);
	for (uint32_t i = 0; i < header->program_count; i++) {
		if (segments[i].type == ELF_SEGMENT_LOAD && segments[i].file_size > 0) {
			good += memcmp(bench_ram(id) + segments[i].physical_address,
				       file + segments[i].offset, segments[i].file_size) == 0;
		}
	}
	return good;
}

/* --- cases --------------------------------------------------------------------------------------
 */

static void creates_from_a_file(void)
{
	bench_start_two();
	bench_create("");
	TAP_CHECK(bench_vm(1) != NULL && bench_vm(2) != NULL);
	TAP_CHECK(loaded_segments(1) >= 1);
	TAP_CHECK(loaded_segments(2) >= 1);
	TAP_TEXT((const char *)bench_ram(1) + 0x3000, "one two"); /* IMAGE_CMDLINE */
	BH(0, "ls");
	SAYS("ID  NAME   CPUS  MEMORY  STARTS  STATE\n"
	     " 0  mgmt   0      4 MiB       1  running\n"
	     " 1  alpha  1     16 MiB       1  running\n"
	     " 2  beta   2      8 MiB       0  stopped\n");
	BH(0, "ls --json");
	SAYS("{\"id\":2,\"name\":\"beta\",\"state\":\"stopped\",\"cpus\":[2],"
	     "\"memory\":8388608,");
	BH(0, "info");
	SAYS("run by        VT-x with EPT, VPID\n");
	SAYS("mitigations   4 KiB pages (CVE-2018-12207)\n");
	SAYS("CPUs          4, free: -\n");
	SAYS("free memory   28 MiB\n");
	BH(0, "inspect alpha");
	SAYS("made by       bh create\n");
	SAYS("devices       console\n");
	BH(0, "events");
	SAYS("alpha    (id 1) created\n");
	SAYS("alpha    (id 1) first instruction\n");
	BH(0, "log");
	SAYS("partition alpha: created");
}

/* Larger than the window, and not a multiple of anything. Zeros at its start, in its middle and at
 * the window's end need not be sent. */
static void loads_a_large_file(void)
{
	static uint8_t initrd[1300001];
	const uint64_t at = (16 * BENCH_MIB - sizeof(initrd)) & ~UINT64_C(0xfff);

	bench_start_two();
	for (uint32_t i = 0; i < sizeof(initrd); i++) {
		initrd[i] = (uint8_t)(i * 2654435761u >> 24);
	}
	memset(initrd, 0, 8192);
	memset(initrd + 300000, 0, 10000);
	memset(initrd + MANAGE_DATA_SIZE - 5000, 0, 5001);
	bench_bytes("large", initrd, sizeof(initrd));
	bench_file("a.conf", BENCH_ALPHA "initrd = large\n");
	BH(0, "create --no-start -f %s/a.conf", bench_folder());
	TAP_EQUAL(memcmp(bench_ram(1) + at, initrd, sizeof(initrd)), 0);
	TAP_EQUAL(bench_ram(1)[at + sizeof(initrd)], 0);
	TAP_EQUAL(bench_ram(1)[at - 1], 0);
}

/* Its own section and nothing else, with the place of its files. */
static void keeps_a_section(void)
{
	char path[256];
	char text[500] = "";
	FILE *file;

	bench_start_two();
	bench_create("");
	snprintf(path, sizeof(path), "%s/alpha.conf", bench_folder());
	file = fopen(path, "r");
	TAP_CHECK(file != NULL && fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	snprintf(path, sizeof(path), "# folder = %s\n# start = ", bench_folder());
	TAP_EQUAL(strncmp(text, path, strlen(path)), 0);
	TAP_TEXT(strchr(text, '['), BENCH_ALPHA "\n");
}

static void measures_stages(void)
{
	bench_start_two();
	bench_create("-v --wait alpha");
	SAYS("alpha: created ");
	SAYS(" ms, zeroed ");
	SAYS(" ms, loaded ");
	SAYS(" ms; prepared before in ");
	SAYS("alpha: started after ");
	TAP_CHECK(bench_vm(2) == NULL); /* only what was named */
	BH(0, "reset -v alpha");
	SAYS("alpha: read and loaded in ");
	SAYS("alpha: started after ");
}

static void a_life(void)
{
	bench_start_two();
	bench_create("");
	BH(0, "pause alpha");
	BH(1, "pause alpha");
	COMPLAINS("bh: cannot pause partition alpha: it is paused; see `bh ls`\n");
	BH(0, "ls");
	SAYS("paused");
	BH(0, "resume alpha");
	BH(1, "resume alpha");
	BH(1, "start alpha");
	COMPLAINS("it is running");
	BH(0, "stop alpha");
	TAP_EQUAL(loaded_segments(1), 0); /* cleared */
	BH(1, "stop alpha");
	BH(0, "start --wait alpha"); /* loaded again, from what was kept */
	TAP_CHECK(loaded_segments(1) >= 1);
	BH(0, "reset alpha");
	TAP_CHECK(loaded_segments(1) >= 1);
	BH(1, "rm alpha");
	COMPLAINS("`bh rm --force alpha`");
	BH(0, "rm --force alpha beta");
	TAP_CHECK(bench_vm(1) == NULL && bench_vm(2) == NULL);
	BH(3, "start alpha");
	BH(0, "info");
	SAYS("free memory   52 MiB\n");
	SAYS("free: 1-2\n");
}

/* A partition on its way to a stop, or being zeroed, is waited for. */
static void waits_for_what_is_under_way(void)
{
	bench_start_two();
	bench_create("alpha");
	bench_slow(CONFIG_PARTITION_MAX + 8); /* the list, and some looks */
	vm_stop(bench_vm(1), VM_STOP_POWER_OFF, 0);
	BH(0, "reset alpha");
	TAP_EQUAL(bench_vm(1)->state, VM_RUNNING);
	TAP_EQUAL(bench_vm(1)->start_count, 2);
	bench_slow(CONFIG_PARTITION_MAX + 8);
	vm_stop(bench_vm(1), VM_STOP_POWER_OFF, 0);
	BH(0, "rm alpha");
	TAP_CHECK(bench_vm(1) == NULL);
}

static void shows_why_it_stopped(void)
{
	bench_start_two();
	bench_create("--no-start alpha");
	bench_script(power_off, 1);
	BH(0, "start alpha");
	BH(0, "ls");
	SAYS("stopped: power off, code 9\n");
	BH(0, "events --json");
	SAYS("\"event\":\"stopped\",\"id\":1,\"name\":\"alpha\",\"value\":0}");
}

static void says_what_is_in_the_way(void)
{
	bench_start_two();
	bench_create("");
	BH(1, "create -f %s/two.conf alpha", bench_folder());
	COMPLAINS("cannot create partition alpha: there is one of this name; `bh rm alpha`");
	bench_file("a.conf", "[partition gamma]\ncpus = 2\nmemory = 8M\nkernel = hello.elf\n");
	BH(1, "create -f %s/a.conf", bench_folder());
	COMPLAINS("bh: cannot create partition gamma: CPU 2 is partition beta's; free: -\n");
	bench_file("a.conf", "[partition gamma]\ncpus = 3\nmemory = 8M\nkernel = hello.elf\n");
	BH(1, "create -f %s/a.conf", bench_folder());
	COMPLAINS("CPU 3 is not running");
	bench_file("a.conf", "[partition gamma]\ncpus = 40\nmemory = 8M\nkernel = hello.elf\n");
	BH(1, "create -f %s/a.conf", bench_folder());
	COMPLAINS("there is no CPU 40, the machine has 4");
	BH(0, "rm beta");
	bench_file("a.conf", "[partition gamma]\ncpus = 2\nmemory = 300M\nkernel = hello.elf\n");
	BH(1, "create -f %s/a.conf", bench_folder());
	COMPLAINS("300 MiB asked for, 36 MiB free");
	BH(1, "rm mgmt");
	BH(1, "stop mgmt");
	COMPLAINS("bh cannot stop or remove the partition it runs in");
	TAP_CHECK(bench_vm(2) == NULL);
}

static void refuses_bad_configurations(void)
{
	static const struct {
		const char *line;
		const char *complaint;
	} bad[] = {
		{"role = management", "a.conf:1: partition alpha has `role = management`"},
		{"console = uart0", "has `console = uart0`"},
		{"on_crash = restart", "has an `on_crash` other than stop"},
		{"on_crash = halt-machine", "has an `on_crash` other than stop"},
		{"dma = trusted", "has a real PCI device"},
		{"initrd = none", "cannot read"},
		{"initrd = ../x", "a.conf:7: path `../x` has a `..` in it"},
		{"nonsense = 1", "a.conf:7: unknown key `nonsense`"},
	};
	char text[400];

	bench_start_two();
	for (uint32_t i = 0; i < ARRAY_COUNT(bad); i++) {
		uint32_t before = bench_commands();

		snprintf(text, sizeof(text), BENCH_ALPHA "%s\n", bad[i].line);
		bench_file("a.conf", text);
		BH(1, "create -f %s/a.conf", bench_folder());
		COMPLAINS(bad[i].complaint);
		TAP_EQUAL(bench_commands(), before);
		BH(1, "check-config %s/a.conf", bench_folder());
		COMPLAINS(bad[i].complaint);
	}
	bench_file("a.conf", "[partition a]\ncpus = 1\nmemory = 8M\nkernel = a.conf\n");
	BH(1, "create -f %s/a.conf", bench_folder());
	COMPLAINS("a.conf:4: file a.conf ");
	BH(1, "create -f %s/none.conf", bench_folder());
	COMPLAINS("No such file or directory");
	BH(3, "create -f %s/two.conf delta", bench_folder());
	BH(0, "check-config %s/two.conf", bench_folder());
	SAYS("partition alpha: 16 MiB, CPUs 1: its files are there and fit\n");
	TAP_CHECK(bench_vm(1) == NULL);
}

static void without_what_was_kept(void)
{
	char path[256];

	bench_start_two();
	bench_create("alpha");
	BH(0, "stop alpha");
	snprintf(path, sizeof(path), "%s/alpha.conf", bench_folder());
	TAP_EQUAL(unlink(path), 0);
	BH(1, "start alpha");
	TAP_TEXT(bench_errors(),
		 "bh: partition alpha: its memory is empty, and what it was created from is not "
		 "kept; `bh rm alpha`, then `bh create`\n");
	BH(0, "rm alpha");
}

/* The hypervisor keeps the registers of the start: another kernel would start at a wrong place. */
static void refuses_a_changed_kernel(void)
{
	char path[256];

	bench_start_two();
	bench_create("alpha");
	snprintf(path, sizeof(path), "%s/hello.elf", bench_folder());
	TAP_EQUAL(unlink(path), 0);
	bench_built("guest/hello-mb1.elf", "hello.elf");
	BH(1, "reset alpha");
	COMPLAINS("its kernel has become another one since it was created; `bh rm alpha`");
	TAP_EQUAL(unlink(path), 0);
	BH(1, "start alpha");
	COMPLAINS("alpha.conf:6: cannot read ");
	bench_built("guest/hello-pvh.elf", "hello.elf");
	BH(0, "start alpha");
}

/* A folder of plain files in the place of sysfs: nobody answers the doorbell. */
static void opens_the_device(void)
{
	static const uint32_t ports[] = {0, MANAGE_VERSION, MANAGE_MAGIC};
	static const uint32_t newer[] = {0, MANAGE_VERSION + 1, MANAGE_MAGIC};
	static const uint8_t window[MANAGE_WINDOW_SIZE];

	bench_start();
	bench_close();
	setenv("BH_DEVICE", "/nowhere", 1);
	BH(4, "ls");
	COMPLAINS("bh: no management device: its ports cannot be opened; are you root?\n");
	setenv("BH_DEVICE", bench_folder(), 1);
	bench_bytes("resource0", newer, sizeof(newer));
	BH(4, "ls");
	COMPLAINS("it speaks another version of the protocol");
	bench_bytes("resource0", ports, sizeof(ports));
	BH(4, "ls");
	bench_bytes("resource2", window, sizeof(window));
	if (access("/run", W_OK) == 0) {
		BH(1, "ls");
		COMPLAINS("cannot ask the hypervisor: the hypervisor did not answer");
	}
	unsetenv("BH_DEVICE");
}

static void wrong_usage(void)
{
	bench_start_two();
	BH(2, "%s", " ");
	BH(2, "nonsense");
	COMPLAINS("bh: nonsense: no such command; `bh --help` lists all\n");
	setenv("BH_CLIENT", "/nonexistent/bh-client", 1);
	BH(1, "ps");
	COMPLAINS("bh: ps: cannot run /nonexistent/bh-client: No such file or directory; is this "
		  "image one with "
		  "containers?\n");
	unsetenv("BH_CLIENT");
	BH(2, "start");
	BH(2, "ls alpha");
	BH(2, "create");
	BH(2, "ls --nonsense");
	COMPLAINS("bh: ls: --nonsense: no option of this command; see `bh ls --help`\n");
	BH(3, "inspect nobody");
	TAP_TEXT(bench_errors(),
		 "bh: partition nobody: there is none; `bh ls` shows those that there are\n");
}

static const struct tap_case cases[] = {
	{"creates from a file", creates_from_a_file},
	{"loads a large file", loads_a_large_file},
	{"keeps a section", keeps_a_section},
	{"measures stages", measures_stages},
	{"a life", a_life},
	{"waits for what is under way", waits_for_what_is_under_way},
	{"shows why it stopped", shows_why_it_stopped},
	{"says what is in the way", says_what_is_in_the_way},
	{"refuses bad configurations", refuses_bad_configurations},
	{"without what was kept", without_what_was_kept},
	{"refuses a changed kernel", refuses_a_changed_kernel},
	{"opens the device", opens_the_device},
	{"wrong usage", wrong_usage},
};

TAP_MAIN(cases)
