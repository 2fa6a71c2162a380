/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of kernel_image_parse() and linux_boot_build(). */
/* Links: boot/kernel_image.c boot/kernel_elf.c boot/kernel_multiboot.c boot/linux_boot.c */
#include "fuzz.h"

#include "kernel_image.h"
#include "linux_boot.h"

static void check_segments(const struct kernel_image *image, size_t size)
{
	uint64_t last_end = 0;
	bool has_entry = false;

	FUZZ_CHECK(image->segment_count > 0 && image->segment_count <= KERNEL_SEGMENT_MAX);
	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct kernel_segment *segment = &image->segments[i];

		FUZZ_CHECK(segment->file_offset <= size);
		FUZZ_CHECK(segment->file_size <= size - segment->file_offset);
		FUZZ_CHECK(segment->file_size <= segment->memory_size && segment->memory_size > 0);
		FUZZ_CHECK(segment->address >= last_end);
		last_end = segment->address + segment->memory_size;
		FUZZ_CHECK(last_end > segment->address && last_end <= UINT64_C(1) << 32);
		has_entry |= image->entry >= segment->address && image->entry < last_end;
	}
	FUZZ_CHECK(has_entry);
	FUZZ_CHECK(image->start == image->segments[0].address && image->end == last_end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct linux_boot_input input = {.image = data, .image_size = size};
	static struct linux_boot_params params;
	struct kernel_image image;
	const char *why = NULL;

	if (kernel_image_parse(data, size, &image, &why) != HV_OK) {
		FUZZ_CHECK(why[0] != '\0');
		return 0;
	}
	check_segments(&image, size);
	/* The loader relies on it: what one accepts the other can start. */
	if (image.kind == KERNEL_LINUX) {
		FUZZ_CHECK(linux_boot_build(&input, &params) == HV_OK);
	}
	return 0;
}
