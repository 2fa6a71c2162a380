/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one of our PVH test kernels under Linux's KVM, so that its figures stand beside Bulkhead's
 * from the same emulator. In-kernel interrupt controllers; a UART's registers answered in user
 * space.
 */
#include "kernel_image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY_SIZE    (64u << 20)
#define START_INFO     0x2000u
#define CMDLINE        0x3000u
#define TSS_ADDRESS    0xfffbd000u
#define UART_BASE      0x3f8u
#define UART_LSR       5u
#define UART_IDLE      0x60u
#define EXIT_PORT      0xf4u
#define CPUID_MAX      128
#define HYPERVISOR_BIT (1u << 31) /* CPUID 1, ECX; KVM leaves it to user space */

struct start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, cmdline, rsdp, memory_map;
	uint32_t memory_map_count, reserved;
	struct {
		uint64_t base, size;
		uint32_t type, reserved;
	} memory[1];
};

static void fail(const char *what)
{
	fprintf(stderr, "kvm_host: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int check(int result, const char *what)
{
	if (result < 0) {
		fail(what);
	}
	return result;
}

static uint8_t *map_file(const char *path, size_t *size)
{
	struct stat status;
	int fd = check(open(path, O_RDONLY | O_CLOEXEC), path);
	uint8_t *bytes;

	check(fstat(fd, &status), path);
	*size = (size_t)status.st_size;
	bytes = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED) {
		fail(path);
	}
	close(fd);
	return bytes;
}

/* Returns the entry point. */
static uint64_t load_kernel(uint8_t *memory, const char *path)
{
	struct kernel_image image;
	const char *why = "";
	size_t size;
	const uint8_t *bytes = map_file(path, &size);

	if (kernel_image_parse(bytes, size, &image, &why) != HV_OK || image.kind != KERNEL_PVH) {
		fprintf(stderr, "kvm_host: %s: not a PVH kernel %s\n", path, why);
		exit(1);
	}
	if (image.end > MEMORY_SIZE) {
		fprintf(stderr, "kvm_host: %s: wants memory up to %llx\n", path,
			(unsigned long long)image.end);
		exit(1);
	}
	for (uint32_t i = 0; i < image.segment_count; i++) {
		memcpy(memory + image.segments[i].address, bytes + image.segments[i].file_offset,
		       image.segments[i].file_size);
	}
	return image.entry;
}

static void write_start_info(uint8_t *memory, const char *cmdline)
{
	struct start_info info = {.magic = 0x336ec578,
				  .version = 1,
				  .cmdline = CMDLINE,
				  .memory_map = START_INFO + offsetof(struct start_info, memory),
				  .memory_map_count = 1,
				  .memory = {{.base = 0, .size = MEMORY_SIZE, .type = 1}}};

	memcpy(memory + START_INFO, &info, sizeof(info));
	snprintf((char *)memory + CMDLINE, 4096, "%s", cmdline);
}

static struct kvm_segment flat_segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){.base = 0,
				    .limit = UINT32_MAX,
				    .selector = selector,
				    .type = type,
				    .present = 1,
				    .s = 1,
				    .db = 1,
				    .g = 1};
}

/* 32-bit protected mode, paging off: the state of the PVH boot protocol. */
static void set_registers(int vcpu, uint64_t entry)
{
	struct kvm_regs regs = {.rip = entry, .rbx = START_INFO, .rflags = 2};
	struct kvm_sregs sregs;

	check(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs = flat_segment(8, 11);
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = flat_segment(16, 3);
	sregs.tr = (struct kvm_segment){.limit = 0x67, .type = 11, .present = 1};
	sregs.cr0 = 0x11;
	sregs.cr3 = sregs.cr4 = sregs.efer = 0;
	check(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	check(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

static void set_cpuid(int kvm, int vcpu)
{
	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + CPUID_MAX * sizeof(cpuid->entries[0]));

	if (cpuid == NULL) {
		fail("calloc");
	}
	cpuid->nent = CPUID_MAX;
	check(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid), "KVM_GET_SUPPORTED_CPUID");
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function == 1) {
			cpuid->entries[i].ecx |= HYPERVISOR_BIT;
		}
	}
	check(ioctl(vcpu, KVM_SET_CPUID2, cpuid), "KVM_SET_CPUID2");
	free(cpuid);
}

static void port_read(uint16_t port, uint8_t *data, size_t size)
{
	memset(data, 0xff, size);
	if (port >= UART_BASE && port < UART_BASE + 8) {
		data[0] = port == UART_BASE + UART_LSR ? UART_IDLE : 0;
	}
}

/* Returns false when the guest has ended itself. */
static int port_write(uint16_t port, const uint8_t *data)
{
	if (port == UART_BASE) {
		putchar(data[0]);
	}
	return port != EXIT_PORT;
}

static int handle_io(struct kvm_run *run)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size) {
		if (run->io.direction == KVM_EXIT_IO_IN) {
			port_read(run->io.port, data, run->io.size);
		} else if (!port_write(run->io.port, data)) {
			return 0;
		}
	}
	return 1;
}

static void run_guest(int vcpu, struct kvm_run *run)
{
	for (;;) {
		check(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
		if (run->exit_reason == KVM_EXIT_IO) {
			if (!handle_io(run)) {
				return;
			}
		} else if (run->exit_reason != KVM_EXIT_MMIO) {
			printf("kvm_host: exit reason %u ends the guest\n", run->exit_reason);
			return;
		}
	}
}

int main(int argc, char **argv)
{
	struct kvm_userspace_memory_region region = {.memory_size = MEMORY_SIZE};
	int kvm, vm, vcpu, run_size;
	uint8_t *memory;
	void *run;

	if (argc != 3) {
		fprintf(stderr, "usage: kvm_host KERNEL CMDLINE\n");
		return 2;
	}
	kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	check(ioctl(vm, KVM_SET_TSS_ADDR, TSS_ADDRESS), "KVM_SET_TSS_ADDR");
	check(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
	memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		fail("mmap");
	}
	region.userspace_addr = (uint64_t)memory;
	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	vcpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	run_size = check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	run = mmap(NULL, (size_t)run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED) {
		fail("mmap");
	}
	set_cpuid(kvm, vcpu);
	set_registers(vcpu, load_kernel(memory, argv[1]));
	write_start_info(memory, argv[2]);
	run_guest(vcpu, run);
	fflush(stdout);
	return 0;
}
