/* SPDX-License-Identifier: Apache-2.0 */
/* Loads every distinct file that partitions name, once, into one 2 MiB aligned block; disks behind.
 */
#include "addr.h"
#include "console.h"
#include "esp.h"
#include "fmt.h"
#include "image.h"
#include "loader.h"
#include "str.h"

#define MODULE_SIZE_MAX (UINT64_C(1) << 32)

static bool is_same(const struct loader *loader, struct config_span left, struct config_span right)
{
	return left.length == right.length &&
	       memcmp(loader->config_text + left.offset, loader->config_text + right.offset,
		      left.length) == 0;
}

static uint32_t name_module(struct loader *loader, struct config_span name, uint32_t line,
			    bool is_disk)
{
	if (name.length == 0) {
		return CONFIG_FILE_NONE;
	}
	for (uint32_t i = 0; i < loader->module_count && !is_disk; i++) {
		if (!loader->modules[i].is_disk && is_same(loader, loader->modules[i].name, name)) {
			return i;
		}
	}
	loader->modules[loader->module_count] =
		(struct loader_module){.name = name, .line = line, .is_disk = is_disk};
	return loader->module_count++;
}

/* In bare-metal mode only one partition's files are wanted. */
static void name_modules(struct loader *loader)
{
	for (uint32_t i = 0; i < loader->file.config.partition_count; i++) {
		struct config_source *source = &loader->file.sources[i];

		if (loader->file.mode == CONFIG_MODE_BARE_METAL &&
		    source != bare_metal_source(&loader->file)) {
			continue;
		}
		source->kernel_module =
			name_module(loader, source->kernel, source->kernel_line, false);
		source->initrd_module =
			name_module(loader, source->initrd, source->initrd_line, false);
		if (loader->file.mode != CONFIG_MODE_BARE_METAL) {
			source->disk_module =
				name_module(loader, source->disk, source->disk_line, true);
		}
	}
}

/* Paths are relative to the configuration file's folder. */
static void make_path(const struct loader *loader, struct config_span name, CHAR16 *path)
{
	unsigned int length = 0;

	for (unsigned int i = 0; loader->config_path[i] != 0; i++) {
		length = loader->config_path[i] == '\\' ? i + 1 : length;
	}
	memcpy(path, loader->config_path, length * sizeof(*path));
	for (uint32_t i = 0; i < name.length; i++) {
		char c = loader->config_text[name.offset + i];

		path[length++] = (CHAR16)(c == '/' ? '\\' : c);
	}
	path[length] = 0;
}

static enum hv_status complain(const struct loader *loader, const struct loader_module *module,
			       const char *what)
{
	char message[160];

	fmt_print(message, sizeof(message), "file `%.*s` %s", config_shown_path(module->name),
		  loader->config_text + module->name.offset, what);
	config_complain(loader, module->line, message);
	return HV_INVALID;
}

static enum hv_status open_module(const struct loader *loader, struct loader_module *module,
				  EFI_FILE_HANDLE *file)
{
	CHAR16 path[LOADER_PATH_MAX + 256];
	enum hv_status status;

	make_path(loader, module->name, path);
	status = esp_open(loader->root, path, file, &module->place.size);
	if (status != HV_OK) {
		return complain(loader, module,
				status == HV_NOT_FOUND ? "is not there" : "cannot be opened");
	}
	if (module->place.size == 0 || module->place.size > MODULE_SIZE_MAX) {
		(*file)->Close(*file);
		return complain(loader, module,
				module->place.size == 0 ? "is empty" : "is larger than 4 GiB");
	}
	if (module->is_disk && module->place.size % LOADER_SECTOR_SIZE != 0) {
		(*file)->Close(*file);
		return complain(loader, module, "is no disk: not a multiple of 512 bytes");
	}
	return HV_OK;
}

/* First pass: sizes, so that one block can be asked for. */
static enum hv_status measure(struct loader *loader)
{
	EFI_FILE_HANDLE file;

	for (uint32_t i = 0; i < loader->module_count; i++) {
		if (open_module(loader, &loader->modules[i], &file) != HV_OK) {
			return HV_INVALID;
		}
		file->Close(file);
		*(loader->modules[i].is_disk ? &loader->disks_size : &loader->modules_size) +=
			align_up(loader->modules[i].place.size, PAGE_SIZE);
	}
	loader->blobs_base = loader->modules_size; /* an offset until the block is allocated */
	loader->modules_size += loader->file.config.partition_count * IMAGE_BLOB_SIZE;
	loader->modules_size = align_up(loader->modules_size, FRAME_SIZE);
	return HV_OK;
}

static enum hv_status read_all(struct loader *loader)
{
	uint64_t modules_next = loader->modules_base;
	uint64_t disks_next = loader->modules_base + loader->modules_size;
	uint64_t expected;
	EFI_FILE_HANDLE file;

	for (uint32_t i = 0; i < loader->module_count; i++) {
		struct loader_module *module = &loader->modules[i];
		uint64_t *next = module->is_disk ? &disks_next : &modules_next;

		expected = module->place.size;
		if (open_module(loader, module, &file) != HV_OK) {
			return HV_INVALID;
		}
		if (module->place.size != expected ||
		    esp_read(file, (void *)*next, module->place.size) != HV_OK) {
			return complain(loader, module, "cannot be read");
		}
		module->place.base = *next;
		*next += align_up(module->place.size, PAGE_SIZE);
	}
	return HV_OK;
}

enum hv_status modules_load(struct loader *loader)
{
	name_modules(loader);
	if (measure(loader) != HV_OK) {
		return HV_INVALID;
	}
	if (leave_allocate(loader, loader->modules_size + loader->disks_size, FRAME_SIZE,
			   EfiLoaderData, &loader->modules_base) != HV_OK) {
		console_print(
			"bulkhead: kernels, initrds and disks need %llu MiB of RAM in one piece",
			(unsigned long long)((loader->modules_size + loader->disks_size) >> 20));
		return HV_NO_MEMORY;
	}
	loader->blobs_base += loader->modules_base;
	memset((void *)loader->blobs_base, 0,
	       loader->file.config.partition_count * IMAGE_BLOB_SIZE);
	return read_all(loader);
}
