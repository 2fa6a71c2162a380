/* SPDX-License-Identifier: Apache-2.0 */
/* Works out every partition's memory at its start; a kernel that does not fit is refused here. */
#include "image.h"

#include "bits.h"
#include "config_parse.h"
#include "console.h"
#include "fmt.h"
#include "guest_pci.h"
#include "loader.h"
#include "str.h"

static enum hv_status complain(const struct loader *loader, const struct config_source *source,
			       enum hv_status status, const char *why)
{
	char message[200];

	fmt_print(message, sizeof(message), "file `%.*s` %s", config_shown_path(source->kernel),
		  loader->config_text + source->kernel.offset, why);
	config_complain(loader, status == HV_NO_MEMORY ? source->memory_line : source->kernel_line,
			message);
	return HV_INVALID;
}

static enum hv_status build(struct loader *loader, uint32_t index)
{
	const struct config_partition *partition = &loader->file.config.partitions[index];
	const struct config_source *source = &loader->file.sources[index];
	const struct loader_file *kernel = &loader->modules[source->kernel_module].place;
	bool is_management = (partition->flags & CONFIG_PARTITION_MANAGEMENT) != 0;
	uint64_t blob = loader->blobs_base + index * IMAGE_BLOB_SIZE;
	struct image_input input = {
		.memory_size = partition->memory,
		.cpu_count = bit_count(partition->cpus),
		.devices = partition->devices,
		.disk_sectors = source->disk_sectors,
		.identity_base = is_management ? loader->passthrough.identity_base : 0,
		.cmdline = loader->config_text + source->cmdline.offset,
		.cmdline_size = source->cmdline.length,
		.kernel = (const uint8_t *)kernel->base,
		.kernel_size = kernel->size,
		.kernel_at = kernel->base,
		.blob = (uint8_t *)blob,
		.blob_at = blob,
	};
	struct loader_file disk = {.base = 0};
	const char *why = "";
	enum hv_status status;

	if (source->initrd_module != CONFIG_FILE_NONE) {
		input.initrd_at = loader->modules[source->initrd_module].place.base;
		input.initrd_size = loader->modules[source->initrd_module].place.size;
	}
	if (source->disk_module != CONFIG_FILE_NONE) {
		disk = loader->modules[source->disk_module].place;
		input.disk_sectors = disk.size / LOADER_SECTOR_SIZE;
	}
	status = image_build(&input, &loader->images[index], &why);
	loader->images[index].disk_base = disk.base;
	return status == HV_OK ? HV_OK : complain(loader, source, status, why);
}

/* What the configuration may name, but nobody has built: not to be passed over in silence. */
static enum hv_status check_devices(const struct loader *loader, uint32_t index)
{
	static const uint8_t no_entropy[sizeof(loader->entropy)];
	const struct config_partition *partition = &loader->file.config.partitions[index];
	const char *why = NULL;
	uint32_t flags = 0; /* of all partitions */

	for (uint32_t i = 0; i < loader->file.config.partition_count; i++) {
		flags |= loader->file.config.partitions[i].flags;
	}
	if (partition->pci_count > 0) {
		why = "this partition's devices: a real PCI device needs an IOMMU, which is not "
		      "supported yet; the management partition has them all";
	} else if ((partition->devices & CONFIG_DEVICE_ENTROPY) != 0 &&
		   memcmp(loader->entropy, no_entropy, sizeof(no_entropy)) == 0) {
		why = "device `entropy`: neither the firmware nor the CPU has a random generator";
	} else if ((partition->devices & CONFIG_DEVICE_SERVED0) != 0 &&
		   (flags & CONFIG_PARTITION_MANAGEMENT) == 0) {
		why = "`disk0 = served:SIZE`: there is no management partition to serve it";
	}
	if (why != NULL) {
		config_complain(loader, loader->file.sources[index].line, why);
	}
	return why == NULL ? HV_OK : HV_UNSUPPORTED;
}

enum hv_status images_build(struct loader *loader)
{
	if (loader->file.mode == CONFIG_MODE_BARE_METAL) {
		return HV_OK; /* bare_metal_prepare() looks at the one kernel itself */
	}
	for (uint32_t i = 0; i < loader->file.config.partition_count; i++) {
		if (check_devices(loader, i) != HV_OK || build(loader, i) != HV_OK) {
			return HV_INVALID;
		}
	}
	return HV_OK;
}
