/* SPDX-License-Identifier: Apache-2.0 */
/* gnu-efi's headers, and the few UEFI protocols they lack. */
#pragma once

#include <efi.h>

/* UEFI Platform Initialization Specification, Volume 2, "MP Services Protocol". */
#define EFI_MP_SERVICES_GUID                                                                       \
	{                                                                                          \
		0x3fdda605, 0xa76e, 0x4f46,                                                        \
		{                                                                                  \
			0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08                             \
		}                                                                                  \
	}
#define MP_PROCESSOR_ENABLED 2u
#define MP_PROCESSOR_HEALTHY 4u

struct efi_processor_information {
	UINT64 processor_id; /* APIC id */
	UINT32 status_flags;
	UINT32 package;
	UINT32 core;
	UINT32 thread;
	UINT32 extended[6]; /* only with CPU_V2_EXTENDED_TOPOLOGY; room for it all the same */
};

struct efi_mp_services {
	EFI_STATUS(EFIAPI *get_number)(struct efi_mp_services *, UINTN *count, UINTN *enabled);
	EFI_STATUS(EFIAPI *get_information)
	(struct efi_mp_services *, UINTN index, struct efi_processor_information *information);
};

/* EDK II, "gEfiConsoleOutDeviceGuid": marks the devices that the console writes to. */
#define CONSOLE_OUT_DEVICE_GUID                                                                    \
	{                                                                                          \
		0xd3b36f2c, 0xd551, 0x11d4,                                                        \
		{                                                                                  \
			0x9a, 0x46, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d                             \
		}                                                                                  \
	}
