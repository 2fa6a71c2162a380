/* SPDX-License-Identifier: Apache-2.0 */
/* Multiboot kernels: finds the header of version 2 or 1, takes its load addresses if it has any. */
#include "bits.h"
#include "kernel_format.h"

/* Multiboot2 Specification, "OS image format". */
#define MB2_MAGIC       0xe85250d6u
#define MB2_SEARCH      32768u
#define MB2_ALIGNMENT   8u
#define MB2_HEADER_SIZE 16u
#define MB2_TAG_END     0u
#define MB2_TAG_ADDRESS 2u
#define MB2_TAG_ENTRY   3u
#define MB2_TAG_MAX     64u
/* Multiboot Specification 0.6.96, "OS image format". */
#define MB1_MAGIC          0x1badb002u
#define MB1_SEARCH         8192u
#define MB1_ALIGNMENT      4u
#define MB1_HEADER_SIZE    12u
#define MB1_ADDRESS_SIZE   32u
#define MB1_FLAG_ADDRESSES BIT32(16)
#define MB1_FLAGS_REQUIRED 0x0000ffffu /* a loader that does not know one must refuse */
#define MB1_FLAGS_KNOWN    0x00000007u /* page alignment, memory, video: the last is never given */

/* Both versions state the addresses the same way. */
struct addresses {
	uint64_t header_offset; /* where in the file the header is */
	uint32_t header;        /* where in memory it goes */
	uint32_t load;
	uint32_t load_end; /* 0 = to the end of the file */
	uint32_t bss_end;  /* 0 = no bss */
};

static enum hv_status add_addresses(const struct kernel_file *file, struct kernel_image *image,
				    const struct addresses *addresses)
{
	uint64_t distance = (uint64_t)addresses->header - addresses->load;
	struct kernel_segment segment = {.address = addresses->load};

	if (addresses->load > addresses->header || distance > addresses->header_offset) {
		return kernel_refuse(file, "has a multiboot header with a load address that is not "
					   "in the file");
	}
	segment.file_offset = addresses->header_offset - distance;
	segment.file_size = file->size - segment.file_offset;
	if (addresses->load_end != 0) {
		if (addresses->load_end < addresses->load) {
			return kernel_refuse(file, "has a multiboot load end before its start");
		}
		segment.file_size = addresses->load_end - addresses->load;
	}
	segment.memory_size = segment.file_size;
	if (addresses->bss_end != 0) {
		if (addresses->bss_end < addresses->load + segment.file_size) {
			return kernel_refuse(file, "has a multiboot bss end before its load end");
		}
		segment.memory_size = addresses->bss_end - addresses->load;
	}
	return kernel_add_segment(file, image, &segment);
}

/* Offset of a header whose checksum is right. */
static bool find_header(const struct kernel_file *file, uint32_t magic, uint64_t search,
			uint32_t alignment, uint32_t words, uint64_t *offset)
{
	uint64_t end = min_u64(file->size, search);
	uint32_t sum;

	for (uint64_t at = 0; at + words * 4 <= end; at += alignment) {
		if (kernel_read_u32(file, at) != magic) {
			continue;
		}
		sum = 0;
		for (uint32_t i = 0; i < words; i++) {
			sum += kernel_read_u32(file, at + i * 4);
		}
		if (sum == 0) {
			*offset = at;
			return true;
		}
	}
	return false;
}

struct mb2_tags {
	bool has_addresses;
	bool has_entry;
	struct addresses addresses;
	uint32_t entry;
};

static enum hv_status read_tags(const struct kernel_file *file, uint64_t header, uint64_t end,
				struct mb2_tags *tags)
{
	uint64_t at = header + MB2_HEADER_SIZE;

	for (uint32_t i = 0; i < MB2_TAG_MAX && at + 8 <= end; i++) {
		uint16_t type = kernel_read_u16(file, at);
		uint32_t size = kernel_read_u32(file, at + 4);

		if (size < 8 || size > end - at) {
			break;
		}
		if (type == MB2_TAG_END) {
			return HV_OK;
		}
		if (type == MB2_TAG_ADDRESS && size >= 24) {
			tags->has_addresses = true;
			tags->addresses = (struct addresses){
				.header_offset = header,
				.header = kernel_read_u32(file, at + 8),
				.load = kernel_read_u32(file, at + 12),
				.load_end = kernel_read_u32(file, at + 16),
				.bss_end = kernel_read_u32(file, at + 20),
			};
		} else if (type == MB2_TAG_ENTRY && size >= 12) {
			tags->has_entry = true;
			tags->entry = kernel_read_u32(file, at + 8);
		}
		at += ((uint64_t)size + 7) & ~UINT64_C(7);
	}
	return kernel_refuse(file, "has a multiboot2 header with malformed tags");
}

enum hv_status kernel_multiboot2(const struct kernel_file *file, struct kernel_image *image)
{
	struct mb2_tags tags = {0};
	enum hv_status status;
	uint64_t header;
	uint32_t length;

	if (!find_header(file, MB2_MAGIC, MB2_SEARCH, MB2_ALIGNMENT, MB2_HEADER_SIZE / 4,
			 &header)) {
		return HV_NOT_FOUND;
	}
	length = kernel_read_u32(file, header + 8);
	if (kernel_read_u32(file, header + 4) != 0 ||
	    length > min_u64(file->size, MB2_SEARCH) - header) {
		return kernel_refuse(file,
				     "has a multiboot2 header that is truncated or not for x86");
	}
	status = read_tags(file, header, header + length, &tags);
	if (status != HV_OK) {
		return status;
	}
	image->kind = KERNEL_MULTIBOOT2;
	if (!tags.has_addresses && !kernel_is_elf(file)) {
		return kernel_refuse(file,
				     "is neither ELF nor says in its multiboot2 header where to "
				     "load it");
	}
	if (tags.has_addresses && !tags.has_entry) {
		return kernel_refuse(file,
				     "has a multiboot2 header with addresses, but without entry");
	}
	status = tags.has_addresses ? add_addresses(file, image, &tags.addresses)
				    : kernel_elf_segments(file, image);
	if (tags.has_entry) {
		image->entry = tags.entry;
	}
	return status;
}

enum hv_status kernel_multiboot1(const struct kernel_file *file, struct kernel_image *image)
{
	struct addresses addresses;
	enum hv_status status;
	uint64_t header;
	uint32_t flags;

	if (!find_header(file, MB1_MAGIC, MB1_SEARCH, MB1_ALIGNMENT, MB1_HEADER_SIZE / 4,
			 &header)) {
		return HV_NOT_FOUND;
	}
	flags = kernel_read_u32(file, header + 4);
	if ((flags & MB1_FLAGS_REQUIRED & ~MB1_FLAGS_KNOWN) != 0) {
		return kernel_refuse(file, "has a multiboot header with unknown requirements");
	}
	image->kind = KERNEL_MULTIBOOT1;
	image->multiboot_flags = flags;
	/* "The address fields of Multiboot header": they go before what an ELF header says. */
	if ((flags & MB1_FLAG_ADDRESSES) == 0) {
		return kernel_is_elf(file)
			       ? kernel_elf_segments(file, image)
			       : kernel_refuse(file,
					       "is neither ELF nor says in its multiboot header "
					       "where to load it");
	}
	if (file->size - header < MB1_ADDRESS_SIZE) {
		return kernel_refuse(file, "has a truncated multiboot header");
	}
	addresses = (struct addresses){
		.header_offset = header,
		.header = kernel_read_u32(file, header + 12),
		.load = kernel_read_u32(file, header + 16),
		.load_end = kernel_read_u32(file, header + 20),
		.bss_end = kernel_read_u32(file, header + 24),
	};
	status = add_addresses(file, image, &addresses);
	image->entry = kernel_read_u32(file, header + 28);
	return status;
}
