/* SPDX-License-Identifier: Apache-2.0 */
/* In the hypervisor's place: checks and prints what the loader hands over, then ends the emulator.
 */
#include "boot_abi.h"
#include "cpuid_abi.h"
#include "fmt.h"
#include "hypercall_abi.h"

#define UART_BASE              0x3f8
#define UART_LINE_STATUS       5
#define UART_TRANSMITTER_EMPTY 0x20
#define CMDLINE_AT             0x3000 /* IMAGE_CMDLINE of boot/image.h */

static void port_write(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t port_read(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void put(char c)
{
	while ((port_read(UART_BASE + UART_LINE_STATUS) & UART_TRANSMITTER_EMPTY) == 0) {
		__asm__ volatile("pause");
	}
	port_write(UART_BASE, (uint8_t)c);
}

__attribute__((format(printf, 1, 2))) static void print(const char *format, ...)
{
	char line[200];
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = fmt_format(line, sizeof(line), format, arguments);
	va_end(arguments);
	for (size_t i = 0; i < length; i++) {
		put(line[i]);
	}
	put('\r');
	put('\n');
}

static void print_piece(const struct boot_info *info, uint32_t image,
			const struct boot_piece *piece)
{
	uint32_t sum = 0;

	for (uint64_t at = 0; at < piece->size; at++) {
		sum = sum * 31 + ((const uint8_t *)piece->source)[at];
	}
	print("piece of image %u to %lx, %lu bytes, sum %08x", image, piece->guest, piece->size,
	      sum);
	if (piece->source < info->modules_base ||
	    piece->source + piece->size > info->modules_base + info->modules_size) {
		print("FAIL: a piece lies outside the modules");
	}
}

/* The table of n vCPUs is the n-th, and says so. */
static void print_cpuid(const struct boot_info *info)
{
	const struct guest_cpuid *tables = (const struct guest_cpuid *)info->guest_cpuid;

	print("cpuid tables %lx, %u bytes each, %u basic leaves", info->guest_cpuid,
	      (unsigned int)sizeof(*tables), tables[0].basic_max + 1);
	if (info->guest_cpuid < info->region_base ||
	    (uint64_t)&tables[info->cpu_count] > info->region_base + info->region_used) {
		print("FAIL: the CPUID tables lie outside the boot data");
	}
	for (uint32_t i = 0; i < info->cpu_count; i++) {
		uint32_t count = 0;

		for (uint32_t j = 0; j < tables[i].subleaf_count; j++) {
			const struct cpuid_subleaf *subleaf = &tables[i].subleaf[j];

			count = subleaf->leaf == HYPERCALL_CPUID_BASE + 1 ? subleaf->regs.ecx
									  : count;
		}
		if (count != i + 1 || tables[i].basic[0].eax != tables[i].basic_max) {
			print("FAIL: CPUID table %u is of %u vCPUs", i, count);
		}
	}
}

static void print_lists(const struct boot_info *info)
{
	const struct boot_memory *memory = (const struct boot_memory *)info->memory;
	const struct boot_cpu *cpus = (const struct boot_cpu *)info->cpus;
	const struct boot_image *images = (const struct boot_image *)info->images;

	for (uint32_t i = 0; i < info->memory_count; i++) {
		print("memory %016lx-%016lx type %u", memory[i].base,
		      memory[i].base + memory[i].size, memory[i].type);
		if (i > 0 && memory[i].base < memory[i - 1].base + memory[i - 1].size) {
			print("FAIL: memory is not sorted");
		}
	}
	for (uint32_t i = 0; i < info->cpu_count; i++) {
		print("cpu %u apic %u boot %u", i, cpus[i].apic_id, cpus[i].is_boot_cpu);
	}
	for (uint32_t i = 0; i < info->config.partition_count; i++) {
		print("image %u starts at %lx, cr0 %lx", i, images[i].start.rip,
		      images[i].start.cr0);
		for (uint32_t j = 0; j < images[i].piece_count; j++) {
			print_piece(info, i, &images[i].pieces[j]);
		}
	}
}

/* The command line as the guest will find it; "" where no piece holds it. */
static const char *cmdline_of(const struct boot_image *image)
{
	for (uint32_t i = 0; i < image->piece_count; i++) {
		const struct boot_piece *piece = &image->pieces[i];

		if (CMDLINE_AT - piece->guest < piece->size) {
			return (const char *)(piece->source + CMDLINE_AT - piece->guest);
		}
	}
	return "";
}

/* "kernel" is where the first piece comes from: the same for partitions with the same kernel. */
static void print_config(const struct boot_info *info)
{
	const struct boot_image *images = (const struct boot_image *)info->images;

	for (uint32_t i = 0; i < info->config.partition_count; i++) {
		const struct config_partition *partition = &info->config.partitions[i];

		print("partition %s cpus %lx memory %lu MiB kernel +%lx pieces %u cmdline \"%s\"",
		      partition->name, partition->cpus, partition->memory >> 20,
		      images[i].pieces[0].source - info->modules_base, images[i].piece_count,
		      cmdline_of(&images[i]));
	}
}

static void print_scalars(const struct boot_info *info)
{
	print("boot_info version %u size %u (here %lu)", info->version, info->size, sizeof(*info));
	print("region %lx + %lx, used %lx", info->region_base, info->region_size,
	      info->region_used);
	print("trampoline %lx rsdp %lx efi %lx", info->trampoline, info->rsdp,
	      info->efi_system_table);
	print("framebuffer %lx %ux%u stride %u", info->framebuffer.base, info->framebuffer.width,
	      info->framebuffer.height, info->framebuffer.stride);
	print("time %lu at %lu, tsc %lu Hz", info->time.unix_seconds, info->time.tsc,
	      info->time.tsc_hz);
	print("tsc firmware %lu handoff %lu", info->tsc_firmware, info->tsc_handoff);
	print("entropy %02x%02x%02x%02x", info->entropy[0], info->entropy[1], info->entropy[2],
	      info->entropy[3]);
}

void print_info_main(const struct boot_info *info);
void print_info_main(const struct boot_info *info)
{
	if (info->magic != BOOT_MAGIC) {
		print("FAIL: no magic");
	}
	print_scalars(info);
	print_lists(info);
	print_cpuid(info);
	print_config(info);
	print("print_info: done");
	port_write(0xf4, 0x10);
	for (const char *at = "Shutdown"; *at != '\0'; at++) {
		port_write(0x8900, (uint8_t)*at);
	}
	for (;;) {
		__asm__ volatile("cli; hlt");
	}
}

/* The loader gives no stack. */
static uint8_t stack[16384] __attribute__((aligned(16), used));
__attribute__((naked)) void print_info_start(void);
__attribute__((naked)) void print_info_start(void)
{
	__asm__ volatile("lea stack+16384(%rip), %rsp\n\tcall print_info_main");
}
