/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of config_parse(): what it accepts keeps every promise of config_abi.h. */
/* Links: boot/config_parse.c boot/config_keys.c boot/config_value.c */
/* Links: boot/config_check.c hv/lib/fmt.c hv/lib/str.c */
#include "fuzz.h"

#include "config_parse.h"

static void check_span(struct config_span span, size_t size)
{
	FUZZ_CHECK(span.length == 0 || (span.offset < size && span.length <= size - span.offset));
}

static void check_partition(const struct config *config, uint32_t index, size_t size)
{
	const struct config_partition *partition = &config->partitions[index];

	check_span(partition->kernel, size);
	check_span(partition->initrd, size);
	check_span(partition->cmdline, size);
	FUZZ_CHECK(partition->kernel.length > 0 && partition->kernel.length <= CONFIG_PATH_MAX);
	FUZZ_CHECK(partition->cmdline.length <= CONFIG_CMDLINE_MAX);
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
	static struct config config;
	struct config_error error;

	if (config_parse((const char *)data, size, &config, &error) != HV_OK) {
		FUZZ_CHECK(error.line > 0 && error.message[0] != '\0');
		return 0;
	}
	FUZZ_CHECK(config.partition_count > 0 && config.partition_count <= CONFIG_PARTITION_MAX);
	for (uint32_t i = 0; i < config.partition_count; i++) {
		check_partition(&config, i, size);
	}
	if (config_check_machine(&config, 4, UINT64_C(1) << 30, &error) != HV_OK) {
		FUZZ_CHECK(error.line > 0 && error.message[0] != '\0');
	}
	return 0;
}
