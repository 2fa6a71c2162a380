/* SPDX-License-Identifier: Apache-2.0 */
/* Whether every partition's kernel is one, and fits its partition together with its initrd. */
#include "addr.h"
#include "fmt.h"
#include "kernel_image.h"
#include "loader.h"

static const struct boot_module *module_of(const struct loader *loader, uint32_t index)
{
	return &loader->modules[index].place;
}

static uint64_t in_mib(uint64_t bytes)
{
	return (bytes + (UINT64_C(1) << 20) - 1) >> 20;
}

static enum hv_status complain(const struct loader *loader,
			       const struct config_partition *partition, const char *why)
{
	char message[200];

	fmt_print(message, sizeof(message), "file `%.*s` %s", config_shown_path(partition->kernel),
		  loader->config_text + partition->kernel.offset, why);
	config_complain(loader, partition->kernel_line, message);
	return HV_INVALID;
}

/* Guest RAM starts at 0; kernels sit low, the initrd behind or above them. */
static enum hv_status check_fit(const struct loader *loader,
				const struct config_partition *partition,
				const struct kernel_image *image)
{
	char message[160];
	uint64_t needed = image->end;

	if (partition->initrd_module != CONFIG_FILE_NONE) {
		needed += align_up(module_of(loader, partition->initrd_module)->size, PAGE_SIZE);
	}
	if (needed <= partition->memory) {
		return HV_OK;
	}
	fmt_print(message, sizeof(message),
		  "partition `%s` has %lu MiB, but its kernel and initrd need %lu MiB",
		  partition->name, partition->memory >> 20, in_mib(needed));
	config_complain(loader, partition->memory_line, message);
	return HV_INVALID;
}

static enum hv_status check_kernel(const struct loader *loader,
				   const struct config_partition *partition)
{
	const struct boot_module *module = module_of(loader, partition->kernel_module);
	struct kernel_image image;
	const char *why = "";

	if (kernel_image_parse((const void *)module->base, module->size, &image, &why) != HV_OK) {
		return complain(loader, partition, why);
	}
	if (image.kind == KERNEL_LINUX &&
	    partition->cmdline.length > image.linux_image.cmdline_size) {
		return complain(loader, partition, "does not take so long a command line");
	}
	if (loader->config.mode == CONFIG_MODE_BARE_METAL) {
		return image.kind == KERNEL_LINUX
			       ? HV_OK
			       : complain(loader, partition,
					  "is no Linux bzImage; bare-metal mode starts no other");
	}
	return check_fit(loader, partition, &image);
}

enum hv_status kernel_check(const struct loader *loader)
{
	for (uint32_t i = 0; i < loader->config.partition_count; i++) {
		const struct config_partition *partition = &loader->config.partitions[i];

		if (partition->kernel_module != CONFIG_FILE_NONE &&
		    check_kernel(loader, partition) != HV_OK) {
			return HV_INVALID;
		}
	}
	return HV_OK;
}
