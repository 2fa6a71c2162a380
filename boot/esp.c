/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the volume the loader was started from. */
#include "esp.h"

#include <stdbool.h>

#define INFO_NAME_MAX 520u /* bytes of EFI_FILE_INFO.FileName that are made room for */
#define READ_CHUNK    (UINT64_C(1) << 20)

static enum hv_status open_volume(EFI_BOOT_SERVICES *services, EFI_HANDLE device,
				  EFI_FILE_HANDLE *root)
{
	EFI_GUID guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
	EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *volume = NULL;

	if (EFI_ERROR(services->HandleProtocol(device, &guid, (void **)&volume)) ||
	    EFI_ERROR(volume->OpenVolume(volume, root))) {
		return HV_NOT_FOUND;
	}
	return HV_OK;
}

static bool volume_has(EFI_FILE_HANDLE root, const CHAR16 *path)
{
	EFI_FILE_HANDLE file;

	if (EFI_ERROR(root->Open(root, &file, (CHAR16 *)(uintptr_t)path, EFI_FILE_MODE_READ, 0))) {
		return false;
	}
	file->Close(file);
	return true;
}

/*
 * GRUB on a CD names the whole disc as the device, which holds no file system the firmware can
 * read; the El Torito image beside it does. So where the device has none, the first volume that
 * holds `path` is taken.
 */
enum hv_status esp_open_volume(EFI_BOOT_SERVICES *services, EFI_HANDLE device, const CHAR16 *path,
			       EFI_FILE_HANDLE *root)
{
	EFI_GUID guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
	EFI_HANDLE *volumes = NULL;
	UINTN count = 0;
	bool is_found = false;

	if (open_volume(services, device, root) == HV_OK) {
		return HV_OK;
	}
	if (EFI_ERROR(services->LocateHandleBuffer(ByProtocol, &guid, NULL, &count, &volumes))) {
		return HV_NOT_FOUND;
	}
	for (UINTN i = 0; i < count && !is_found; i++) {
		if (open_volume(services, volumes[i], root) == HV_OK) {
			is_found = volume_has(*root, path);
			if (!is_found) {
				(*root)->Close(*root);
			}
		}
	}
	services->FreePool(volumes);
	return is_found ? HV_OK : HV_NOT_FOUND;
}

static enum hv_status read_size(EFI_FILE_HANDLE file, uint64_t *size)
{
	EFI_GUID guid = EFI_FILE_INFO_ID;
	union {
		EFI_FILE_INFO info;
		uint8_t bytes[sizeof(EFI_FILE_INFO) + INFO_NAME_MAX];
	} buffer;
	UINTN length = sizeof(buffer);

	if (EFI_ERROR(file->GetInfo(file, &guid, &length, &buffer)) ||
	    (buffer.info.Attribute & EFI_FILE_DIRECTORY) != 0) {
		return HV_INVALID;
	}
	*size = buffer.info.FileSize;
	return HV_OK;
}

enum hv_status esp_open(EFI_FILE_HANDLE root, const CHAR16 *path, EFI_FILE_HANDLE *file,
			uint64_t *size)
{
	EFI_STATUS status;

	/* Open() does not write to the name; gnu-efi's type forgot the const. */
	status = root->Open(root, file, (CHAR16 *)(uintptr_t)path, EFI_FILE_MODE_READ, 0);
	if (EFI_ERROR(status)) {
		return status == EFI_NOT_FOUND ? HV_NOT_FOUND : HV_INVALID;
	}
	if (read_size(*file, size) != HV_OK) {
		(*file)->Close(*file);
		return HV_INVALID;
	}
	return HV_OK;
}

/* In pieces: some firmware fails at reads of tens of megabytes. */
enum hv_status esp_read(EFI_FILE_HANDLE file, void *buffer, uint64_t size)
{
	uint8_t *target = buffer;
	bool is_good = true;
	UINTN piece;

	while (is_good && size > 0) {
		piece = size < READ_CHUNK ? size : READ_CHUNK;
		is_good = !EFI_ERROR(file->Read(file, &piece, target)) && piece > 0;
		target += piece;
		size -= is_good ? piece : 0;
	}
	file->Close(file);
	return is_good ? HV_OK : HV_INVALID;
}

enum hv_status esp_load(EFI_BOOT_SERVICES *services, EFI_FILE_HANDLE root, const CHAR16 *path,
			uint64_t size_max, void **buffer, uint64_t *size)
{
	EFI_FILE_HANDLE file;
	enum hv_status status;

	status = esp_open(root, path, &file, size);
	if (status != HV_OK) {
		return status;
	}
	if (*size > size_max) {
		file->Close(file);
		return HV_RANGE;
	}
	if (EFI_ERROR(services->AllocatePool(EfiLoaderData, *size + 1, buffer))) {
		file->Close(file);
		return HV_NO_MEMORY;
	}
	((uint8_t *)*buffer)[*size] = 0;
	return esp_read(file, *buffer, *size);
}
