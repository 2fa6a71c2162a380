/* SPDX-License-Identifier: Apache-2.0 */
/* A partition made at run time. */
#include "manage.h"

#include "bits.h"
#include "cpus.h"
#include "hv/vcpu.h"
#include "log.h"
#include "owner.h"
#include "str.h"
#include "vm_life.h"

static bool is_in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-' || c == '_';
}

/* As the configuration file has it, and nothing but zeros behind. */
static bool is_name(const char name[CONFIG_NAME_MAX + 1])
{
	uint32_t length = 0;

	while (length < CONFIG_NAME_MAX && is_in_name(name[length])) {
		length++;
	}
	for (uint32_t i = length; i <= CONFIG_NAME_MAX; i++) {
		if (name[i] != '\0') {
			return false;
		}
	}
	return length > 0;
}

static bool is_taken(const char *name)
{
	for (uint32_t i = 0; i < CONFIG_PARTITION_MAX; i++) {
		const struct vm *vm = vm_get(i);

		if (vm != NULL && memcmp(vm->name, name, CONFIG_NAME_MAX + 1) == 0) {
			return true;
		}
	}
	return false;
}

static enum manage_status check(const struct config_partition *config)
{
	if (!is_name(config->name) || config->flags != 0 || config->on_crash != CONFIG_CRASH_STOP ||
	    (config->devices & ~MANAGE_DEVICES) != 0 || config->cpus == 0 || config->memory == 0 ||
	    !is_aligned(config->memory, CONFIG_MEMORY_ALIGN)) {
		return MANAGE_INVALID;
	}
	if (config->pci_count != 0) {
		return MANAGE_NEEDS_IOMMU;
	}
	if (is_taken(config->name)) {
		return MANAGE_BUSY;
	}
	for (uint32_t i = 0; i < CPU_MAX; i++) {
		if ((config->cpus & BIT(i)) != 0 && !cpus_is_free(i)) {
			return MANAGE_NO_CPU;
		}
	}
	return config->memory <= owner_total(OWNER_FREE) ? MANAGE_OK : MANAGE_NO_MEMORY;
}

enum manage_status manage_create(const struct manage_create *wanted, uint64_t *id)
{
	enum manage_status checked = check(&wanted->config);
	static struct boot_image image; /* large for a stack; guarded by the commands' lock */
	struct vm *vm;

	if (checked != MANAGE_OK) {
		return checked;
	}
	image.start = wanted->start;
	memcpy(image.pci, wanted->pci, sizeof(image.pci));
	image.disk_sectors = 0;
	if ((wanted->config.devices & CONFIG_DEVICE_SERVED0) != 0) {
		memcpy(&image.disk_sectors, image.pci[PLATFORM_SLOT_BLOCK].config,
		       sizeof(image.disk_sectors));
	}
	if (vm_create(&wanted->config, &image, &vm) != HV_OK) {
		return MANAGE_NO_MEMORY;
	}
	vm->is_created = true;
	atomic_store(&vm->state, VM_CLEARING);
	vm_attach(vm);
	log_notice("partition %s: created", vm->name);
	vcpu_request(vm->vcpus[0], VCPU_REQUEST_CLEAR);
	*id = vm->id;
	return MANAGE_OK;
}
