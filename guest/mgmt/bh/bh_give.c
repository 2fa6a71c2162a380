/* SPDX-License-Identifier: Apache-2.0 */
/* bh give, take: a partition's CPUs and RAM change. */
#include "bh_image.h"
#include "bh_words.h"

#include "bits.h"
#include "config_parse.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE   10.0 /* seconds */
#define POLL       0.001
#define WAITS_SIPI 1u /* enum vcpu_state of hv/vcpu.h, in manage_vcpu.state */

struct change {
	struct bh *bh;
	struct bh_partition partition;
	uint64_t cpus; /* wanted, or to go */
	uint64_t memory;
	bool is_give;
	const char *verb; /* with its preposition: how the messages begin */
	const char *to;
};

static const char *name_of(const struct change *change)
{
	return change->partition.is.config.name;
}

/* --- the partition that bh works in: CPUs, while it runs ----------------------------------------
 */

static bool set_online(const struct change *change, uint32_t index, const char *value)
{
	char path[256];
	FILE *file;
	bool is_done;

	snprintf(path, sizeof(path), "%s/cpu%u/online", change->bh->cpus, index);
	file = fopen(path, "we");
	if (file == NULL) {
		return false;
	}
	is_done = fputs(value, file) >= 0;
	return fclose(file) == 0 && is_done;
}

static bool look_at(const struct change *change, uint32_t index, struct manage_vcpu *vcpu)
{
	struct bh_call call = {.opcode = MANAGE_VCPU,
			       .id = change->partition.id,
			       .argument = index,
			       .receive = vcpu,
			       .receive_size = sizeof(*vcpu)};

	return bh_call(&change->bh->device, &call) == MANAGE_OK;
}

/* The vCPU that has, or had, this CPU; its number is that of its kernel's CPU. */
static uint32_t vcpu_of(const struct change *change, uint32_t cpu)
{
	struct manage_vcpu vcpu;

	for (uint32_t i = 0; i < change->partition.is.vcpu_count; i++) {
		if (look_at(change, i, &vcpu) && vcpu.cpu == cpu) {
			return i;
		}
	}
	return UINT32_MAX;
}

static uint32_t order(const struct change *change, uint32_t index)
{
	struct bh_call call = {.opcode = change->is_give ? MANAGE_GIVE_CPU : MANAGE_TAKE_CPU,
			       .id = change->partition.id,
			       .argument = index};

	return bh_call(&change->bh->device, &call);
}

/* Given: it waits for its kernel. Taken: it is free. */
static bool wait_for(const struct change *change, uint32_t cpu, uint32_t index)
{
	double end = bh_seconds() + PATIENCE;
	struct manage_info info;
	struct manage_vcpu vcpu;

	while (bh_seconds() < end && bh_get_info(change->bh, &info) == BH_OK) {
		bool is_done = change->is_give
				       ? look_at(change, index, &vcpu) && vcpu.state == WAITS_SIPI
				       : (info.cpus_free & BIT(cpu)) != 0;

		if (is_done) {
			return true;
		}
		bh_sleep(POLL);
	}
	return false;
}

static int take_one(const struct change *change, uint32_t cpu, uint32_t index)
{
	uint32_t status;

	if (!set_online(change, index, "0")) {
		return bh_fail(change->bh, BH_FAILED,
			       "cannot take CPU %u from partition %s: its kernel does not put it "
			       "offline: %s",
			       cpu, name_of(change), strerror(errno));
	}
	status = order(change, index);
	if (status == MANAGE_OK && wait_for(change, cpu, index)) {
		return BH_OK;
	}
	(void)set_online(change, index, "1");
	return bh_fail(change->bh, BH_FAILED, "cannot take CPU %u from partition %s: %s", cpu,
		       name_of(change),
		       status == MANAGE_OK ? "it does not leave; see `bh log`"
					   : words_status(status));
}

static int give_one(const struct change *change, uint32_t cpu, uint32_t index)
{
	uint32_t status = order(change, index);

	if (status != MANAGE_OK) {
		struct config_partition more = change->partition.is.config;

		more.cpus = BIT(cpu);
		return bh_explain(change->bh, "change", &more, status);
	}
	if (!wait_for(change, cpu, index) || !set_online(change, index, "1")) {
		return bh_fail(change->bh, BH_FAILED,
			       "partition %s has CPU %u again, but its kernel does not put it "
			       "online: %s; try `echo 1 >%s/cpu%u/online`",
			       name_of(change), cpu, strerror(errno), change->bh->cpus, index);
	}
	return BH_OK;
}

static int lend(const struct change *change)
{
	int result = BH_OK;

	if (change->memory != 0) {
		return bh_fail(change->bh, BH_FAILED,
			       "cannot %s memory %s partition %s: devices reach its RAM, which "
			       "stays where it is; change `memory` in bulkhead.conf and boot again",
			       change->verb, change->to, name_of(change));
	}
	for (uint32_t cpu = 0; cpu < CONFIG_CPU_MAX && result == BH_OK; cpu++) {
		uint32_t index;

		if ((change->cpus & BIT(cpu)) == 0) {
			continue;
		}
		index = vcpu_of(change, cpu);
		if (index == 0 || index == UINT32_MAX) {
			return bh_fail(change->bh, BH_FAILED,
				       "cannot %s CPU %u %s partition %s: %s", change->verb, cpu,
				       change->to, name_of(change),
				       index == 0 ? "its kernel cannot do without its boot CPU"
						  : "it was not among its CPUs at boot");
		}
		result = change->is_give ? give_one(change, cpu, index)
					 : take_one(change, cpu, index);
	}
	return result;
}

/* --- a partition that bh created: it is made anew -----------------------------------------------
 */

static int check_free(const struct change *change)
{
	struct config_partition more = change->partition.is.config;
	struct manage_info info;
	int result = bh_get_info(change->bh, &info);

	more.cpus = change->cpus;
	more.memory = change->memory;
	if (result == BH_OK && (more.cpus & ~info.cpus_free) != 0) {
		return bh_explain(change->bh, "change", &more, MANAGE_NO_CPU);
	}
	if (result == BH_OK && more.memory > info.memory_free) {
		return bh_explain(change->bh, "change", &more, MANAGE_NO_MEMORY);
	}
	return result;
}

/* What it will have. Prints what is wrong. */
static int new_config(const struct change *change, struct config_partition *config)
{
	const struct config_partition *is = &change->partition.is.config;
	const char *name = is->name;

	if (change->is_give) {
		config->cpus = is->cpus | change->cpus;
		config->memory = is->memory + change->memory;
		return check_free(change);
	}
	if (change->cpus == is->cpus) {
		return bh_fail(change->bh, BH_FAILED,
			       "cannot take all CPUs from partition %s; `bh rm %s` removes it",
			       name, name);
	}
	if (change->memory + CONFIG_MEMORY_MIN > is->memory) {
		return bh_fail(change->bh, BH_FAILED,
			       "cannot take %llu MiB from partition %s: it has %llu MiB, and "
			       "keeps 4 MiB at least",
			       (unsigned long long)(change->memory >> 20), name,
			       (unsigned long long)(is->memory >> 20));
	}
	config->cpus = is->cpus & ~change->cpus;
	config->memory = is->memory - change->memory;
	return BH_OK;
}

/* From here on there is no partition, until there is the new one, or the old one again. */
static int exchange(const struct change *change, struct bh_config *config, uint32_t index,
		    const struct bh_image *image)
{
	struct config_partition *wanted = &config->parsed.config.partitions[index];
	struct bh *bh = change->bh;
	struct bh_partition made = change->partition;
	struct bh_image old;
	int result;

	if (bh_order(&bh->device, MANAGE_DESTROY, made.id) != MANAGE_OK ||
	    !bh_wait_gone(bh, &made, PATIENCE)) {
		return bh_fail(bh, BH_FAILED, "cannot change partition %s: it is not stopped",
			       name_of(change));
	}
	result = bh_make(bh, "change", config, index, image, false);
	if (result == BH_OK ||
	    (bh_look(bh, &made) && strcmp(made.is.config.name, name_of(change)) == 0)) {
		return result; /* there it is, if not kept */
	}
	wanted->cpus = change->partition.is.config.cpus;
	wanted->memory = change->partition.is.config.memory;
	if (bh_image_build(bh, config, index, &old) == BH_OK) {
		if (bh_make(bh, "restore", config, index, &old, false) == BH_OK) {
			(void)bh_fail(bh, result, "partition %s is as it was", wanted->name);
		}
		bh_image_drop(&old);
	}
	return result;
}

/* Nobody takes what is free meanwhile, and no signal ends it in between. */
static int exchange_alone(const struct change *change, struct bh_config *config, uint32_t index,
			  const struct bh_image *image)
{
	sigset_t before;
	sigset_t all;
	int result;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	bh_hold(&change->bh->device);
	result = change->is_give ? check_free(change) : BH_OK;
	result = result == BH_OK ? exchange(change, config, index, image) : result;
	bh_let_go(&change->bh->device);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}

static int remake(const struct change *change)
{
	static struct bh_config config;
	struct bh *bh = change->bh;
	struct bh_image image;
	char path[512];
	uint32_t index;
	int result;

	if (change->partition.is.state != MANAGE_STOPPED) {
		return bh_fail(bh, BH_FAILED,
			       "cannot change partition %s: it is %s; `bh stop %s` first, for its "
			       "kernel learns of its CPUs and memory when it starts",
			       name_of(change), words_state(change->partition.is.state),
			       name_of(change));
	}
	bh_kept_path(bh, name_of(change), path);
	result = bh_config_read(bh, &config, path);
	if (result != BH_OK) {
		return result;
	}
	index = bh_config_index(&config, name_of(change));
	if (index == CONFIG_PARTITION_MAX) {
		result = bh_fail(bh, BH_FAILED, "%s: no partition %s in it", path, name_of(change));
	}
	result = result == BH_OK ? new_config(change, &config.parsed.config.partitions[index])
				 : result;
	result = result == BH_OK ? bh_image_build(bh, &config, index, &image) : result;
	if (result == BH_OK) {
		result = exchange_alone(change, &config, index, &image);
		bh_image_drop(&image);
	}
	bh_config_drop(&config);
	return result;
}

/* --- both --------------------------------------------------------------------------------------
 */

/* A CPU that it has already, or has not. */
static int check_cpus(const struct change *change)
{
	uint64_t has = change->partition.is.config.cpus;
	uint64_t odd = change->cpus & (change->is_give ? has : ~has);

	return odd == 0 ? BH_OK
			: bh_fail(change->bh, BH_FAILED, "cannot %s CPU %u %s partition %s: it %s",
				  change->verb, (uint32_t)__builtin_ctzll(odd), change->to,
				  name_of(change),
				  change->is_give ? "has it already"
						  : "does not have it; see `bh ls`");
}

static int apply(struct bh *bh, bool is_give)
{
	struct change change = {.bh = bh,
				.cpus = bh->options.cpus,
				.memory = bh->options.memory,
				.is_give = is_give,
				.verb = is_give ? "give" : "take",
				.to = is_give ? "to" : "from"};
	int result;

	if ((bh->options.given & (OPTION_CPU | OPTION_MEMORY | OPTION_PCI)) == 0) {
		return bh_fail(bh, BH_USAGE,
			       "%s: what? usage: bh %s NAME [--cpu N] [--memory SIZE]", change.verb,
			       change.verb);
	}
	result = bh_find(bh, bh->options.names[0], &change.partition);
	if (result == BH_OK && bh->options.pci != NULL) {
		return bh_fail(bh, BH_FAILED, "cannot %s PCI function %.20s %s partition %s: %s",
			       change.verb, bh->options.pci, change.to, name_of(&change),
			       words_status(MANAGE_NEEDS_IOMMU));
	}
	result = result == BH_OK ? check_cpus(&change) : result;
	if (result != BH_OK) {
		return result;
	}
	if ((change.partition.is.config.flags & CONFIG_PARTITION_MANAGEMENT) != 0) {
		return lend(&change);
	}
	return change.partition.is.is_created != 0 ? remake(&change)
						   : bh_fail(bh, BH_FAILED,
							     "cannot change partition %s: it is "
							     "one of bulkhead.conf; change it "
							     "there and boot again",
							     name_of(&change));
}

int bh_give(struct bh *bh)
{
	return apply(bh, true);
}

int bh_take(struct bh *bh)
{
	return apply(bh, false);
}
