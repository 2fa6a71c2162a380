/* SPDX-License-Identifier: Apache-2.0 */
/* bh against the hypervisor's real commands, with partitions on fake CPUs. */
#include "bh_bench.h"

#include "bits.h"
#include "host/manage_bench.h"
#include "log.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CPUS          4u
#define TAKEN_AT_ONCE 100u /* typed bytes */

static struct bh bh;
static char folder[64];
static char *out_text;
static char *error_text;
static size_t out_size;
static size_t error_size;
static const struct fake_exit *script;
static size_t script_count;
static uint32_t commands;
static uint32_t slow_count; /* commands before the CPUs get a turn again */
static bool is_noisy;
static int terminal = -1;
static jmp_buf running;
void (*bench_hook)(uint32_t number);

/* --- the machine --------------------------------------------------------------------------------
 */

static void go_on(struct vcpu_arch *vcpu, struct vm_exit *exit)
{
	(void)vcpu;
	(void)exit;
	longjmp(running, 1);
}

/* A CPU's turn: what it has been asked for, and the script if it runs. */
static void take_turn(struct vcpu *vcpu)
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
			take_turn(cpus_get(cpu)->vcpu);
		}
	}
	fake_cpus.current = cpus_get(0);
}

static void ring(struct bh_device *device, uint32_t number)
{
	(void)device;
	commands++;
	if (bench_hook != NULL) {
		bench_hook(commands);
	}
	if (is_noisy) {
		log_notice("noise %u", commands);
	}
	manage_bench.room = (uint32_t)min_u64(manage_bench.typed_count + TAKEN_AT_ONCE,
					      sizeof(manage_bench.typed));
	manage_command(manage_bench.manager, number);
	if (slow_count > 0) {
		slow_count--;
	} else {
		turns();
	}
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

void bench_start_with(uint64_t cpus, const char *cpu_folder)
{
	start_with(cpus);
	fake_vcpus.on_script_end = go_on;
	script_count = 0;
	commands = 0;
	bench_hook = NULL;
	slow_count = 0;
	is_noisy = false;
	terminal = -1;
	if (folder[0] == '\0') {
		(void)atexit(remove_folder);
	}
	remove_folder();
	strcpy(folder, "/tmp/bh-test-XXXXXX");
	TAP_CHECK(mkdtemp(folder) != NULL);
	bh = (struct bh){.folder = folder, .cpus = cpu_folder, .input = STDIN_FILENO};
	bh.device = (struct bh_device){.ring = ring, .ports = -1, .lock = -1};
	bh.device.window = window();
}

void bench_start(void)
{
	bench_start_with(1, "/nowhere");
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

void bench_noise(void)
{
	is_noisy = true;
}

void bench_slow(uint32_t count)
{
	slow_count = count;
}

const char *bench_typed(void)
{
	static char text[sizeof(manage_bench.typed) + 1];

	memcpy(text, manage_bench.typed, manage_bench.typed_count);
	text[manage_bench.typed_count] = '\0';
	return text;
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
	out_text = NULL;
	bh.out = terminal < 0 ? open_memstream(&out_text, &out_size) : fdopen(dup(terminal), "w");
	bh.is_terminal = terminal >= 0;
	bh.is_live = terminal >= 0;
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

void bench_terminal(int new)
{
	terminal = new;
	if (terminal >= 0) {
		TAP_EQUAL(dup2(terminal, bh.input), bh.input);
	}
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
