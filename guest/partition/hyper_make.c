/* SPDX-License-Identifier: Apache-2.0 */
/* A partition from a wish: CPUs that are free, the kernel and the container's files in its RAM. */
#include "hyper.h"

#include "bh_image.h"
#include "bh_words.h"
#include "frame.h"
#include "image.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE 60.0
#define ATTEMPTS 4u /* others take CPUs meanwhile */
/* An address that no piece of a file has: the initramfs is made while it is loaded. */
#define INITRD_AT (UINT64_C(1) << 60)
/* The initcall looks up each of ftrace's 37,697 places by name, for tracefs to leave weak functions
 * out: an eighth of the start. */
#define CMDLINE                                                                                    \
	"console=ttyS0 quiet panic=-1 cryptomgr.notests 8250.nr_uarts=1 "                          \
	"initcall_blacklist=ftrace_check_for_weak_functions"

static bool map_file(struct hyper *hyper, const char *path, struct bh_file *file)
{
	int handle = open(path, O_RDONLY | O_CLOEXEC);
	struct stat is;
	void *bytes = MAP_FAILED;

	if (handle >= 0 && fstat(handle, &is) == 0 && S_ISREG(is.st_mode) && is.st_size > 0) {
		bytes = mmap(NULL, (size_t)is.st_size, PROT_READ, MAP_PRIVATE, handle, 0);
	}
	file_close(handle);
	if (bytes == MAP_FAILED) {
		bh_fail(&hyper->bh, BH_FAILED,
			"cannot read %s: %s; the management image has it, or annotation "
			"bulkhead.kernel names "
			"another kernel",
			path, strerror(errno));
		return false;
	}
	*file = (struct bh_file){.bytes = bytes, .size = (size_t)is.st_size};
	return true;
}

static void unmap_file(struct bh_file *file)
{
	if (file->bytes != NULL) {
		munmap((void *)(uintptr_t)file->bytes, file->size);
	}
}

/* The lowest CPUs that are free, or those asked for; false: there are not so many. */
static bool choose_cpus(struct hyper *hyper, const struct resources *limits, uint64_t *cpus)
{
	struct manage_info info;
	char free_cpus[64];
	uint64_t left;

	if (bh_get_info(&hyper->bh, &info) != BH_OK) {
		return false;
	}
	left = info.cpus_free;
	words_cpus(free_cpus, sizeof(free_cpus), left);
	if ((limits->cpus & ~left) != 0) {
		bh_fail(&hyper->bh, BH_FAILED,
			"cannot create partition: not all of the CPUs it is to have are free; "
			"free: %s",
			free_cpus);
		return false;
	}
	*cpus = limits->cpus;
	if (limits->cpus != 0) {
		return true;
	}
	for (uint32_t i = 0; i < limits->cpu_count; i++) {
		if (left == 0) {
			bh_fail(&hyper->bh, BH_FAILED,
				"cannot create partition: %u CPU%s asked for, free: %s; remove a "
				"partition, or "
				"`bh take mgmt --cpu N` lends one of the management partition's",
				limits->cpu_count, limits->cpu_count == 1 ? "" : "s", free_cpus);
			return false;
		}
		*cpus |= left & -left;
		left &= left - 1;
	}
	return true;
}

static bool why_not(struct hyper *hyper, const struct config_partition *config, uint32_t status)
{
	struct manage_info info;

	if (bh_get_info(&hyper->bh, &info) != BH_OK) {
		return false;
	}
	if (status == MANAGE_NO_MEMORY && config->memory > info.memory_free) {
		bh_fail(&hyper->bh, BH_FAILED,
			"cannot create partition %s: %" PRIu64 " MiB asked for, %" PRIu64
			" MiB free; ask for less, or remove a partition",
			config->name, config->memory >> 20, info.memory_free >> 20);
	} else if (status == MANAGE_NO_MEMORY) {
		bh_fail(&hyper->bh, BH_FAILED,
			"cannot create partition %s: the hypervisor's own memory does not suffice, "
			"%" PRIu64 " KiB of it are free; remove a partition",
			config->name, (info.pool_total - info.pool_used) >> 10);
	} else if (status == MANAGE_BUSY) {
		bh_fail(&hyper->bh, BH_FAILED,
			"cannot create partition %s: there is one of this name; give the container "
			"another name",
			config->name);
	} else {
		bh_refused(&hyper->bh, "create", config->name, status);
	}
	return false;
}

static bool create(struct hyper *hyper, const struct hyper_wish *wish,
		   struct config_partition *config, struct boot_image *image)
{
	static struct manage_create wanted;
	struct bh_call call = {
		.opcode = MANAGE_CREATE, .send = &wanted, .send_size = sizeof(wanted)};
	uint32_t status = MANAGE_NO_CPU;

	wanted.start = image->start;
	memcpy(wanted.pci, image->pci, sizeof(wanted.pci));
	hyper->first_event = bh_event_next(&hyper->bh);
	hyper->watched = hyper->first_event;
	for (uint32_t i = 0; i < ATTEMPTS && status == MANAGE_NO_CPU; i++) {
		if (!choose_cpus(hyper, &wish->limits, &config->cpus)) {
			return false;
		}
		wanted.config = *config;
		status = bh_call(&hyper->bh.device, &call);
	}
	if (status != MANAGE_OK) {
		return why_not(hyper, config, status);
	}
	hyper->tsc[STAGE_CREATED] = bh_tsc();
	hyper->partition = (struct bh_partition){.id = (uint32_t)call.result};
	hyper->partition.is.config = *config;
	hyper->is_made = true;
	if (bh_wait_event(&hyper->bh, hyper->first_event, MANAGE_EVENT_CREATED, &hyper->partition,
			  PATIENCE) == 0) {
		bh_fail(&hyper->bh, BH_FAILED,
			"partition %s: its memory is not zeroed after %.0f s; see `bh log`",
			config->name, PATIENCE);
		return false;
	}
	hyper->tsc[STAGE_ZEROED] = bh_tsc();
	return true;
}

/* What goes into the partition's RAM, one behind another. */
struct load {
	struct hyper *hyper;
	uint64_t guest;
	uint32_t status;
	uint32_t count;
	uint8_t bytes[MANAGE_DATA_SIZE];
};

static bool flush(struct load *load)
{
	struct bh_call call = {.opcode = MANAGE_LOAD,
			       .id = load->hyper->partition.id,
			       .argument = load->guest,
			       .send = load->bytes,
			       .send_size = load->count};

	if (load->count > 0) {
		load->status = bh_call(&load->hyper->bh.device, &call);
		load->guest += load->count;
		load->count = 0;
	}
	return load->status == MANAGE_OK;
}

static bool put(void *context, const void *bytes, size_t size)
{
	struct load *load = context;
	const uint8_t *from = bytes;

	while (size > 0) {
		size_t piece = MANAGE_DATA_SIZE - load->count;

		piece = piece < size ? piece : size;
		memcpy(load->bytes + load->count, from, piece);
		load->count += (uint32_t)piece;
		from += piece;
		size -= piece;
		if (load->count == MANAGE_DATA_SIZE && !flush(load)) {
			return false;
		}
	}
	return true;
}

/* The agent's archive, then the container's files: the kernel takes several, each on a multiple
 * of 4. */
static bool load_initrd(struct load *load, const struct hyper_wish *wish,
			const struct bh_file *agent)
{
	static const uint8_t zeros[4];

	if (put(load, agent->bytes, agent->size) && put(load, zeros, -agent->size & 3) &&
	    tree_stream(wish->tree, put, load) && flush(load)) {
		return true;
	}
	if (load->status == MANAGE_OK) {
		bh_fail(&load->hyper->bh, BH_FAILED, "cannot read the container's files: %s",
			wish->tree->error);
	}
	return false;
}

static bool load_all(struct hyper *hyper, const struct hyper_wish *wish,
		     const struct boot_image *image, const struct bh_file *agent)
{
	static struct load load;
	bool is_ok = true;

	load.hyper = hyper;
	load.status = MANAGE_OK;
	load.count = 0;
	for (uint32_t i = 0; is_ok && i < image->piece_count; i++) {
		const struct boot_piece *piece = &image->pieces[i];

		load.guest = piece->guest;
		is_ok = piece->source == INITRD_AT
				? load_initrd(&load, wish, agent)
				: put(&load, (const void *)(uintptr_t)piece->source, piece->size) &&
					  flush(&load);
	}
	if (load.status != MANAGE_OK) {
		bh_refused(&hyper->bh, "load", hyper->partition.is.config.name, load.status);
	}
	hyper->tsc[STAGE_LOADED] = bh_tsc();
	return is_ok;
}

/* RAM: as asked for, or what the container's files need; false: what is asked for is too little. */
static bool choose_memory(struct hyper *hyper, const struct hyper_wish *wish, uint64_t initrd,
			  uint64_t *memory)
{
	uint64_t needed = resources_memory_for(initrd);

	*memory = wish->limits.memory != 0          ? wish->limits.memory
		  : needed > RESOURCES_MEMORY_USUAL ? needed
						    : RESOURCES_MEMORY_USUAL;
	if (*memory >= needed) {
		return true;
	}
	bh_fail(&hyper->bh, BH_FAILED,
		"cannot create partition %s: %" PRIu64 " MiB are too little for its files (%" PRIu64
		" MiB) and a kernel; give it %" PRIu64 " MiB",
		wish->name, *memory >> 20, (initrd + (1 << 20) - 1) >> 20, needed >> 20);
	return false;
}

static bool build_and_load(struct hyper *hyper, const struct hyper_wish *wish,
			   const struct bh_file files[2], uint8_t *blob)
{
	struct config_partition config = {.devices = CONFIG_DEVICE_SERVED0 |
						     (wish->has_network ? CONFIG_DEVICE_NET0 : 0)};
	uint64_t initrd = ((files[1].size + 3) & ~(size_t)3) + wish->tree->size;
	static struct boot_image image;
	const char *why = "";
	char cmdline[2048];
	struct image_input input = {
		.cpu_count = wish->limits.cpu_count,
		.devices = config.devices,
		.disk_sectors = FRAME_SECTORS,
		.cmdline = cmdline,
		.kernel = files[0].bytes,
		.kernel_size = files[0].size,
		.kernel_at = (uintptr_t)files[0].bytes,
		.initrd_at = INITRD_AT,
		.initrd_size = initrd,
		.blob = blob,
		.blob_at = (uintptr_t)blob,
	};

	if (!choose_memory(hyper, wish, initrd, &config.memory)) {
		return false;
	}
	strcpy(config.name, wish->name);
	input.memory_size = config.memory;
	snprintf(cmdline, sizeof(cmdline), "%s %s", CMDLINE, wish->cmdline);
	input.cmdline_size = (uint32_t)strlen(cmdline);
	if (image_build(&input, &image, &why) != HV_OK) {
		bh_fail(&hyper->bh, BH_FAILED,
			"cannot create partition %s: %s %s; give it more memory, or another kernel",
			wish->name, wish->kernel, why);
		return false;
	}
	return create(hyper, wish, &config, &image) && load_all(hyper, wish, &image, &files[1]);
}

bool hyper_make(struct hyper *hyper, const struct hyper_wish *wish)
{
	struct bh_file files[2] = {{.bytes = NULL}, {.bytes = NULL}};
	uint8_t *blob = calloc(1, IMAGE_BLOB_SIZE);
	bool is_ok = blob != NULL && map_file(hyper, wish->kernel, &files[0]) &&
		     map_file(hyper, wish->agent, &files[1]) &&
		     build_and_load(hyper, wish, files, blob);

	if (!is_ok) {
		hyper_end(hyper);
	}
	unmap_file(&files[0]);
	unmap_file(&files[1]);
	free(blob);
	return is_ok;
}
