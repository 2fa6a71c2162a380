/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and parses the configuration file, and the hypervisor's own image. */
#include "config_parse.h"
#include "console.h"
#include "esp.h"
#include "loader.h"

#define PATH_SHOWN_MAX      64u
#define HYPERVISOR_SIZE_MAX (UINT64_C(64) << 20)

static const char *base_name(const struct loader *loader)
{
	static char name[64];
	const CHAR16 *start = loader->config_path;
	unsigned int length = 0;

	for (const CHAR16 *at = loader->config_path; *at != 0; at++) {
		start = *at == '\\' ? at + 1 : start;
	}
	for (; start[length] != 0 && length < sizeof(name) - 1; length++) {
		name[length] = start[length] < 0x7f ? (char)start[length] : '?';
	}
	name[length] = '\0';
	return name;
}

void config_complain(const struct loader *loader, uint32_t line, const char *message)
{
	if (line == 0) {
		console_print("%s: %s", base_name(loader), message);
	} else {
		console_print("%s:%u: %s", base_name(loader), line, message);
	}
}

int config_shown_path(struct config_span path)
{
	return (int)(path.length < PATH_SHOWN_MAX ? path.length : PATH_SHOWN_MAX);
}

static enum hv_status read_text(struct loader *loader)
{
	void *text;
	enum hv_status status;

	status = esp_load(loader->services, loader->root, loader->config_path, CONFIG_TEXT_MAX,
			  &text, &loader->config_size);
	if (status == HV_OK) {
		loader->config_text = text;
		return HV_OK;
	}
	config_complain(loader, 0,
			status == HV_NOT_FOUND ? "no such file on the boot volume"
			: status == HV_RANGE   ? "longer than 1 MiB"
					       : "cannot be read");
	return status;
}

static enum hv_status read_hypervisor(struct loader *loader)
{
	static const CHAR16 path[] = u"\\bulkhead\\bulkhead.elf";
	const char *why = "";
	void *image;
	enum hv_status status;

	status = esp_load(loader->services, loader->root, path, HYPERVISOR_SIZE_MAX, &image,
			  &loader->hypervisor_size);
	if (status != HV_OK) {
		console_print("bulkhead.elf: %s", status == HV_NOT_FOUND
							  ? "no such file in \\bulkhead"
							  : "cannot be read");
		return status;
	}
	loader->hypervisor = image;
	if (elf_load_parse(image, loader->hypervisor_size, &loader->elf, &why) != HV_OK) {
		console_print("bulkhead.elf: %s", why);
		return HV_INVALID;
	}
	return HV_OK;
}

enum hv_status config_load(struct loader *loader)
{
	struct config_error error;
	enum hv_status status;

	status = read_text(loader);
	if (status != HV_OK) {
		return status;
	}
	status = config_parse(loader->config_text, loader->config_size, &loader->file, &error);
	if (status != HV_OK) {
		config_complain(loader, error.line, error.message);
		return status;
	}
	if (loader->is_bare_metal_asked) {
		loader->file.mode = CONFIG_MODE_BARE_METAL;
	}
	return loader->file.mode == CONFIG_MODE_BARE_METAL ? HV_OK : read_hypervisor(loader);
}
