/* SPDX-License-Identifier: Apache-2.0 */
/* Bare-metal mode: the management partition's kernel on the machine itself, without hypervisor. */
#include "addr.h"
#include "check.h"
#include "config_parse.h"
#include "console.h"
#include "cpu_ops.h"
#include "fmt.h"
#include "kernel_image.h"
#include "linux_boot.h"
#include "loader.h"
#include "str.h"

#define MAP_CAPACITY 1024u

/* What is behind boot_params in its allocation. */
struct bare_metal {
	struct linux_boot_params params;
	char cmdline[CONFIG_CMDLINE_MAX + 1];
	struct linux_e820 e820[LINUX_E820_MAX];
	struct boot_memory map[MAP_CAPACITY];
};

static struct bare_metal *memory;
static struct kernel_image kernel;
static uint64_t load_address;

const struct config_source *bare_metal_source(const struct config_file *file)
{
	for (uint32_t i = 0; i < file->config.partition_count; i++) {
		if ((file->config.partitions[i].flags & CONFIG_PARTITION_MANAGEMENT) != 0) {
			return &file->sources[i];
		}
	}
	return &file->sources[0];
}

/* At its preferred address, or, when that is taken, wherever its alignment allows. */
static enum hv_status place_kernel(struct loader *loader)
{
	const struct kernel_linux *image = &kernel.linux_image;
	EFI_PHYSICAL_ADDRESS address = image->pref_address;
	uint64_t size = align_up(image->init_size, PAGE_SIZE);

	if (!EFI_ERROR(loader->services->AllocatePages(AllocateAddress, EfiLoaderCode,
						       size / PAGE_SIZE, &address))) {
		load_address = address;
		return HV_OK;
	}
	if (!image->is_relocatable) {
		return HV_NO_MEMORY;
	}
	return leave_allocate(loader, size,
			      image->kernel_alignment < PAGE_SIZE ? PAGE_SIZE
								  : image->kernel_alignment,
			      EfiLoaderCode, &load_address);
}

static enum hv_status complain(const struct loader *loader, const struct config_source *source,
			       const char *why)
{
	char message[200];

	fmt_print(message, sizeof(message), "file `%.*s` %s", config_shown_path(source->kernel),
		  loader->config_text + source->kernel.offset, why);
	config_complain(loader, source->kernel_line, message);
	return HV_INVALID;
}

enum hv_status bare_metal_prepare(struct loader *loader)
{
	const struct config_source *source = bare_metal_source(&loader->file);
	const struct loader_file *module = &loader->modules[source->kernel_module].place;
	const uint8_t *file = (const uint8_t *)module->base;
	uint64_t base = 0;
	const char *why = "";

	if (kernel_image_parse(file, module->size, &kernel, &why) != HV_OK) {
		return complain(loader, source, why);
	}
	if (kernel.kind != KERNEL_LINUX) {
		return complain(loader, source,
				"is no Linux bzImage; bare-metal mode starts no other");
	}
	if (source->cmdline.length > kernel.linux_image.cmdline_size) {
		return complain(loader, source, "does not take so long a command line");
	}
	if (place_kernel(loader) != HV_OK ||
	    leave_allocate(loader, align_up(sizeof(*memory), PAGE_SIZE), PAGE_SIZE, EfiLoaderData,
			   &base) != HV_OK) {
		config_complain(loader, source->kernel_line,
				"not enough RAM in one piece for this kernel");
		return HV_NO_MEMORY;
	}
	memory = (struct bare_metal *)base;
	memset(memory, 0, sizeof(*memory));
	memcpy(memory->cmdline, loader->config_text + source->cmdline.offset,
	       source->cmdline.length);
	memcpy((void *)load_address, file + kernel.segments[0].file_offset,
	       kernel.segments[0].file_size);
	loader->map = (struct memmap){.entries = memory->map, .capacity = MAP_CAPACITY};
	return HV_OK;
}

static enum linux_e820_type e820_type(uint32_t type)
{
	switch ((enum boot_memory_type)type) {
	case BOOT_MEMORY_FREE:
	case BOOT_MEMORY_HYPERVISOR:
	case BOOT_MEMORY_MODULES:
	case BOOT_MEMORY_IDENTITY:
		return LINUX_E820_RAM;
	case BOOT_MEMORY_ACPI:
		return LINUX_E820_ACPI;
	case BOOT_MEMORY_RESERVED:
	case BOOT_MEMORY_RUNTIME:
	case BOOT_MEMORY_MMIO:
		break;
	}
	return LINUX_E820_RESERVED;
}

/* Neighbours that E820 does not tell apart become one entry. 0 = more than boot_params holds. */
static uint32_t make_e820(const struct memmap *map)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < map->count; i++) {
		const struct boot_memory *entry = &map->entries[i];
		enum linux_e820_type type = e820_type(entry->type);
		struct linux_e820 *last = count > 0 ? &memory->e820[count - 1] : NULL;

		if (last != NULL && last->type == type &&
		    last->address + last->size == entry->base) {
			last->size += entry->size;
			continue;
		}
		if (count == LINUX_E820_MAX) {
			return 0;
		}
		memory->e820[count++] = (struct linux_e820){entry->base, entry->size, type};
	}
	return count;
}

_Noreturn void bare_metal_start(struct loader *loader)
{
	const struct config_source *source = bare_metal_source(&loader->file);
	const struct loader_file *image = &loader->modules[source->kernel_module].place;
	struct linux_boot_efi efi = {
		.system_table = (uint64_t)loader->system,
		.map = (uint64_t)loader->descriptors,
		.map_size = (uint32_t)loader->descriptors_bytes,
		.descriptor_size = (uint32_t)loader->descriptor_stride,
		.descriptor_version = loader->descriptor_version,
	};
	struct linux_boot_input input = {
		.image = (const void *)image->base,
		.image_size = image->size,
		.load_address = load_address,
		.cmdline = (uint64_t)memory->cmdline,
		.rsdp = loader->rsdp,
		.e820 = memory->e820,
		.efi = &efi,
		.framebuffer = &loader->framebuffer,
	};

	if (source->initrd_module != CONFIG_FILE_NONE) {
		input.initrd = loader->modules[source->initrd_module].place.base;
		input.initrd_size = loader->modules[source->initrd_module].place.size;
	}
	CHECK(memmap_from_efi(&loader->map, loader->descriptors, loader->descriptors_bytes,
			      loader->descriptor_stride) == HV_OK);
	input.e820_count = make_e820(&loader->map);
	CHECK(input.e820_count > 0);
	CHECK(linux_boot_build(&input, &memory->params) == HV_OK);
	console_print_uart("bare-metal: tsc=%lu", tsc_read());
	handoff_linux(load_address + LINUX_ENTRY_64, (uint64_t)&memory->params);
}
