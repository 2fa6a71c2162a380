/* SPDX-License-Identifier: Apache-2.0 */
/* What a key does to the section it stands in. Private to config_*.c. */
#pragma once

#include "config_value.h"

/* The order of key_names in config_parse.c. */
enum config_key {
	KEY_LOG,
	KEY_CONSOLE,
	KEY_MODE,
	KEY_TEST_EXIT,
	KEY_HUGE_PAGES,
	KEY_ROLE,
	KEY_CPUS,
	KEY_MEMORY,
	KEY_KERNEL,
	KEY_INITRD,
	KEY_CMDLINE,
	KEY_ON_CRASH,
	KEY_DEVICES,
	KEY_AUTOSTART,
	KEY_DMA,
	KEY_DISK0,
	KEY_COUNT,
};

struct config_parser {
	const char *text;
	struct config_file *file;
	struct config *config; /* of the file */
	struct config_error *error;
	struct config_partition *partition; /* of the section; NULL in [hypervisor] */
	struct config_source *source;
	uint32_t line;
	uint32_t section_line;        /* 0 = before the first section */
	uint32_t hypervisor_line;     /* 0 = not seen */
	uint32_t key_line[KEY_COUNT]; /* in this section; 0 = not given */
};

/* Set one key of the section the parser is in; the key is one that this section may have. */
MUST_CHECK enum hv_status config_set_hypervisor(struct config_parser *parser, enum config_key key,
						struct config_text name, struct config_text value);
MUST_CHECK enum hv_status config_set_partition(struct config_parser *parser, enum config_key key,
					       struct config_text name, struct config_text value);
