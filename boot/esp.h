/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the volume the loader was started from. */
#pragma once

#include "uefi.h"
#include "status.h"

#include <stdint.h>

/* The device's volume, or where it has none the first volume that holds `path`. */
MUST_CHECK enum hv_status esp_open_volume(EFI_BOOT_SERVICES *services, EFI_HANDLE device,
					  const CHAR16 *path, EFI_FILE_HANDLE *root);

/* HV_NOT_FOUND: no such file. HV_INVALID: a directory, or the volume does not answer. */
MUST_CHECK enum hv_status esp_open(EFI_FILE_HANDLE root, const CHAR16 *path, EFI_FILE_HANDLE *file,
				   uint64_t *size);

/* Reads exactly `size` bytes and closes the file. */
MUST_CHECK enum hv_status esp_read(EFI_FILE_HANDLE file, void *buffer, uint64_t size);

/* A whole file into new loader memory, with a zero byte behind it. */
MUST_CHECK enum hv_status esp_load(EFI_BOOT_SERVICES *services, EFI_FILE_HANDLE root,
				   const CHAR16 *path, uint64_t size_max, void **buffer,
				   uint64_t *size);
