/* SPDX-License-Identifier: Apache-2.0 */
/* bh against the hypervisor's real commands, with partitions on fake CPUs. */
#pragma once

#include "bh.h"
#include "fake.h"
#include "hv/vcpu.h"

#define BENCH_MIB (UINT64_C(1) << 20)

/* A machine of CPUs 0 (the manager's), 1, 2, and 3, which is dead. */
void bench_start(void);
/* The same, but these CPUs are the manager's; its kernel's CPUs are the folder's cpuN. */
void bench_start_with(uint64_t cpus, const char *cpu_folder);
/* Runs `bh WORD...` (words separated by one space); returns its exit status. */
__attribute__((format(printf, 1, 2))) int bench_run(const char *format, ...);
/* Whether a text has this part; if not, it is shown. */
bool bench_says(const char *text, const char *part);
/* What it wrote. */
const char *bench_out(void);
const char *bench_errors(void);

/* A new folder, the place of configurations and of what bh keeps; with a file. */
const char *bench_folder(void);
void bench_file(const char *name, const char *text);
void bench_bytes(const char *name, const void *bytes, size_t size);
/* From now on bh looks for a device of its own. */
void bench_close(void);
/* The file of a build, such as guest/hello-pvh.elf, linked into the folder under `name`. */
void bench_built(const char *built, const char *name);

struct vm *bench_vm(uint32_t id);
uint8_t *bench_ram(uint32_t id);
/* What the next entry of any vCPU makes it do; then it goes on running. */
void bench_script(const struct fake_exit *script, size_t count);
/* What bh reads next, from a pipe that then ends. */
void bench_input(const char *text, size_t size);
/* The next run's output, and what it reads, is this terminal, if it is not -1. */
void bench_terminal(int terminal);
/* From now on each command leaves a line in the log. */
void bench_noise(void);
/* The next commands are done before any CPU gets a turn. */
void bench_slow(uint32_t count);
/* What was typed to a console. */
const char *bench_typed(void);
/* Called before each command with its number since bench_start(), which sets it to NULL. */
extern void (*bench_hook)(uint32_t number);
/* Commands that have been done since bench_start(). */
uint32_t bench_commands(void);

/* Partitions "alpha" (id 1, CPU 1, runs) and "beta" (id 2, CPU 2, stopped), of two.conf. */
#define BENCH_ALPHA                                                                                \
	"[partition alpha]\ncpus = 1\nmemory = 16M\nkernel = hello.elf\n"                          \
	"cmdline = one two\ndevices = console\n"
void bench_start_two(void);
void bench_create(const char *more);
