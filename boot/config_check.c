/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a machine can hold what the configuration asks for. */
#include "config_parse.h"
#include "config_value.h"
#include "platform_abi.h"

#include <stdbool.h>

#define MIB_SHIFT 20

static unsigned long long in_mib(uint64_t bytes)
{
	return (unsigned long long)(bytes >> MIB_SHIFT);
}

static enum hv_status check_cpus(const struct config_partition *partition,
				 const struct config_source *source, uint32_t cpu_count,
				 struct config_error *error)
{
	uint32_t highest;

	if (partition->cpus == 0) {
		return config_fail(error, source->line, "partition `%s` has no CPU",
				   partition->name);
	}
	highest = 63u - (uint32_t)__builtin_clzll(partition->cpus);
	if (highest >= cpu_count) {
		return config_fail(error, source->cpus_line,
				   "partition `%s` asks for CPU %u, but the machine has %u CPU%s, "
				   "counted from 0",
				   partition->name, highest, cpu_count, cpu_count == 1 ? "" : "s");
	}
	return HV_OK;
}

enum hv_status config_check_machine(const struct config_file *file, uint32_t cpu_count,
				    uint64_t free_memory, struct config_error *error)
{
	uint64_t left = free_memory;
	bool is_channel_taken = false; /* its memory, by the first that has it */

	for (uint32_t i = 0; i < file->config.partition_count; i++) {
		const struct config_partition *partition = &file->config.partitions[i];
		const struct config_source *source = &file->sources[i];
		uint64_t need = partition->memory;

		if (check_cpus(partition, source, cpu_count, error) != HV_OK) {
			return HV_INVALID;
		}
		if ((partition->devices & CONFIG_DEVICE_CHANNEL0) != 0 && !is_channel_taken) {
			is_channel_taken = true;
			need += PLATFORM_CHANNEL_SIZE;
		}
		if (need > left) {
			return config_fail(
				error, source->memory_line,
				"partition `%s` asks for %llu MiB%s, but of the machine's "
				"%llu MiB free RAM only %llu MiB are left for it",
				partition->name, in_mib(need),
				need > partition->memory ? " with its channel" : "",
				in_mib(free_memory), in_mib(left));
		}
		left -= need;
	}
	return HV_OK;
}
