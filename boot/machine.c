/* SPDX-License-Identifier: Apache-2.0 */
/* What the firmware tells about the machine: ACPI root, framebuffer, randomness. */
#include "console.h"
#include "cpu_ops.h"
#include "loader.h"
#include "str.h"

#define CPUID_1_ECX_RDRAND (1u << 30)
#define RDRAND_TRIES       10

static bool is_same_guid(const EFI_GUID *left, const EFI_GUID *right)
{
	return memcmp(left, right, sizeof(*left)) == 0;
}

static uint64_t find_table(const struct loader *loader, EFI_GUID guid)
{
	for (UINTN i = 0; i < loader->system->NumberOfTableEntries; i++) {
		const EFI_CONFIGURATION_TABLE *table = &loader->system->ConfigurationTable[i];

		if (is_same_guid(&table->VendorGuid, &guid)) {
			return (uint64_t)table->VendorTable;
		}
	}
	return 0;
}

/* UEFI Specification, "EFI Configuration Table": ACPI 2.0 goes before ACPI 1.0. */
static void read_rsdp(struct loader *loader)
{
	loader->rsdp = find_table(loader, (EFI_GUID)ACPI_20_TABLE_GUID);
	if (loader->rsdp == 0) {
		loader->rsdp = find_table(loader, (EFI_GUID)ACPI_TABLE_GUID);
	}
}

static void read_framebuffer(struct loader *loader)
{
	EFI_GUID guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
	EFI_GRAPHICS_OUTPUT_PROTOCOL *graphics = NULL;
	const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *mode;

	if (EFI_ERROR(loader->services->LocateProtocol(&guid, NULL, (void **)&graphics)) ||
	    graphics->Mode == NULL || graphics->Mode->Info == NULL) {
		return;
	}
	mode = graphics->Mode->Info;
	if (mode->PixelFormat != PixelRedGreenBlueReserved8BitPerColor &&
	    mode->PixelFormat != PixelBlueGreenRedReserved8BitPerColor) {
		return;
	}
	loader->framebuffer = (struct boot_framebuffer){
		.base = graphics->Mode->FrameBufferBase,
		.size = graphics->Mode->FrameBufferSize,
		.width = mode->HorizontalResolution,
		.height = mode->VerticalResolution,
		.stride = mode->PixelsPerScanLine,
	};
}

/* SDM 1, "RDRAND": a failing read is repeated at most ten times. */
static bool read_rdrand(uint64_t *value)
{
	uint8_t is_valid = 0;

	for (int i = 0; i < RDRAND_TRIES && !is_valid; i++) {
		__asm__ volatile("rdrand %0; setc %1" : "=r"(*value), "=qm"(is_valid) : : "cc");
	}
	return is_valid != 0;
}

void entropy_read(struct loader *loader)
{
	EFI_GUID guid = EFI_RNG_PROTOCOL_GUID;
	EFI_RNG_PROTOCOL *rng = NULL;
	uint64_t words[4];

	if (!EFI_ERROR(loader->services->LocateProtocol(&guid, NULL, (void **)&rng)) &&
	    !EFI_ERROR(rng->GetRNG(rng, NULL, sizeof(loader->entropy), loader->entropy))) {
		return;
	}
	memset(loader->entropy, 0, sizeof(loader->entropy));
	if ((cpuid_read(1, 0).ecx & CPUID_1_ECX_RDRAND) == 0) {
		return;
	}
	for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!read_rdrand(&words[i])) {
			return;
		}
	}
	memcpy(loader->entropy, words, sizeof(words));
}

enum hv_status machine_read(struct loader *loader)
{
	read_rsdp(loader);
	read_framebuffer(loader);
	entropy_read(loader);
	clock_read(loader);
	cpu_list_read(loader);
	return HV_OK;
}
