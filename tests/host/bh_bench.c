/* SPDX-License-Identifier: Apache-2.0 */
/* bh against the hypervisor's real commands, with partitions on fake CPUs. */
#include "bh_bench.h"

#include "console.h"
#include "cpus.h"
#include "hv/device.h"
#include "hv/platform.h"
#include "manage.h"
#include "owner.h"
#include "page_alloc.h"
#include "report.h"
#include "stage2.h"
#include "tap.h"
#include "vcpu_run.h"
#include "vm_life.h"

#include "arch/upcalls.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CPUS          4u
#define TAKEN_AT_ONCE 100u /* typed bytes */

static struct boot_info boot;
static struct boot_image images[1];
static struct vm *manager;
static struct bh bh;
static char folder[64];
static char *out_text;
static char *error_text;
static size_t out_size;
static size_t error_size;
static const struct fake_exit *script;
static size_t script_count;
static char typed[4096];
static uint32_t typed_count;
static uint32_t taken; /* in this command */
static uint32_t commands;
static jmp_buf running;

/* --- what the tested code needs of drivers and of the rest of hv -------------------------------
 */

const struct device_model device_models[] = {{.base = 1, .size = 1, .state_size = 8}, {.size = 0}};

bool vlapic_read(struct vcpu *vcpu, uint32_t offset, uint64_t *value)
{
	(void)vcpu;
	(void)offset;
	*value = 0;
	return true;
}

bool vlapic_write(struct vcpu *vcpu, uint32_t offset, uint64_t value)
{
	(void)vcpu;
	(void)offset;
	(void)value;
	return true;
}

void vlapic_reset(struct vcpu *vcpu, bool is_init)
{
	(void)vcpu;
	(void)is_init;
}

bool vuart_takes_input(struct vm *vm)
{
	(void)vm;
	return typed_count < sizeof(typed) - 1 && taken < TAKEN_AT_ONCE;
}

void vuart_input(struct vm *vm, uint8_t byte)
{
	(void)vm;
	taken++;
	typed[typed_count++] = (char)byte;
	typed[typed_count] = '\0';
}

void virtio_console_input(struct vm *vm, uint8_t byte)
{
	(void)vm;
	(void)byte;
}

void platform_console_init(const struct boot_info *info, uint32_t mask)
{
	(void)info;
	(void)mask;
}

void platform_console_write(const char *text, size_t size)
{
	(void)text;
	(void)size;
}

bool platform_console_read(uint8_t *byte)
{
	(void)byte;
	return false;
}

void platform_console_rearm(void)
{
}

void platform_power_off(uint32_t code)
{
	(void)code;
}

void report_exits(const struct vm *vm)
{
	(void)vm;
}

void panic(const char *format, ...)
{
	(void)format;
	longjmp(fake_cpus.halt_return, 3);
}

/* --- the machine --------------------------------------------------------------------------------
 */

static void go_on(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	(void)vcpu;
	(void)exit;
	longjmp(running, 1);
}

/* A CPU's turn: what it has been asked for, and the script if it runs. */
static void turn(struct vcpu *vcpu)
{
	fake_cpus.current = vcpu->cpu;
	fake_vcpu_script(&vcpu->arch, script, script_count);
	if (setjmp(running) == 0) {
		(void)vcpu_run(vcpu);
	} else {
		script_count = 0;
	}
}

static void turns(void)
{
	for (uint32_t cpu = 1; cpu < CPUS; cpu++) {
		if (cpus_get(cpu)->vcpu != NULL) {
			turn(cpus_get(cpu)->vcpu);
		}
	}
	fake_cpus.current = cpus_get(0);
}

static void ring(struct bh_device *device, uint32_t slot)
{
	(void)device;
	commands++;
	taken = 0;
	manage_command(manager, slot);
	turns();
}

static void remove_folder(void)
{
	DIR *files = folder[0] != '\0' ? opendir(folder) : NULL;
	struct dirent *file;

	while (files != NULL && (file = readdir(files)) != NULL) {
		(void)unlinkat(dirfd(files), file->d_name, 0);
	}
	if (files != NULL) {
		closedir(files);
		(void)rmdir(folder);
	}
	folder[0] = '\0';
}

void bench_start(void)
{
	static const struct boot_memory memory[] = {
		{FAKE_MEMORY_BASE, BENCH_POOL, BOOT_MEMORY_HYPERVISOR, 0},
		{FAKE_MEMORY_BASE + BENCH_POOL, BENCH_MEMORY - BENCH_POOL, BOOT_MEMORY_FREE, 0}};
	static const struct boot_cpu boot_cpus[CPUS] = {{10, 1}, {11, 0}, {12, 0}, {13, 0}};

	fake_reset();
	fake_memory_init(BENCH_MEMORY, BENCH_POOL);
	page_alloc_init(fake_memory_at(hpa_from_u64(FAKE_MEMORY_BASE)), BENCH_POOL);
	fake_vcpus.max_leaf = 2;
	stage2_init(false);
	TAP_EQUAL(owner_init(memory, 2), HV_OK);
	boot = (struct boot_info){
		.cpus = boot_cpus, .cpu_count = CPUS, .trampoline = 0x8000, .images = images};
	boot.config.partition_count = 1;
	boot.config.log_level = CONFIG_LOG_DEBUG;
	boot.config.partitions[0] = (struct config_partition){.name = "mgmt",
							      .cpus = 1,
							      .memory = BENCH_MANAGER,
							      .flags = CONFIG_PARTITION_MANAGEMENT |
								       CONFIG_PARTITION_AUTOSTART};
	console_init(&boot);
	fake_cpus.dead_cpus = 8;
	fake_cpus.current = cpus_init_boot(&boot);
	cpus_start_others(&boot);
	for (uint32_t i = 0; i < CPUS; i++) {
		cpus_get(i)->vcpu = NULL;
	}
	vm_create_all(&boot);
	vm_start_all(&boot);
	manager = vm_get(0);
	fake_vcpus.on_script_end = go_on;
	script_count = 0;
	typed_count = 0;
	typed[0] = '\0';
	commands = 0;
	if (out_text == NULL) {
		(void)atexit(remove_folder);
	}
	remove_folder();
	strcpy(folder, "/tmp/bh-test-XXXXXX");
	TAP_CHECK(mkdtemp(folder) != NULL);
	bh = (struct bh){.folder = folder, .input = STDIN_FILENO};
	bh.device = (struct bh_device){.ring = ring, .ports = -1, .lock = -1};
	bh.device.window =
		fake_memory_at(hpa_add(manager->extents[0].host, PLATFORM_MANAGE_WINDOW));
	memset(bh.device.window, 0, sizeof(*bh.device.window));
}

struct vm *bench_vm(uint32_t id)
{
	return vm_get(id);
}

uint8_t *bench_ram(uint32_t id)
{
	return fake_memory_at(vm_get(id)->extents[0].host);
}

void bench_script(const struct fake_exit *steps, size_t count)
{
	script = steps;
	script_count = count;
}

const char *bench_typed(void)
{
	return typed;
}

uint32_t bench_commands(void)
{
	return commands;
}

/* --- bh -----------------------------------------------------------------------------------------
 */

int bench_run(const char *format, ...)
{
	char words[512] = "bh ";
	char *argv[40];
	va_list arguments;
	int argc = 0;
	int result;

	va_start(arguments, format);
	vsnprintf(words + 3, sizeof(words) - 3, format, arguments);
	va_end(arguments);
	for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
		argv[argc++] = word;
	}
	free(out_text);
	free(error_text);
	bh.out = open_memstream(&out_text, &out_size);
	bh.errors = open_memstream(&error_text, &error_size);
	result = bh_run(&bh, argc, argv);
	fclose(bh.out);
	fclose(bh.errors);
	return result;
}

bool bench_says(const char *text, const char *part)
{
	if (strstr(text, part) == NULL) {
		tap_note("not in this: %s", text);
	}
	return strstr(text, part) != NULL;
}

void bench_input(const char *text, size_t size)
{
	int ends[2];

	TAP_EQUAL(pipe(ends), 0);
	TAP_EQUAL(dup2(ends[0], bh.input), bh.input);
	TAP_EQUAL(write(ends[1], text, size), size);
	close(ends[0]);
	close(ends[1]);
}

const char *bench_out(void)
{
	return out_text;
}

const char *bench_errors(void)
{
	return error_text;
}

const char *bench_folder(void)
{
	return folder;
}

void bench_bytes(const char *name, const void *bytes, size_t size)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	TAP_CHECK(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

void bench_file(const char *name, const char *text)
{
	bench_bytes(name, text, strlen(text));
}

void bench_close(void)
{
	bh.device.window = NULL;
}

/* This program is in the build's host-tests. */
void bench_built(const char *built, const char *name)
{
	char self[400] = "";
	char path[512];
	char to[256];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	TAP_CHECK(length > 0);
	*strrchr(self, '/') = '\0';
	snprintf(path, sizeof(path), "%s/../%s", self, built);
	snprintf(to, sizeof(to), "%s/%s", folder, name);
	TAP_EQUAL(symlink(path, to), 0);
	TAP_EQUAL(access(to, R_OK), 0);
}

void bench_start_two(void)
{
	bench_start();
	bench_built("guest/hello-pvh.elf", "hello.elf");
	bench_file("two.conf", "# two\n" BENCH_ALPHA
			       "\n[partition beta]\ncpus = 2\nmemory = 8M\nkernel = hello.elf\n"
			       "autostart = no\n");
}

void bench_create(const char *more)
{
	TAP_EQUAL(bench_run("create -f %s/two.conf %s", folder, more), 0);
	TAP_TEXT(bench_errors(), "");
}
