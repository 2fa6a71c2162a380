/* SPDX-License-Identifier: Apache-2.0 */
/* Leaving the firmware: memory map, quiet devices, ExitBootServices. */
#include "addr.h"
#include "console.h"
#include "loader.h"

#include <efipciio.h>

#define MAP_SLACK  32u /* descriptors by which the map may grow between two calls */
#define EXIT_TRIES 4

/* PCI Local Bus Specification, "Configuration Space Header". */
#define PCI_COMMAND            0x04u
#define PCI_COMMAND_BUS_MASTER 0x0004u
#define PCI_CLASS              0x0bu
#define PCI_CLASS_BRIDGE       0x06u

enum hv_status leave_allocate(struct loader *loader, uint64_t size, uint64_t alignment,
			      EFI_MEMORY_TYPE type, uint64_t *base)
{
	EFI_BOOT_SERVICES *services = loader->services;
	/* Below 4 GiB: other CPUs load CR3 in real mode, kernels take 32-bit addresses. */
	EFI_PHYSICAL_ADDRESS start = UINT32_MAX;
	UINTN pages = size / PAGE_SIZE;
	UINTN slack = alignment / PAGE_SIZE - 1;
	uint64_t aligned;

	if (size == 0) {
		*base = 0;
		return HV_OK;
	}
	if (EFI_ERROR(services->AllocatePages(AllocateMaxAddress, type, pages + slack, &start))) {
		return HV_NO_MEMORY;
	}
	/* Give back what alignment did not need. */
	aligned = align_up(start, alignment);
	if (aligned > start) {
		services->FreePages(start, (aligned - start) / PAGE_SIZE);
	}
	if (start + slack * PAGE_SIZE > aligned) {
		services->FreePages(aligned + size,
				    (start + slack * PAGE_SIZE - aligned) / PAGE_SIZE);
	}
	*base = aligned;
	return HV_OK;
}

void leave_release(struct loader *loader)
{
	EFI_BOOT_SERVICES *services = loader->services;

	if (loader->modules_base != 0) {
		services->FreePages(loader->modules_base,
				    (loader->modules_size + loader->disks_size) / PAGE_SIZE);
	}
	if (loader->region != 0) {
		services->FreePages(loader->region, loader->region_size / PAGE_SIZE);
	}
	if (loader->identity_size != 0) {
		services->FreePages(loader->passthrough.identity_base,
				    loader->identity_size / PAGE_SIZE);
	}
	if (loader->trampoline != 0) {
		services->FreePages(loader->trampoline, 1);
	}
}

/* The first call allocates, with room for later growth; later ones only read again. */
static EFI_STATUS read_map(struct loader *loader, UINTN *key)
{
	loader->descriptors_bytes = loader->descriptors_room;
	return loader->services->GetMemoryMap(&loader->descriptors_bytes, loader->descriptors, key,
					      &loader->descriptor_stride,
					      &loader->descriptor_version);
}

enum hv_status leave_map(struct loader *loader)
{
	UINTN key;
	EFI_STATUS status = read_map(loader, &key);

	for (int i = 0; i < EXIT_TRIES && status == EFI_BUFFER_TOO_SMALL; i++) {
		if (loader->descriptors != NULL) {
			loader->services->FreePool(loader->descriptors);
			loader->descriptors = NULL;
		}
		loader->descriptors_room =
			loader->descriptors_bytes + MAP_SLACK * loader->descriptor_stride;
		if (EFI_ERROR(loader->services->AllocatePool(
			    EfiLoaderData, loader->descriptors_room, &loader->descriptors))) {
			loader->descriptors_room = 0;
			break;
		}
		status = read_map(loader, &key);
	}
	if (EFI_ERROR(status) || loader->descriptor_stride < sizeof(struct memmap_descriptor)) {
		console_print("bulkhead: the firmware gives no memory map");
		return HV_INVALID;
	}
	return HV_OK;
}

/*
 * A device that the firmware left running could write to memory that is a partition's by then.
 * Bridges keep forwarding: the functions behind them are silenced one by one.
 */
static void quiet_bus_masters(struct loader *loader)
{
	EFI_GUID guid = EFI_PCI_IO_PROTOCOL_GUID;
	EFI_PCI_IO_PROTOCOL *pci;
	EFI_HANDLE *handles = NULL;
	UINTN count = 0;

	if (EFI_ERROR(loader->services->LocateHandleBuffer(ByProtocol, &guid, NULL, &count,
							   &handles))) {
		return;
	}
	for (UINTN i = 0; i < count; i++) {
		UINT16 command = 0;
		UINT8 class = PCI_CLASS_BRIDGE;

		if (EFI_ERROR(loader->services->HandleProtocol(handles[i], &guid, (void **)&pci)) ||
		    EFI_ERROR(pci->Pci.Read(pci, EfiPciIoWidthUint8, PCI_CLASS, 1, &class)) ||
		    class == PCI_CLASS_BRIDGE ||
		    EFI_ERROR(pci->Pci.Read(pci, EfiPciIoWidthUint16, PCI_COMMAND, 1, &command)) ||
		    (command & PCI_COMMAND_BUS_MASTER) == 0) {
			continue;
		}
		command &= (UINT16)~PCI_COMMAND_BUS_MASTER;
		pci->Pci.Write(pci, EfiPciIoWidthUint16, PCI_COMMAND, 1, &command);
	}
	loader->services->FreePool(handles);
}

/*
 * UEFI Specification, "EFI_BOOT_SERVICES.ExitBootServices()": after a first try that failed, only
 * memory allocation services may be called, so the map buffer must do.
 */
enum hv_status leave_firmware(struct loader *loader)
{
	EFI_STATUS status = EFI_INVALID_PARAMETER;
	UINTN key = 0;

	quiet_bus_masters(loader);
	if (leave_map(loader) != HV_OK) {
		return HV_INVALID;
	}
	for (int i = 0; i < EXIT_TRIES && EFI_ERROR(status); i++) {
		if (EFI_ERROR(read_map(loader, &key))) {
			break;
		}
		status = loader->services->ExitBootServices(loader->image, key);
	}
	if (EFI_ERROR(status)) {
		console_print_uart("bulkhead: the firmware does not end its boot services");
		return HV_BUSY;
	}
	__asm__ volatile("cli");
	return HV_OK;
}
