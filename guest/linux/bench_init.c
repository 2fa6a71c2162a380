/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First process of `make bench`'s Linux: tells the TSC at its first instruction, then measures what
 * the kernel's command line asks for: bench=life, send or receive. Without it, in a partition, it
 * sets marks round ten idle and ten busy seconds; on bare metal it runs the bench kernel under KVM.
 */
#include "bench.h"
#include "hypercall_abi.h"

#include <cpuid.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define SETTLE_SECONDS 20 /* late initialization of the kernel, cache writers, RCU */
#define STEADY_SECONDS 10

static bool is_partition(void)
{
	uint32_t eax, ebx, ecx, edx;

	__cpuid(1, eax, ebx, ecx, edx);
	if ((ecx >> 31) == 0) {
		return false;
	}
	__cpuid(HYPERCALL_CPUID_BASE, eax, ebx, ecx, edx);
	return ebx == HYPERCALL_SIGNATURE_EBX && ecx == HYPERCALL_SIGNATURE_ECX &&
	       edx == HYPERCALL_SIGNATURE_EDX;
}

static bool is_amd(void)
{
	uint32_t eax, ebx, ecx, edx;

	__cpuid(0, eax, ebx, ecx, edx);
	return ebx == signature_AMD_ebx;
}

static void print_file(const char *name, const char *path)
{
	char text[256];
	FILE *file = fopen(path, "re");

	if (file != NULL && fgets(text, sizeof(text), file) != NULL) {
		text[strcspn(text, "\n")] = '\0';
		printf("bench-init: %s=%s\n", name, text);
	}
	if (file != NULL) {
		fclose(file);
	}
}

static void print_start(uint64_t tsc)
{
	printf("bench-init: tsc=%" PRIu64 "\n", tsc);
	print_file("uptime", "/proc/uptime");
	print_file("kernel", "/proc/sys/kernel/osrelease");
	print_file("clocksource",
		   "/sys/devices/system/clocksource/clocksource0/current_clocksource");
	print_file("clockevent", "/sys/devices/system/clockevents/clockevent0/current_device");
}

void mark(uint8_t number)
{
	outb(number, MARK_PORT);
}

static void idle(time_t seconds)
{
	struct timespec time = {.tv_sec = seconds};

	nanosleep(&time, NULL);
}

static void busy(uint64_t ticks)
{
	uint64_t start = __rdtsc();

	while (__rdtsc() - start < ticks) {
	}
}

/* Nothing is printed between the marks: the UART exits. */
static void measure_steady(void)
{
	uint64_t start, ticks;

	idle(SETTLE_SECONDS);
	start = __rdtsc();
	mark(MARK_FIRST);
	idle(STEADY_SECONDS);
	mark(MARK_SECOND);
	ticks = __rdtsc() - start;
	busy(ticks);
	mark(MARK_THIRD);
	printf("bench-init: steady seconds=%d ticks=%" PRIu64 "\n", STEADY_SECONDS, ticks);
}

bool load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_loaded = fd >= 0 && syscall(SYS_finit_module, fd, "", 0) == 0;

	if (!is_loaded) {
		perror(path);
	}
	if (fd >= 0) {
		close(fd);
	}
	return is_loaded;
}

static void run_kvm(void)
{
	const char *vendor = is_amd() ? "/modules/kvm-amd.ko" : "/modules/kvm-intel.ko";
	pid_t child;
	int status = -1;

	if (!load_module("/modules/irqbypass.ko") || !load_module("/modules/kvm.ko") ||
	    !load_module(vendor)) {
		return;
	}
	if (mount("dev", "/dev", "devtmpfs", 0, NULL) != 0) {
		perror("/dev");
	}
	fflush(stdout);
	child = fork();
	if (child == 0) {
		execl("/kvm_host", "kvm_host", "/suite.elf", "tests=bench", (char *)NULL);
		_exit(127);
	}
	waitpid(child, &status, 0);
	printf("bench-init: kvm_host status=%d\n", status);
}

/* Of the kernel's command line, what it does not know is in init's environment. */
static void measure(const char *what, bool is_guest)
{
	if (what != NULL && strcmp(what, "life") == 0) {
		measure_life();
	} else if (what != NULL) {
		measure_io(strcmp(what, "send") == 0);
	} else if (is_guest) {
		measure_steady();
	} else {
		run_kvm();
	}
}

int main(void)
{
	uint64_t tsc = __rdtsc();
	bool is_guest = is_partition();

	if (is_guest && iopl(3) == 0) {
		mark(MARK_INIT);
	}
	if (mount("proc", "/proc", "proc", 0, NULL) != 0 ||
	    mount("sys", "/sys", "sysfs", 0, NULL) != 0) {
		perror("/proc, /sys");
	}
	print_start(tsc);
	measure(getenv("bench"), is_guest);
	printf("bench-init: end\n");
	fflush(stdout);
	idle(1); /* the last line leaves through a UART that takes its time */
	reboot(RB_POWER_OFF);
	return 1;
}
