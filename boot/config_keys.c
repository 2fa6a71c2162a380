/* SPDX-License-Identifier: Apache-2.0 */
/* What a key does to the section it stands in. */
#include "config_keys.h"

#include "bits.h"

static struct config_span span_of(const struct config_parser *parser, struct config_text value)
{
	return (struct config_span){(uint32_t)(value.start - parser->text), (uint32_t)value.length};
}

enum hv_status config_set_hypervisor(struct config_parser *parser, enum config_key key,
				     struct config_text name, struct config_text value)
{
	static const char *const levels[] = {"error", "notice", "info", "debug"};
	static const char *const consoles[] = {"none", "uart0", "framebuffer", "both"};
	static const char *const modes[] = {"partitions", "bare-metal"};
	static const char *const answers[] = {"no", "yes"};
	static const char *const pages[] = {"safe", "always"};
	struct config *config = parser->config;

	if (key == KEY_LOG) {
		return config_word(name, value, parser->line, levels, ARRAY_COUNT(levels),
				   &config->log_level, parser->error);
	}
	if (key == KEY_CONSOLE) {
		return config_word(name, value, parser->line, consoles, ARRAY_COUNT(consoles),
				   &config->console, parser->error);
	}
	if (key == KEY_HUGE_PAGES) {
		return config_word(name, value, parser->line, pages, ARRAY_COUNT(pages),
				   &config->huge_pages, parser->error);
	}
	if (key == KEY_MODE) {
		return config_word(name, value, parser->line, modes, ARRAY_COUNT(modes),
				   &parser->file->mode, parser->error);
	}
	return config_word(name, value, parser->line, answers, ARRAY_COUNT(answers),
			   &config->test_exit, parser->error);
}

/* A flag that only one partition may have. */
static enum hv_status set_only(struct config_parser *parser, uint32_t flag, const char *what)
{
	const struct config *config = parser->config;

	for (uint32_t i = 0; i < config->partition_count; i++) {
		if ((config->partitions[i].flags & flag) != 0) {
			return config_fail(parser->error, parser->line,
					   "%s is partition `%s` of line %u already", what,
					   config->partitions[i].name,
					   parser->file->sources[i].line);
		}
	}
	parser->partition->flags |= flag;
	return HV_OK;
}

/* Keys whose value is one word of a list. */
static enum hv_status set_choice(struct config_parser *parser, enum config_key key,
				 struct config_text name, struct config_text value)
{
	static const char *const roles[] = {"guest", "management"};
	static const char *const crashes[] = {"stop", "restart", "halt-machine"};
	static const char *const answers[] = {"no", "yes"};
	static const char *const consoles[] = {"uart0", "uart0-alone"};
	static const char *const dmas[] = {"trusted"};
	static const struct {
		const char *const *words;
		uint32_t count;
	} lists[KEY_COUNT] = {
		[KEY_ROLE] = {roles, ARRAY_COUNT(roles)},
		[KEY_ON_CRASH] = {crashes, ARRAY_COUNT(crashes)},
		[KEY_AUTOSTART] = {answers, ARRAY_COUNT(answers)},
		[KEY_CONSOLE] = {consoles, ARRAY_COUNT(consoles)},
		[KEY_DMA] = {dmas, ARRAY_COUNT(dmas)},
	};
	struct config_partition *partition = parser->partition;
	uint32_t choice;

	if (config_word(name, value, parser->line, lists[key].words, lists[key].count, &choice,
			parser->error) != HV_OK) {
		return HV_INVALID;
	}
	if (key == KEY_ROLE && choice == 1) {
		return set_only(parser, CONFIG_PARTITION_MANAGEMENT, "the management partition");
	}
	if (key == KEY_CONSOLE) {
		partition->flags |= choice == 1 ? CONFIG_PARTITION_UART0_ALONE : 0;
		return set_only(parser, CONFIG_PARTITION_OWNS_UART0, "the owner of uart0");
	}
	if (key == KEY_ON_CRASH) {
		partition->on_crash = choice;
	} else if (key == KEY_AUTOSTART && choice == 0) {
		partition->flags &= ~CONFIG_PARTITION_AUTOSTART;
	} else if (key == KEY_DMA) {
		partition->flags |= CONFIG_PARTITION_DMA_TRUSTED;
	}
	return HV_OK;
}

static enum hv_status set_cpus(struct config_parser *parser, struct config_text value)
{
	struct config_partition *partition = parser->partition;
	uint64_t both;

	parser->source->cpus_line = parser->line;
	if (config_cpus(value, parser->line, &partition->cpus, parser->error) != HV_OK) {
		return HV_INVALID;
	}
	for (const struct config_partition *other = parser->config->partitions; other < partition;
	     other++) {
		both = other->cpus & partition->cpus;
		if (both != 0) {
			return config_fail(parser->error, parser->line,
					   "CPU %u is given to `%s` in line %u already",
					   (unsigned int)__builtin_ctzll(both), other->name,
					   parser->file->sources[other - parser->config->partitions]
						   .cpus_line);
		}
	}
	return HV_OK;
}

static enum hv_status set_devices(struct config_parser *parser, struct config_text value)
{
	struct config_partition *partition = parser->partition;

	if (config_devices(value, parser->line, partition, parser->error) != HV_OK) {
		return HV_INVALID;
	}
	for (const struct config_partition *other = parser->config->partitions; other < partition;
	     other++) {
		for (uint32_t i = 0; i < partition->pci_count * other->pci_count; i++) {
			uint16_t pci = partition->pci[i / other->pci_count];

			if (pci == other->pci[i % other->pci_count]) {
				return config_fail(parser->error, parser->line,
						   "pci %02x:%02x.%x is given to `%s` already",
						   pci >> 8, pci >> 3 & 31, pci & 7, other->name);
			}
		}
	}
	return HV_OK;
}

enum hv_status config_set_partition(struct config_parser *parser, enum config_key key,
				    struct config_text name, struct config_text value)
{
	struct config_source *source = parser->source;

	switch (key) {
	case KEY_CPUS:
		return set_cpus(parser, value);
	case KEY_MEMORY:
		source->memory_line = parser->line;
		return config_memory(value, parser->line, &parser->partition->memory,
				     parser->error);
	case KEY_KERNEL:
		source->kernel = span_of(parser, value);
		source->kernel_line = parser->line;
		return config_path(value, parser->line, parser->error);
	case KEY_INITRD:
		source->initrd = span_of(parser, value);
		source->initrd_line = parser->line;
		return config_path(value, parser->line, parser->error);
	case KEY_DISK0:
		source->disk_line = parser->line;
		if (config_is_served(value)) {
			return config_served(value, parser->line, &source->disk_sectors,
					     parser->error);
		}
		source->disk = span_of(parser, value);
		return config_path(value, parser->line, parser->error);
	case KEY_CMDLINE:
		source->cmdline = span_of(parser, value);
		if (value.length > CONFIG_CMDLINE_MAX) {
			return config_fail(parser->error, parser->line,
					   "command line of %u characters, longer than %u",
					   (unsigned int)value.length, CONFIG_CMDLINE_MAX);
		}
		return HV_OK;
	case KEY_DEVICES:
		return set_devices(parser, value);
	case KEY_ROLE:
	case KEY_ON_CRASH:
	case KEY_AUTOSTART:
	case KEY_CONSOLE:
	case KEY_DMA:
		return set_choice(parser, key, name, value);
	case KEY_LOG:
	case KEY_MODE:
	case KEY_TEST_EXIT:
	case KEY_HUGE_PAGES:
	case KEY_COUNT:
		break;
	}
	return config_fail(parser->error, parser->line, "unknown key");
}
