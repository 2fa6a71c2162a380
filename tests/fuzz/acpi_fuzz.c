/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of acpi_scan(): the input is memory from 0xe0000, with its RSDP first. */
/* Links: boot/acpi.c */
#include "fuzz.h"

#include "acpi.h"

#include <string.h>

#define BASE           UINT64_C(0xe0000)
#define SIZE_MAX_INPUT 65536u

static uint8_t image[SIZE_MAX_INPUT];
static size_t image_size;
static uint64_t bytes_read;

static bool read_image(void *context, uint64_t address, void *to, size_t size)
{
	(void)context;
	bytes_read += size;
	if (address < BASE || address - BASE > image_size || size > image_size - (address - BASE)) {
		return false;
	}
	memcpy(to, image + (address - BASE), size);
	return true;
}

static void fix_sum(size_t offset, size_t size, size_t at)
{
	uint8_t sum = 0;

	image[at] = 0;
	for (size_t i = 0; i < size; i++) {
		sum = (uint8_t)(sum + image[offset + i]);
	}
	image[at] = (uint8_t)(0u - sum);
}

/* So that what is behind the checksums is reached. */
static void fix_tables(void)
{
	static const char names[][5] = {"DSDT", "FACP", "APIC", "XSDT", "RSDT"};

	for (size_t at = 0; at + 36 <= image_size; at += 4) {
		uint32_t length;

		memcpy(&length, image + at + 4, 4);
		for (size_t i = 0; i < 5; i++) {
			if (memcmp(image + at, names[i], 4) == 0 && length >= 36 &&
			    length <= image_size - at) {
				fix_sum(at, length, at + 9);
			}
		}
	}
	fix_sum(0, 20, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acpi_facts facts = {0};

	if (size < 36 || size > SIZE_MAX_INPUT) {
		return 0;
	}
	memcpy(image, data, size);
	image_size = size;
	fix_tables();
	bytes_read = 0;
	if (acpi_scan(read_image, NULL, BASE, &facts) == HV_OK) {
		FUZZ_CHECK(!facts.has_s5 || (facts.s5_type_a <= 7 && facts.s5_type_b <= 7));
	}
	/* Every one of 256 root entries may name the longest table there is, not more. */
	FUZZ_CHECK(bytes_read <= UINT64_C(256) * 8 * (SIZE_MAX_INPUT + 4096));
	return 0;
}
