/* SPDX-License-Identifier: Apache-2.0 */
/* What every boot protocol shares: memory map, initrd, ELF segments. */
#include "guest_boot.h"

#include "bits.h"
#include "hv/guest_mem.h"
#include "log.h"

#define MIB (UINT64_C(1) << 20)

uint32_t guest_boot_memory_map(const struct vm *vm, struct guest_map_entry entries[GUEST_MAP_MAX])
{
	uint64_t low = min_u64(vm->memory_size, VM_LOW_LIMIT);
	uint32_t count = 0;

	entries[count++] = (struct guest_map_entry){0, GUEST_LOW_END, GUEST_MAP_RAM};
	entries[count++] = (struct guest_map_entry){GUEST_ACPI, GUEST_ACPI_SIZE, GUEST_MAP_ACPI};
	entries[count++] = (struct guest_map_entry){MIB, low - MIB, GUEST_MAP_RAM};
	if (vm->memory_size > low) {
		entries[count++] = (struct guest_map_entry){VM_HIGH_BASE, vm->memory_size - low,
							    GUEST_MAP_RAM};
	}
	return count;
}

enum hv_status guest_boot_place_initrd(struct guest_boot *boot, uint64_t floor, uint64_t limit)
{
	uint64_t top = min_u64(boot->vm->memory_size, VM_LOW_LIMIT);

	if (boot->initrd == NULL) {
		return HV_OK;
	}
	if (limit < top) {
		top = limit + 1;
	}
	if (top < boot->initrd_size || align_down(top - boot->initrd_size, PAGE_SIZE) < floor) {
		log_error("partition %s: its initrd of %llu KiB does not fit behind its kernel",
			  boot->vm->name, (unsigned long long)(boot->initrd_size >> 10));
		return HV_NO_MEMORY;
	}
	boot->initrd_at = gpa_from_u64(align_down(top - boot->initrd_size, PAGE_SIZE));
	return guest_mem_write(&boot->vm->arch, boot->initrd_at, boot->initrd, boot->initrd_size);
}

enum hv_status guest_boot_place_segments(struct guest_boot *boot, uint64_t *end)
{
	const struct kernel_image *image = boot->image;

	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct kernel_segment *segment = &image->segments[i];
		gpa_t to = gpa_from_u64(segment->address);
		enum hv_status status;

		if (to.value < GUEST_BOOT_END ||
		    !guest_mem_is_ram(&boot->vm->arch, to, segment->memory_size)) {
			log_error("partition %s: its kernel wants memory at %llx, which it does not have",
				  boot->vm->name, (unsigned long long)to.value);
			return HV_RANGE;
		}
		status = guest_mem_write(&boot->vm->arch, to, boot->kernel + segment->file_offset,
					 segment->file_size);
		if (status != HV_OK) {
			return status; /* the rest of the segment is zero already: RAM was cleared */
		}
	}
	*end = align_up(image->end, PAGE_SIZE);
	return HV_OK;
}
