/* SPDX-License-Identifier: Apache-2.0 */
/* Builder of Linux's boot_params for the 64-bit boot protocol. */
#include "linux_boot.h"

#include "bits.h"
#include "str.h"

#define SCREEN_CAPABILITY_64BIT_BASE 2u
#define SETUP_LENGTH_BASE            0x202u /* the length byte counts from the header's magic */

/* boot.rst, "Loading The Rest of The Kernel": the header ends at 0x202 + the byte at 0x201. */
static enum hv_status copy_header(const struct linux_boot_input *input,
				  struct linux_boot_params *params)
{
	const uint8_t *image = input->image;
	size_t end;

	if (input->image_size < LINUX_SETUP_OFFSET + sizeof(struct linux_setup_header)) {
		return HV_INVALID;
	}
	end = SETUP_LENGTH_BASE + image[SETUP_LENGTH_BASE - 1];
	if (end > LINUX_SETUP_END_MAX || end > input->image_size) {
		return HV_INVALID;
	}
	memcpy((uint8_t *)params + LINUX_SETUP_OFFSET, image + LINUX_SETUP_OFFSET,
	       end - LINUX_SETUP_OFFSET);
	if (params->hdr.header != LINUX_HEADER_MAGIC || params->hdr.version < LINUX_PROTOCOL_MIN ||
	    (params->hdr.xloadflags & LINUX_KERNEL_64) == 0) {
		return HV_INVALID;
	}
	return HV_OK;
}

static void set_efi(const struct linux_boot_efi *efi, struct linux_boot_params *params)
{
	params->efi_info = (struct linux_efi_info){
		.loader_signature = LINUX_EFI_SIGNATURE,
		.systab = low32(efi->system_table),
		.systab_hi = high32(efi->system_table),
		.memmap = low32(efi->map),
		.memmap_hi = high32(efi->map),
		.memmap_size = efi->map_size,
		.memdesc_size = efi->descriptor_size,
		.memdesc_version = efi->descriptor_version,
	};
}

/* 32 bits a pixel, blue first, as nearly all firmware has it. */
static void set_screen(const struct boot_framebuffer *framebuffer, struct linux_boot_params *params)
{
	params->screen_info = (struct linux_screen_info){
		.orig_video_is_vga = LINUX_VIDEO_EFI,
		.lfb_width = (uint16_t)framebuffer->width,
		.lfb_height = (uint16_t)framebuffer->height,
		.lfb_depth = 32,
		.lfb_base = low32(framebuffer->base),
		.ext_lfb_base = high32(framebuffer->base),
		.lfb_size = low32(framebuffer->size),
		.lfb_linelength = (uint16_t)(framebuffer->stride * 4),
		.red_size = 8,
		.red_pos = 16,
		.green_size = 8,
		.green_pos = 8,
		.blue_size = 8,
		.rsvd_size = 8,
		.rsvd_pos = 24,
		.capabilities = high32(framebuffer->base) != 0 ? SCREEN_CAPABILITY_64BIT_BASE : 0,
	};
}

static void set_addresses(const struct linux_boot_input *input, struct linux_boot_params *params)
{
	params->hdr.type_of_loader = LINUX_LOADER_OTHER;
	params->hdr.code32_start = low32(input->load_address);
	params->hdr.cmd_line_ptr = low32(input->cmdline);
	params->ext_cmd_line_ptr = high32(input->cmdline);
	params->hdr.ramdisk_image = low32(input->initrd);
	params->ext_ramdisk_image = high32(input->initrd);
	params->hdr.ramdisk_size = low32(input->initrd_size);
	params->ext_ramdisk_size = high32(input->initrd_size);
	params->hdr.setup_data = input->setup_data;
	params->acpi_rsdp_addr = input->rsdp;
}

enum hv_status linux_boot_build(const struct linux_boot_input *input, struct linux_boot_params *out)
{
	memset(out, 0, sizeof(*out));
	if (input->e820_count > LINUX_E820_MAX) {
		return HV_RANGE;
	}
	if (copy_header(input, out) != HV_OK) {
		return HV_INVALID;
	}
	if ((out->hdr.xloadflags & LINUX_CAN_BE_LOADED_ABOVE_4G) == 0 &&
	    (high32(input->cmdline) != 0 || high32(input->initrd) != 0 ||
	     high32(input->initrd + input->initrd_size) != 0)) {
		return HV_INVALID;
	}
	set_addresses(input, out);
	out->e820_entries = (uint8_t)input->e820_count;
	/* memcpy() takes no null pointer, not even for nothing. */
	if (input->e820_count > 0) {
		memcpy(out->e820_table, input->e820,
		       input->e820_count * sizeof(out->e820_table[0]));
	}
	if (input->efi != NULL) {
		set_efi(input->efi, out);
	}
	if (input->framebuffer != NULL && input->framebuffer->base != 0) {
		set_screen(input->framebuffer, out);
	}
	return HV_OK;
}
