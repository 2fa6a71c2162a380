/* SPDX-License-Identifier: Apache-2.0 */
/* Linux: Documentation/x86/boot.rst, "64-bit Boot Protocol". */
#include "guest_boot.h"

#include "arch/upcalls.h"
#include "bits.h"
#include "hv/guest_mem.h"
#include "linux_boot.h"
#include "log.h"

#define TABLE_ENTRIES 512u
#define TABLE_PRESENT_WRITABLE UINT64_C(0x3)
#define TABLE_LARGE BIT(7)
#define LEVEL2_TABLES 4u /* 4 GiB: all that a kernel may touch before it has tables of its own */

/* Flat segments at the selectors that the protocol names: __BOOT_CS 0x10, __BOOT_DS 0x18. */
static const uint64_t gdt[] = {0, 0, UINT64_C(0x00af9a000000ffff), UINT64_C(0x00cf92000000ffff)};

_Static_assert(VM_EXTENT_MAX + 4 <= LINUX_E820_MAX, "the memory map fits boot_params");

static enum hv_status write_table(const struct vm_arch *vm, uint64_t at, uint64_t first, uint64_t step,
				  uint32_t count)
{
	uint64_t piece[64];
	enum hv_status status = HV_OK;

	for (uint32_t i = 0; status == HV_OK && i < count; i += ARRAY_COUNT(piece)) {
		uint32_t length = (uint32_t)min_u64(ARRAY_COUNT(piece), count - i);

		for (uint32_t j = 0; j < length; j++) {
			piece[j] = first + (i + j) * step;
		}
		status = guest_mem_write(vm, gpa_from_u64(at + i * sizeof(uint64_t)), piece,
					 length * sizeof(uint64_t));
	}
	return status;
}

/* Identity map of the first 4 GiB. */
static enum hv_status write_page_tables(const struct vm_arch *vm)
{
	uint64_t level3 = GUEST_PAGE_TABLES + PAGE_SIZE;
	uint64_t level2 = level3 + PAGE_SIZE;
	enum hv_status status;

	status = write_table(vm, GUEST_PAGE_TABLES, level3 | TABLE_PRESENT_WRITABLE, 0, 1);
	status = status == HV_OK ? write_table(vm, level3, level2 | TABLE_PRESENT_WRITABLE, PAGE_SIZE,
					       LEVEL2_TABLES)
				 : status;
	return status == HV_OK ? write_table(vm, level2, TABLE_PRESENT_WRITABLE | TABLE_LARGE,
					     FRAME_SIZE, LEVEL2_TABLES * TABLE_ENTRIES)
			       : status;
}

static enum hv_status write_params(struct guest_boot *boot)
{
	struct guest_map_entry map[GUEST_MAP_MAX];
	struct linux_e820 e820[GUEST_MAP_MAX];
	uint32_t count = guest_boot_memory_map(boot->vm, map);
	struct linux_boot_input input = {
		.image = boot->kernel,
		.image_size = boot->kernel_size,
		.load_address = boot->image->start,
		.cmdline = GUEST_CMDLINE,
		.initrd = boot->initrd_at.value,
		.initrd_size = boot->initrd_size,
		.rsdp = GUEST_ACPI,
		.e820 = e820,
		.e820_count = count,
	};
	struct linux_boot_params *params = page_alloc(1);
	enum hv_status status;

	if (params == NULL) {
		return HV_NO_MEMORY;
	}
	for (uint32_t i = 0; i < count; i++) {
		e820[i] = (struct linux_e820){map[i].base, map[i].size, map[i].type};
	}
	status = linux_boot_build(&input, params);
	if (status == HV_OK) {
		status = guest_mem_write(&boot->vm->arch, gpa_from_u64(GUEST_BOOT_INFO), params,
					 sizeof(*params));
	}
	page_free(params, 1);
	return status;
}

enum hv_status guest_boot_linux(struct guest_boot *boot)
{
	const struct kernel_image *image = boot->image;
	struct vm *vm = boot->vm;
	uint64_t end = image->start + image->linux_image.init_size;
	enum hv_status status;

	if (!guest_mem_is_ram(&vm->arch, gpa_from_u64(image->start), image->linux_image.init_size)) {
		log_error("partition %s: Linux needs %llu MiB to unpack itself; it has %llu MiB", vm->name,
			  (unsigned long long)(end >> 20), (unsigned long long)(vm->memory_size >> 20));
		return HV_NO_MEMORY;
	}
	status = guest_boot_place_segments(boot, &end);
	end = image->start + image->linux_image.init_size;
	status = status == HV_OK
			 ? guest_boot_place_initrd(boot, end, image->linux_image.initrd_addr_max)
			 : status;
	status = status == HV_OK ? write_params(boot) : status;
	status = status == HV_OK ? write_page_tables(&vm->arch) : status;
	vm->start = (struct vcpu_start_state){.how = VCPU_START_LONG64,
					      .rip = image->start + LINUX_ENTRY_64,
					      .rsi = GUEST_BOOT_INFO,
					      .cr3 = GUEST_PAGE_TABLES,
					      .gdt_base = GUEST_GDT};
	return status == HV_OK
		       ? guest_mem_write(&vm->arch, gpa_from_u64(GUEST_GDT), gdt, sizeof(gdt))
		       : status;
}
