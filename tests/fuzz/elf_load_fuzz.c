/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of elf_load_parse() and elf_load_copy(). */
/* Links: boot/elf_load.c */
#include "fuzz.h"

#include "elf_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_load image;
	const char *why = NULL;
	void *region;

	if (elf_load_parse(data, size, &image, &why) != HV_OK) {
		FUZZ_CHECK(why[0] != '\0');
		return 0;
	}
	FUZZ_CHECK(image.image_size > 0 && image.image_size <= ELF_LOAD_SIZE_MAX);
	if (image.image_size <= UINT64_C(1) << 20) {
		region = malloc(image.image_size);
		elf_load_copy(&image, data, region);
		free(region);
	}
	return 0;
}
