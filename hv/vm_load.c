/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's memory and devices as they are at power-on, with its kernel in place. */
#include "vm_life.h"

#include "arch/upcalls.h"
#include "bits.h"
#include "guest_acpi.h"
#include "guest_boot.h"
#include "hv/guest_mem.h"
#include "hv/irq_route.h"
#include "log.h"
#include "modules.h"

#define ACPI_PAGES 2u /* what the tables of CPU_MAX CPUs take, and more */

static const char *config_text; /* the configuration file, for spans */

void vm_load_init(const char *text)
{
	config_text = text;
}

static void reset_devices(struct vm *vm)
{
	irq_route_reset(vm);
	for (uint32_t i = 0; i < device_model_count; i++) {
		if (device_models[i].reset != NULL) {
			device_models[i].reset(vm->device_state[i], vm);
		}
	}
	vm->hole_warned = 0;
}

static enum hv_status clear_memory(struct vm *vm)
{
	enum hv_status status = HV_OK;

	for (uint32_t i = 0; status == HV_OK && i < vm->extent_count; i++) {
		status = guest_mem_clear(&vm->arch, vm->extents[i].guest, vm->extents[i].size);
	}
	return status;
}

static enum hv_status place_tables(struct vm *vm)
{
	struct guest_acpi_facts facts = {.cpu_count = vm->vcpu_count};
	uint8_t *tables = page_alloc(ACPI_PAGES);
	enum hv_status status;
	size_t size;

	if (tables == NULL) {
		return HV_NO_MEMORY;
	}
	size = guest_acpi_build(tables, ACPI_PAGES * PAGE_SIZE, GUEST_ACPI, &facts);
	status = guest_mem_write(&vm->arch, gpa_from_u64(GUEST_ACPI), tables, size);
	page_free(tables, ACPI_PAGES);
	return status;
}

static enum hv_status place_cmdline(struct guest_boot *boot)
{
	struct config_span span = boot->vm->config->cmdline;

	boot->cmdline_size = (uint32_t)min_u64(span.length, GUEST_CMDLINE_MAX);
	if (boot->cmdline_size == 0) {
		return HV_OK; /* RAM is zero: an empty string */
	}
	return guest_mem_write(&boot->vm->arch, gpa_from_u64(GUEST_CMDLINE),
			       config_text + span.offset, boot->cmdline_size);
}

static enum hv_status place_kernel(struct guest_boot *boot)
{
	switch (boot->image->kind) {
	case KERNEL_LINUX:
		return guest_boot_linux(boot);
	case KERNEL_PVH:
		return guest_boot_pvh(boot);
	case KERNEL_MULTIBOOT1:
		return guest_boot_multiboot1(boot);
	case KERNEL_MULTIBOOT2:
		return guest_boot_multiboot2(boot);
	}
	return HV_INVALID;
}

enum hv_status vm_load(struct vm *vm)
{
	struct guest_boot boot = {.vm = vm};
	struct kernel_image image;
	const char *why = "";
	enum hv_status status;

	boot.kernel = modules_get(vm->config->kernel_module, &boot.kernel_size);
	boot.initrd = modules_get(vm->config->initrd_module, &boot.initrd_size);
	boot.image = &image;
	status = kernel_image_parse(boot.kernel, boot.kernel_size, &image, &why);
	if (status != HV_OK) { /* the loader has accepted the same bytes */
		log_error("partition %s: kernel: %s", vm->name, why);
		return status;
	}
	reset_devices(vm);
	if (!vm->is_clear) {
		status = clear_memory(vm);
	}
	vm->is_clear = false;
	status = status == HV_OK ? place_tables(vm) : status;
	status = status == HV_OK ? place_cmdline(&boot) : status;
	status = status == HV_OK ? place_kernel(&boot) : status;
	if (status != HV_OK) {
		log_error("partition %s: its kernel cannot be placed (status %d)", vm->name, (int)status);
	}
	return status;
}
