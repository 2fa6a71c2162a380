/* SPDX-License-Identifier: Apache-2.0 */
/* A partition's memory at its start: made by the loader's code, loaded through the window. */
#include "bh_image.h"

#include "bh_words.h"
#include "bits.h"
#include "image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_EVERY 0.1 /* seconds */
#define ZEROS_UNIT     4096u

static int map_one(struct bh *bh, const struct bh_config *config, struct config_span name,
		   uint32_t line, struct bh_file *file)
{
	char path[sizeof(config->folder) + CONFIG_PATH_MAX + 2];

	snprintf(path, sizeof(path), "%s/%.*s", config->folder, (int)name.length,
		 (const char *)config->text.bytes + name.offset);
	for (char *at = path; *at != '\0'; at++) {
		*at = *at == '\\' ? '/' : *at; /* as the loader takes it */
	}
	if (bh_file_map(path, file)) {
		return BH_OK;
	}
	return bh_fail(bh, BH_FAILED,
		       "%s:%u: cannot read %s: %s; paths are relative to the "
		       "configuration file",
		       config->path, line, path,
		       errno == EINVAL ? "it is no file with anything in it" : strerror(errno));
}

static int build(struct bh *bh, const struct bh_config *config, uint32_t index,
		 struct bh_image *image)
{
	const struct config_partition *partition = &config->parsed.config.partitions[index];
	const struct config_source *source = &config->parsed.sources[index];
	const char *why = "";
	struct image_input input = {
		.memory_size = partition->memory,
		.cpu_count = bit_count(partition->cpus),
		.devices = partition->devices,
		.disk_sectors = source->disk_sectors,
		.cmdline = (const char *)config->text.bytes + source->cmdline.offset,
		.cmdline_size = source->cmdline.length,
		.kernel = image->kernel.bytes,
		.kernel_size = image->kernel.size,
		.kernel_at = (uintptr_t)image->kernel.bytes,
		.initrd_at = (uintptr_t)image->initrd.bytes,
		.initrd_size = image->initrd.size,
		.blob = image->blob,
		.blob_at = (uintptr_t)image->blob,
	};
	enum hv_status status = image_build(&input, &image->image, &why);

	if (status == HV_OK) {
		return BH_OK;
	}
	return bh_fail(bh, BH_FAILED, "%s:%u: file %.*s %s; %s", config->path,
		       status == HV_NO_MEMORY ? source->memory_line : source->kernel_line,
		       (int)source->kernel.length,
		       (const char *)config->text.bytes + source->kernel.offset, why,
		       status == HV_NO_MEMORY ? "change `memory`" : "name another kernel");
}

int bh_image_build(struct bh *bh, const struct bh_config *config, uint32_t index,
		   struct bh_image *image)
{
	const struct config_source *source = &config->parsed.sources[index];
	int result;

	*image = (struct bh_image){.blob = calloc(1, IMAGE_BLOB_SIZE)};
	if (image->blob == NULL) {
		return bh_fail(bh, BH_FAILED, "no memory is left here; stop something");
	}
	result = map_one(bh, config, source->kernel, source->kernel_line, &image->kernel);
	if (result == BH_OK && source->initrd.length > 0) {
		result = map_one(bh, config, source->initrd, source->initrd_line, &image->initrd);
	}
	result = result == BH_OK ? build(bh, config, index, image) : result;
	if (result != BH_OK) {
		bh_image_drop(image);
	}
	return result;
}

void bh_image_drop(struct bh_image *image)
{
	bh_file_unmap(&image->kernel);
	bh_file_unmap(&image->initrd);
	free(image->blob);
	image->blob = NULL;
}

struct progress {
	uint64_t total;
	uint64_t done;
	double start;
	double shown; /* when; 0: never */
};

static void show(struct bh *bh, struct progress *progress, const char *name)
{
	double now = bh_seconds();

	if (bh->shows_progress && now - progress->start > BH_PROGRESS_AFTER &&
	    now - progress->shown > PROGRESS_EVERY) {
		fprintf(bh->errors, "\r%s: loading, %3u %%", name,
			(unsigned int)(progress->done * 100 / progress->total));
		fflush(bh->errors);
		progress->shown = now;
	}
}

static bool is_zeros(const uint8_t *bytes, uint64_t size)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* What has to be sent of `size` bytes: RAM that is to be loaded is zeros. */
static struct bh_file without_zeros(const uint8_t *bytes, uint64_t size)
{
	uint64_t start = 0;

	while (size - start >= ZEROS_UNIT && is_zeros(bytes + start, ZEROS_UNIT)) {
		start += ZEROS_UNIT;
	}
	while (size - start >= ZEROS_UNIT && is_zeros(bytes + size - ZEROS_UNIT, ZEROS_UNIT)) {
		size -= ZEROS_UNIT;
	}
	return (struct bh_file){.bytes = bytes + start, .size = size - start};
}

int bh_image_load(struct bh *bh, const struct bh_image *image, const char *name, uint32_t id)
{
	struct progress progress = {.start = bh_seconds()};
	uint32_t status = MANAGE_OK;

	for (uint32_t i = 0; i < image->image.piece_count; i++) {
		progress.total += image->image.pieces[i].size;
	}
	for (uint32_t i = 0; status == MANAGE_OK && i < image->image.piece_count; i++) {
		const struct boot_piece *piece = &image->image.pieces[i];

		for (uint64_t at = 0; status == MANAGE_OK && at < piece->size;) {
			uint64_t size = min_u64(MANAGE_DATA_SIZE, piece->size - at);
			const uint8_t *source = (const uint8_t *)(uintptr_t)piece->source;
			struct bh_file part = without_zeros(source + at, size);
			struct bh_call call = {
				.opcode = MANAGE_LOAD,
				.id = id,
				.argument = piece->guest + (uint64_t)(part.bytes - source),
				.send = part.bytes,
				.send_size = (uint32_t)part.size,
			};

			status = part.size > 0 ? bh_call(&bh->device, &call) : MANAGE_OK;
			at += size;
			progress.done += size;
			show(bh, &progress, name);
		}
	}
	if (progress.shown > 0) {
		fputs("\r\033[K", bh->errors);
	}
	return status == MANAGE_OK ? BH_OK : bh_refused(bh, "load", name, status);
}

/* FNV-1a of what the hypervisor was told at creation and is not told again. */
uint64_t bh_image_mark(const struct bh_image *image)
{
	const uint8_t *parts[] = {(const uint8_t *)&image->image.start,
				  (const uint8_t *)image->image.pci};
	const size_t sizes[] = {sizeof(image->image.start), sizeof(image->image.pci)};
	uint64_t mark = UINT64_C(0xcbf29ce484222325);

	for (uint32_t part = 0; part < ARRAY_COUNT(parts); part++) {
		for (size_t i = 0; i < sizes[part]; i++) {
			mark = (mark ^ parts[part][i]) * UINT64_C(0x100000001b3);
		}
	}
	return mark;
}

int bh_reload(struct bh *bh, const struct bh_partition *partition)
{
	const char *name = partition->is.config.name;
	struct bh_config config;
	struct bh_image image;
	char path[512];
	uint32_t index;
	int result;

	bh_kept_path(bh, name, path);
	if (access(path, F_OK) != 0) { /* made by another, or before this system's start */
		return bh_fail(bh, BH_FAILED,
			       "partition %s: its memory is empty, and what it was created from is "
			       "not kept; `bh rm %s`, then `bh create`",
			       name, name);
	}
	result = bh_config_read(bh, &config, path);
	if (result != BH_OK) {
		return result;
	}
	index = bh_config_index(&config, name);
	if (index == CONFIG_PARTITION_MAX) {
		result = bh_fail(bh, BH_FAILED,
				 "%s: no partition %s in it; `bh rm %s`, then "
				 "`bh create`",
				 path, name, name);
	} else {
		result = bh_image_build(bh, &config, index, &image);
	}
	if (result == BH_OK) {
		result = bh_config_mark(&config) == bh_image_mark(&image)
				 ? bh_image_load(bh, &image, name, partition->id)
				 : bh_fail(bh, BH_FAILED,
					   "partition %s: its kernel has become another one since "
					   "it "
					   "was created; `bh rm %s`, then `bh create`",
					   name, name);
		bh_image_drop(&image);
	}
	bh_config_drop(&config);
	return result;
}
