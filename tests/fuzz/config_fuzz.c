/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of config_parse(): what it accepts keeps every promise of config_abi.h and
 * config_parse.h. */
/* Links: boot/config_parse.c boot/config_keys.c boot/config_value.c */
/* Links: boot/config_check.c hv/lib/fmt.c hv/lib/str.c */
#include "fuzz.h"

#include "config_parse.h"

static void check_span(struct config_span span, size_t size)
{
	FUZZ_CHECK(span.length == 0 || (span.offset < size && span.length <= size - span.offset));
}

static void check_partition(const struct config_file *file, uint32_t index, size_t size)
{
	const struct config *config = &file->config;
	const struct config_source *source = &file->sources[index];
	const struct config_partition *partition = &config->partitions[index];

	check_span(source->kernel, size);
	check_span(source->initrd, size);
	check_span(source->disk, size);
	check_span(source->cmdline, size);
	FUZZ_CHECK(source->kernel.length > 0 && source->kernel.length <= CONFIG_PATH_MAX);
	FUZZ_CHECK((source->disk_sectors > 0) ==
		   ((partition->devices & CONFIG_DEVICE_SERVED0) != 0));
	FUZZ_CHECK((source->disk.length > 0) == ((partition->devices & CONFIG_DEVICE_BLOCK0) != 0));
	FUZZ_CHECK(source->cmdline.length <= CONFIG_CMDLINE_MAX);
	FUZZ_CHECK(partition->cpus != 0);
	FUZZ_CHECK(partition->memory >= CONFIG_MEMORY_MIN &&
		   partition->memory % CONFIG_MEMORY_ALIGN == 0);
	FUZZ_CHECK(partition->pci_count <= CONFIG_PCI_MAX);
	FUZZ_CHECK(partition->name[0] != '\0' && partition->name[CONFIG_NAME_MAX] == '\0');
	for (uint32_t i = 0; i < index; i++) {
		FUZZ_CHECK((config->partitions[i].cpus & partition->cpus) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config_file file;
	struct config_error error;

	if (config_parse((const char *)data, size, &file, &error) != HV_OK) {
		FUZZ_CHECK(error.line > 0 && error.message[0] != '\0');
		return 0;
	}
	FUZZ_CHECK(file.config.partition_count > 0 &&
		   file.config.partition_count <= CONFIG_PARTITION_MAX);
	for (uint32_t i = 0; i < file.config.partition_count; i++) {
		check_partition(&file, i, size);
	}
	if (config_check_machine(&file, 4, UINT64_C(1) << 30, &error) != HV_OK) {
		FUZZ_CHECK(error.line > 0 && error.message[0] != '\0');
	}
	return 0;
}
