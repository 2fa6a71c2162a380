/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files: read, checked against what can be made at run time, and kept. */
#include "bh_image.h"
#include "bh_words.h"
#include "guest_pci.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_LINE "# folder = "
#define MARK_LINE   "# start = "

bool bh_file_map(const char *path, struct bh_file *file)
{
	int handle = open(path, O_RDONLY | O_CLOEXEC);
	struct stat is;
	void *bytes = MAP_FAILED;

	*file = (struct bh_file){.bytes = NULL};
	if (handle < 0) {
		return false;
	}
	if (fstat(handle, &is) == 0 && S_ISREG(is.st_mode) && is.st_size > 0) {
		bytes = mmap(NULL, (size_t)is.st_size, PROT_READ, MAP_PRIVATE, handle, 0);
	} else {
		errno = EINVAL;
	}
	close(handle);
	if (bytes == MAP_FAILED) {
		return false;
	}
	*file = (struct bh_file){.bytes = bytes, .size = (size_t)is.st_size};
	return true;
}

void bh_file_unmap(struct bh_file *file)
{
	if (file->bytes != NULL) {
		munmap((void *)(uintptr_t)file->bytes, file->size);
	}
	file->bytes = NULL;
}

/* Of the file that it was, for a kept one; else where it lies. */
static bool set_folder(struct bh_config *config)
{
	const char *text = (const char *)config->text.bytes;
	const size_t length = strlen(FOLDER_LINE);
	char *end;

	if (config->text.size > length && memcmp(text, FOLDER_LINE, length) == 0) {
		size_t size = config->text.size - length;

		size = size < sizeof(config->folder) ? size : sizeof(config->folder) - 1;
		memcpy(config->folder, text + length, size);
		config->folder[size] = '\0';
		config->folder[strcspn(config->folder, "\n")] = '\0';
		return true;
	}
	end = realpath(config->path, NULL);
	if (end == NULL || strlen(end) >= sizeof(config->folder)) {
		free(end);
		return false;
	}
	strcpy(config->folder, end);
	free(end);
	end = strrchr(config->folder, '/');
	end[end == config->folder ? 1 : 0] = '\0';
	return true;
}

int bh_config_read(struct bh *bh, struct bh_config *config, const char *path)
{
	struct config_error error;

	*config = (struct bh_config){.path = path};
	if (!bh_file_map(path, &config->text)) {
		return bh_fail(bh, BH_FAILED, "cannot read %s: %s; give another file", path,
			       strerror(errno));
	}
	if (config_parse((const char *)config->text.bytes, config->text.size, &config->parsed,
			 &error) != HV_OK) {
		bh_config_drop(config);
		return bh_fail(bh, BH_FAILED, "%s:%u: %s; nothing was created", path, error.line,
			       error.message);
	}
	if (!set_folder(config)) {
		bh_config_drop(config);
		return bh_fail(bh, BH_FAILED, "%s: %s; give another file", path, strerror(errno));
	}
	return BH_OK;
}

uint64_t bh_config_mark(const struct bh_config *config)
{
	const char *text = (const char *)config->text.bytes;
	const char *line = memmem(text, config->text.size, "\n" MARK_LINE, strlen(MARK_LINE) + 1);
	const char *end = text + config->text.size;
	char digits[17] = "";

	if (line != NULL && end - line > (ptrdiff_t)(strlen(MARK_LINE) + sizeof(digits))) {
		memcpy(digits, line + 1 + strlen(MARK_LINE), sizeof(digits) - 1);
	}
	return strtoull(digits, NULL, 16);
}

void bh_config_drop(struct bh_config *config)
{
	bh_file_unmap(&config->text);
}

uint32_t bh_config_index(const struct bh_config *config, const char *name)
{
	for (uint32_t i = 0; i < config->parsed.config.partition_count; i++) {
		if (strcmp(config->parsed.config.partitions[i].name, name) == 0) {
			return i;
		}
	}
	return CONFIG_PARTITION_MAX;
}

int bh_config_allowed(struct bh *bh, const struct bh_config *config, uint32_t index)
{
	const struct config_partition *partition = &config->parsed.config.partitions[index];
	uint32_t devices = partition->devices & ~MANAGE_DEVICES;
	const char *why = NULL;
	char words[64];

	if ((partition->flags & CONFIG_PARTITION_MANAGEMENT) != 0) {
		why = "has `role = management`; there is one such partition, of bulkhead.conf";
	} else if ((partition->flags & CONFIG_PARTITION_OWNS_UART0) != 0) {
		why = "has `console = uart0`, which is given at boot only; take the line out, "
		      "`bh console` shows its console";
	} else if (partition->on_crash != CONFIG_CRASH_STOP) {
		why = "has an `on_crash` other than stop; take the line out: what bh created "
		      "stops, and bh starts it again";
	} else if (partition->pci_count > 0 ||
		   (partition->flags & CONFIG_PARTITION_DMA_TRUSTED) != 0) {
		why = "has a real PCI device, which is given at boot only; take it out";
	}
	if (why != NULL) {
		return bh_fail(bh, BH_FAILED, "%s:%u: partition %s %s", config->path,
			       config->parsed.sources[index].line, partition->name, why);
	}
	if ((devices & CONFIG_DEVICE_BLOCK0) != 0) {
		return bh_fail(bh, BH_FAILED,
			       "%s:%u: partition %s has a disk in RAM, which is made at boot only; "
			       "`disk0 = served:SIZE` and `bh disk serve` give it one",
			       config->path, config->parsed.sources[index].line, partition->name);
	}
	if (devices != 0) {
		return bh_fail(bh, BH_FAILED,
			       "%s:%u: partition %s has a device that cannot be made at run time: "
			       "%s; take it out of `devices`",
			       config->path, config->parsed.sources[index].line, partition->name,
			       words_devices(words, sizeof(words), devices));
	}
	return BH_OK;
}

void bh_kept_path(const struct bh *bh, const char *name, char path[512])
{
	snprintf(path, 512, "%s/%s.conf", bh->folder, name);
}

/* The lines of one section: from its header to the next one. */
static size_t section_size(const char *text, size_t size)
{
	bool is_line_start = false;

	for (size_t i = 0; i < size; i++) {
		if (is_line_start && text[i] == '[') {
			return i;
		}
		is_line_start =
			text[i] == '\n' || (is_line_start && (text[i] == ' ' || text[i] == '\t'));
	}
	return size;
}

/* Line by line, for CPUs and memory may have become others than the file says. */
static bool write_section(FILE *file, const struct bh_config *config, uint32_t index)
{
	const struct config_partition *partition = &config->parsed.config.partitions[index];
	const struct config_source *source = &config->parsed.sources[index];
	const char *text = (const char *)config->text.bytes;
	size_t size = config->text.size;
	size_t taken;
	char cpus[64];

	for (uint32_t line = 1; size > 0; line++, text += taken, size -= taken) {
		const char *end = memchr(text, '\n', size);

		taken = end != NULL ? (size_t)(end + 1 - text) : size;
		if (line == source->line) {
			size = section_size(text, size);
		}
		if (line == source->cpus_line) {
			fprintf(file, "cpus = %s\n",
				words_cpus(cpus, sizeof(cpus), partition->cpus));
		} else if (line == source->memory_line) {
			fprintf(file, "memory = %" PRIu64 "M\n", partition->memory >> 20);
		} else if (line >= source->line) {
			(void)fwrite(text, 1, taken, file);
			fputs(end == NULL ? "\n" : "", file);
		}
	}
	return ferror(file) == 0;
}

int bh_keep(struct bh *bh, const struct bh_config *config, uint32_t index,
	    const struct bh_image *image)
{
	char path[512];
	char new[520];
	FILE *file;
	bool is_kept;

	(void)mkdir(bh->folder, 0700);
	bh_kept_path(bh, config->parsed.config.partitions[index].name, path);
	snprintf(new, sizeof(new), "%s.new", path);
	file = fopen(new, "we");
	if (file == NULL) {
		return bh_fail(bh, BH_FAILED,
			       "cannot write %s: %s; `bh start` will not load the "
			       "partition again",
			       new, strerror(errno));
	}
	fprintf(file, FOLDER_LINE "%s\n" MARK_LINE "%016" PRIx64 "\n", config->folder,
		bh_image_mark(image));
	is_kept = write_section(file, config, index);
	is_kept = fclose(file) == 0 && is_kept;
	return is_kept && rename(new, path) == 0
		       ? BH_OK
		       : bh_fail(bh, BH_FAILED, "cannot write %s: %s; make room there", path,
				 strerror(errno));
}
