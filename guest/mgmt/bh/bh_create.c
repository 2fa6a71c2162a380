/* SPDX-License-Identifier: Apache-2.0 */
/* bh create, check-config. */
#include "bh_image.h"
#include "bh_words.h"

#include "bits.h"

#include <string.h>

#define PATIENCE 60.0 /* seconds, to zero its memory */

/* When each stage of a creation ended, by the TSC. */
struct stages {
	uint64_t prepared; /* configuration read, image made */
	uint64_t created;  /* the command was done */
	uint64_t zeroed;
	uint64_t loaded;
	struct bh_start_times start;
};

static int why_no_cpu(struct bh *bh, const char *what, const struct config_partition *wanted,
		      const struct manage_info *info, const struct bh_partition *list,
		      uint32_t count)
{
	uint64_t missing = wanted->cpus & ~info->cpus_free;
	uint32_t cpu = missing != 0 ? (uint32_t)__builtin_ctzll(missing) : 0;
	char free[64];

	words_cpus(free, sizeof(free), info->cpus_free);
	if (cpu >= info->cpu_count) {
		return bh_fail(bh, BH_FAILED,
			       "cannot %s partition %s: there is no CPU %u, the machine has %u; "
			       "free: %s",
			       what, wanted->name, cpu, info->cpu_count, free);
	}
	for (uint32_t i = 0; i < count; i++) {
		if ((list[i].is.config.cpus & BIT(cpu)) != 0) {
			return bh_fail(bh, BH_FAILED,
				       "cannot %s partition %s: CPU %u is partition %s's; "
				       "free: %s",
				       what, wanted->name, cpu, list[i].is.config.name, free);
		}
	}
	return bh_fail(bh, BH_FAILED, "cannot %s partition %s: CPU %u is not running; free: %s",
		       what, wanted->name, cpu, free);
}

static int why_no_memory(struct bh *bh, const char *what, const struct config_partition *wanted,
			 const struct manage_info *info, uint32_t count)
{
	if (wanted->memory > info->memory_free) {
		return bh_fail(bh, BH_FAILED,
			       "cannot %s partition %s: %llu MiB asked for, %llu MiB free; "
			       "make `memory` smaller, or remove a partition",
			       what, wanted->name, (unsigned long long)(wanted->memory >> 20),
			       (unsigned long long)(info->memory_free >> 20));
	}
	if (count == info->partition_max) {
		return bh_fail(bh, BH_FAILED,
			       "cannot %s partition %s: there are %u partitions already, and "
			       "no more can be; remove one",
			       what, wanted->name, count);
	}
	return bh_fail(bh, BH_FAILED,
		       "cannot %s partition %s: the hypervisor's own memory does not suffice, "
		       "%llu KiB of it are free; remove a partition",
		       what, wanted->name,
		       (unsigned long long)((info->pool_total - info->pool_used) >> 10));
}

/* The thing that is in the way, by asking who has it. */
int bh_explain(struct bh *bh, const char *what, const struct config_partition *wanted,
	       uint32_t status)
{
	struct bh_partition list[CONFIG_PARTITION_MAX];
	struct manage_info info;
	uint32_t count;
	int result = bh_get_info(bh, &info);

	result = result == BH_OK ? bh_list(bh, list, &count) : result;
	if (result != BH_OK) {
		return result;
	}
	if (status == MANAGE_NO_CPU) {
		return why_no_cpu(bh, what, wanted, &info, list, count);
	}
	if (status == MANAGE_NO_MEMORY) {
		return why_no_memory(bh, what, wanted, &info, count);
	}
	if (status == MANAGE_BUSY) {
		return bh_fail(bh, BH_FAILED,
			       "cannot %s partition %s: there is one of this name; `bh rm %s` "
			       "removes it",
			       what, wanted->name, wanted->name);
	}
	return bh_refused(bh, what, wanted->name, status);
}

static int make(struct bh *bh, const char *what, const struct config_partition *wanted,
		const struct bh_image *image, struct bh_partition *made)
{
	static struct manage_create create;
	struct bh_call call = {
		.opcode = MANAGE_CREATE, .send = &create, .send_size = sizeof(create)};
	uint32_t status;

	memset(&create, 0, sizeof(create));
	create.config = *wanted;
	create.config.flags = 0;
	create.start = image->image.start;
	memcpy(create.pci, image->image.pci, sizeof(create.pci));
	status = bh_call(&bh->device, &call);
	*made = (struct bh_partition){.id = (uint32_t)call.result};
	made->is = (struct manage_partition){
		.config = *wanted, .is_created = 1, .state = MANAGE_CLEARING};
	return status == MANAGE_OK ? BH_OK : bh_explain(bh, what, wanted, status);
}

/* When nothing is measured any more: a terminal is slow. */
static void print_stages(struct bh *bh, const char *name, const struct stages *stages)
{
	if ((bh->options.given & OPTION_VERBOSE) == 0) {
		return;
	}
	fprintf(bh->out,
		"%s: created %.3f ms, zeroed %.3f ms, loaded %.3f ms; prepared before in %.3f ms\n",
		name, bh_milliseconds(bh, stages->prepared, stages->created),
		bh_milliseconds(bh, stages->created, stages->zeroed),
		bh_milliseconds(bh, stages->zeroed, stages->loaded),
		bh_milliseconds(bh, bh->began, stages->prepared));
	bh_print_start(bh, name, &stages->start);
}

/* Made, zeroed, loaded. What fails behind its creation removes it. */
static int fill(struct bh *bh, const char *what, const struct config_partition *wanted,
		const struct bh_image *image, struct bh_partition *made, struct stages *stages)
{
	uint64_t first = bh_event_next(bh);
	int result = make(bh, what, wanted, image, made);

	stages->created = bh_tsc();
	if (result != BH_OK) {
		return result;
	}
	if (bh_wait_event(bh, first, MANAGE_EVENT_CREATED, made, PATIENCE) == 0) {
		return bh_fail(bh, BH_FAILED,
			       "partition %s: its memory is not zeroed after %.0f s; see `bh log`",
			       wanted->name, PATIENCE);
	}
	made->is.state = MANAGE_STOPPED;
	stages->zeroed = bh_tsc();
	result = bh_image_load(bh, image, wanted->name, made->id);
	stages->loaded = bh_tsc();
	if (result != BH_OK && bh_order(&bh->device, MANAGE_DESTROY, made->id) == MANAGE_OK) {
		(void)bh_wait_gone(bh, made, PATIENCE);
	}
	return result;
}

int bh_make(struct bh *bh, const char *what, const struct bh_config *config, uint32_t index,
	    const struct bh_image *image, bool is_started)
{
	const struct config_partition *wanted = &config->parsed.config.partitions[index];
	struct stages stages = {.prepared = bh_tsc()};
	struct bh_partition made;
	int result = fill(bh, what, wanted, image, &made, &stages);
	int kept;

	if (result != BH_OK) {
		return result;
	}
	if (is_started) {
		result = bh_start_one(bh, &made, &stages.start);
	}
	kept = bh_keep(bh, config, index, image); /* behind what is waited for */
	print_stages(bh, wanted->name, &stages);
	return result == BH_OK ? kept : result;
}

static int create_one(struct bh *bh, const struct bh_config *config, uint32_t index)
{
	const struct config_partition *wanted = &config->parsed.config.partitions[index];
	bool is_started = (wanted->flags & CONFIG_PARTITION_AUTOSTART) != 0 &&
			  (bh->options.given & OPTION_NO_START) == 0;
	struct bh_image image;
	int result = bh_image_build(bh, config, index, &image);

	if (result == BH_OK) {
		result = bh_make(bh, "create", config, index, &image, is_started);
		bh_image_drop(&image);
	}
	return result;
}

/* Calls for the sections that are named, or for all. */
static int each(struct bh *bh, const struct bh_config *config,
		int (*act)(struct bh *bh, const struct bh_config *config, uint32_t index))
{
	int result = BH_OK;

	for (uint32_t i = 0; result == BH_OK && i < bh->options.name_count; i++) {
		uint32_t index = bh_config_index(config, bh->options.names[i]);

		result = index < CONFIG_PARTITION_MAX
				 ? act(bh, config, index)
				 : bh_fail(bh, BH_NO_PARTITION,
					   "partition %.40s: %s has no such section; see the file",
					   bh->options.names[i], config->path);
	}
	for (uint32_t i = 0; result == BH_OK && bh->options.name_count == 0 &&
			     i < config->parsed.config.partition_count;
	     i++) {
		result = act(bh, config, i);
	}
	return result;
}

int bh_create(struct bh *bh)
{
	static struct bh_config config;
	int result;

	if (bh->options.file == NULL) {
		return bh_fail(bh, BH_USAGE, "create: no file; usage: bh create -f FILE [NAME...]");
	}
	result = bh_config_read(bh, &config, bh->options.file);
	if (result != BH_OK) {
		return result;
	}
	result = each(bh, &config, bh_config_allowed);
	result = result == BH_OK ? each(bh, &config, create_one) : result;
	bh_config_drop(&config);
	return result;
}

static int check_one(struct bh *bh, const struct bh_config *config, uint32_t index)
{
	const struct config_partition *wanted = &config->parsed.config.partitions[index];
	int result = bh_config_allowed(bh, config, index);
	struct bh_image image;
	char cpus[64];

	result = result == BH_OK ? bh_image_build(bh, config, index, &image) : result;
	if (result == BH_OK) {
		bh_image_drop(&image);
		fprintf(bh->out, "partition %s: %llu MiB, CPUs %s: its files are there and fit\n",
			wanted->name, (unsigned long long)(wanted->memory >> 20),
			words_cpus(cpus, sizeof(cpus), wanted->cpus));
	}
	return result;
}

int bh_check_config(struct bh *bh)
{
	static struct bh_config config;
	const char *path = bh->options.names[0];
	int result;

	bh->options.name_count = 0; /* all sections */
	result = bh_config_read(bh, &config, path);
	if (result == BH_OK) {
		result = each(bh, &config, check_one);
		bh_config_drop(&config);
	}
	return result;
}
