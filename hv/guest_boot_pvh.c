/* SPDX-License-Identifier: Apache-2.0 */
/* PVH: xen/include/public/arch-x86/hvm/start_info.h, "PVH guest boot protocol" in Xen's docs. */
#include "guest_boot.h"

#include "bits.h"
#include "hv/guest_mem.h"

#define START_INFO_MAGIC 0x336ec578u
#define START_INFO_VERSION 1u

struct start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t module_count;
	uint64_t modules;
	uint64_t cmdline;
	uint64_t rsdp;
	uint64_t memory_map;
	uint32_t memory_map_count;
	uint32_t reserved;
};

struct start_module {
	uint64_t base;
	uint64_t size;
	uint64_t cmdline;
	uint64_t reserved;
};

struct start_memory {
	uint64_t base;
	uint64_t size;
	uint32_t type;
	uint32_t reserved;
};

_Static_assert(sizeof(struct start_info) == 56, "start_info.h");
_Static_assert(sizeof(struct start_module) == 32, "start_info.h");
_Static_assert(sizeof(struct start_memory) == 24, "start_info.h");

/* All of it in one page. */
struct page {
	struct start_info info;
	struct start_module module;
	struct start_memory memory[GUEST_MAP_MAX];
};

_Static_assert(sizeof(struct page) <= PAGE_SIZE, "start info fits its page");

enum hv_status guest_boot_pvh(struct guest_boot *boot)
{
	struct guest_map_entry map[GUEST_MAP_MAX];
	uint32_t count = guest_boot_memory_map(boot->vm, map);
	struct page page = {
		.info = {.magic = START_INFO_MAGIC,
			 .version = START_INFO_VERSION,
			 .cmdline = GUEST_CMDLINE,
			 .rsdp = GUEST_ACPI,
			 .memory_map = GUEST_BOOT_INFO + offsetof(struct page, memory),
			 .memory_map_count = count},
	};
	uint64_t end;
	enum hv_status status = guest_boot_place_segments(boot, &end);

	status = status == HV_OK ? guest_boot_place_initrd(boot, end, UINT32_MAX) : status;
	if (status != HV_OK) {
		return status;
	}
	if (boot->initrd != NULL) {
		page.info.module_count = 1;
		page.info.modules = GUEST_BOOT_INFO + offsetof(struct page, module);
		page.module = (struct start_module){.base = boot->initrd_at.value,
						    .size = boot->initrd_size};
	}
	for (uint32_t i = 0; i < count; i++) {
		page.memory[i] = (struct start_memory){
			.base = map[i].base, .size = map[i].size, .type = map[i].type};
	}
	boot->vm->start = (struct vcpu_start_state){
		.how = VCPU_START_PROTECTED32, .rip = boot->image->entry, .rbx = GUEST_BOOT_INFO};
	return guest_mem_write(&boot->vm->arch, gpa_from_u64(GUEST_BOOT_INFO), &page, sizeof(page));
}
