/* SPDX-License-Identifier: Apache-2.0 */
/* Load options: the words after the program's name in GRUB's chainloader or the EFI shell. */
#include "loader.h"

static const char default_config[] = "\\bulkhead\\bulkhead.conf";

/* Rest of the word behind `prefix`, NULL when it does not start so. */
static const CHAR16 *after(const CHAR16 *word, const CHAR16 *end, const char *prefix)
{
	for (; *prefix != '\0'; prefix++, word++) {
		if (word == end || *word != (CHAR16)*prefix) {
			return NULL;
		}
	}
	return word;
}

static void take_path(struct loader *loader, const CHAR16 *at, const CHAR16 *end)
{
	unsigned int length = 0;

	/* From the volume's root, with or without the leading separator. */
	if (at != end && *at != '\\' && *at != '/') {
		loader->config_path[length++] = '\\';
	}
	for (; at != end && length < LOADER_PATH_MAX - 1; at++) {
		loader->config_path[length++] = *at == '/' ? '\\' : *at;
	}
	loader->config_path[length] = 0;
}

static void take_word(struct loader *loader, const CHAR16 *word, const CHAR16 *end)
{
	const CHAR16 *value;

	value = after(word, end, "mode=bare-metal");
	if (value != NULL && value == end) {
		loader->is_bare_metal_asked = true;
	}
	value = after(word, end, "config=");
	if (value != NULL) {
		take_path(loader, value, end);
	}
}

void options_read(struct loader *loader)
{
	const CHAR16 *at = loader->loaded->LoadOptions;
	const CHAR16 *end = at + loader->loaded->LoadOptionsSize / sizeof(CHAR16);
	const CHAR16 *word;

	for (unsigned int i = 0; i < sizeof(default_config); i++) {
		loader->config_path[i] = (CHAR16)default_config[i];
	}
	while (at != NULL && at < end && *at != 0) {
		word = at;
		while (at < end && *at != 0 && *at != ' ') {
			at++;
		}
		take_word(loader, word, at);
		while (at < end && *at == ' ') {
			at++;
		}
	}
}
