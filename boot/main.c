/* SPDX-License-Identifier: Apache-2.0 */
/* The ordered list of boot steps, from the firmware's call to the jump out of the loader. */
#include "check.h"
#include "console.h"
#include "cpu_ops.h"
#include "esp.h"
#include "loader.h"
#include "space_abi.h"

#define ERROR_WAIT_SECONDS 10u

/* Called by gnu-efi's start code, by the System V convention. */
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

/* Too large for the firmware's stack guarantees. */
static struct loader loader;

void check_failed(const char *expression, const char *file, int line)
{
	console_print_uart("bulkhead: %s:%d: CHECK failed: %s", file, line, expression);
	for (;;) {
		__asm__ volatile("cli; hlt");
	}
}

static enum hv_status open_firmware(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	EFI_GUID guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;

	loader.image = image;
	loader.system = system;
	loader.services = system->BootServices;
	console_start(system);
	loader.services->SetWatchdogTimer(0, 0, 0, NULL);
	if (EFI_ERROR(loader.services->HandleProtocol(image, &guid, (void **)&loader.loaded))) {
		console_print("bulkhead: the firmware does not say where the loader came from");
		return HV_NOT_FOUND;
	}
	options_read(&loader);
	if (esp_open_volume(loader.services, loader.loaded->DeviceHandle, loader.config_path,
			    &loader.root) != HV_OK) {
		console_print("bulkhead: the volume the loader came from cannot be opened");
		return HV_NOT_FOUND;
	}
	return HV_OK;
}

/* Everything that can go wrong goes wrong here, while the firmware can still be returned to. */
static enum hv_status prepare(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	if (open_firmware(image, system) != HV_OK || config_load(&loader) != HV_OK ||
	    virt_require(&loader) != HV_OK || modules_load(&loader) != HV_OK ||
	    machine_read(&loader) != HV_OK || management_prepare(&loader) != HV_OK ||
	    images_build(&loader) != HV_OK) {
		return HV_INVALID;
	}
	return loader.file.mode == CONFIG_MODE_BARE_METAL ? bare_metal_prepare(&loader)
							  : region_allocate(&loader);
}

static enum hv_status leave(void)
{
	uint64_t info_address;

	if (leave_firmware(&loader) != HV_OK) {
		return HV_INVALID;
	}
	if (loader.file.mode == CONFIG_MODE_BARE_METAL) {
		bare_metal_start(&loader);
	}
	CHECK(region_read_map(&loader) == HV_OK);
	console_hand_over(&loader);
	info_address = HV_VIRT_BASE + ((uint64_t)loader.info - loader.region);
	handoff_hypervisor(loader.handoff_root, loader.elf.entry, info_address,
			   &loader.info->tsc_handoff, space_stack_top(0));
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	loader.tsc_firmware = tsc_read();
	if (prepare(image, system) == HV_OK) {
		(void)!leave();
	}
	console_print("bulkhead: not started; back to the firmware at a key, or in %u seconds",
		      ERROR_WAIT_SECONDS);
	console_wait_key(ERROR_WAIT_SECONDS);
	leave_release(&loader);
	return EFI_LOAD_ERROR;
}
