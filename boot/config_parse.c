/* SPDX-License-Identifier: Apache-2.0 */
/* Parser of the configuration file: lines, sections and keys. Keys: config_keys.c. */
#include "config_parse.h"

#include "bits.h"
#include "config_keys.h"
#include "str.h"

static const char *const key_names[KEY_COUNT] = {
	"log",    "console", "mode",    "test_exit", "huge_pages", "role",      "cpus", "memory",
	"kernel", "initrd",  "cmdline", "on_crash",  "devices",    "autostart", "dma",  "disk0",
};

#define HYPERVISOR_KEYS                                                                            \
	(BIT32(KEY_LOG) | BIT32(KEY_CONSOLE) | BIT32(KEY_MODE) | BIT32(KEY_TEST_EXIT) |            \
	 BIT32(KEY_HUGE_PAGES))
#define PARTITION_KEYS                                                                             \
	((BIT32(KEY_COUNT) - 1) &                                                                  \
	 ~(BIT32(KEY_LOG) | BIT32(KEY_MODE) | BIT32(KEY_TEST_EXIT) | BIT32(KEY_HUGE_PAGES)))

/* A disk, and the file it is made from or its size, come together. */
static enum hv_status check_disk(const struct config_parser *parser)
{
	struct config_partition *partition = parser->partition;
	uint32_t line = parser->key_line[KEY_DISK0];
	bool has_device = (partition->devices & CONFIG_DEVICE_BLOCK0) != 0;

	if (has_device && line == 0) {
		return config_fail(parser->error, parser->key_line[KEY_DEVICES],
				   "device `block0` without `disk0 = FILE`");
	}
	if (!has_device && line != 0) {
		return config_fail(parser->error, line,
				   "`disk0` without `block0` among the partition's devices");
	}
	if (parser->source->disk_sectors != 0) {
		if ((partition->flags & CONFIG_PARTITION_MANAGEMENT) != 0) {
			return config_fail(parser->error, line,
					   "the management partition cannot serve a disk to "
					   "itself");
		}
		partition->devices ^= CONFIG_DEVICE_BLOCK0 | CONFIG_DEVICE_SERVED0;
	}
	return HV_OK;
}

/* What can only be seen at the end of a [partition] section. */
static enum hv_status finish_section(struct config_parser *parser)
{
	static const enum config_key required[] = {KEY_CPUS, KEY_MEMORY, KEY_KERNEL};

	for (size_t i = 0; parser->partition != NULL && i < ARRAY_COUNT(required); i++) {
		if (parser->key_line[required[i]] == 0) {
			return config_fail(parser->error, parser->section_line,
					   "partition `%s` has no `%s`", parser->partition->name,
					   key_names[required[i]]);
		}
	}
	return parser->partition != NULL ? check_disk(parser) : HV_OK;
}

static enum hv_status start_partition(struct config_parser *parser, struct config_text name)
{
	struct config *config = parser->config;
	struct config_partition *partition = &config->partitions[config->partition_count];

	if (config->partition_count == CONFIG_PARTITION_MAX) {
		return config_fail(parser->error, parser->line, "more than %u partitions",
				   CONFIG_PARTITION_MAX);
	}
	*partition = (struct config_partition){.flags = CONFIG_PARTITION_AUTOSTART};
	parser->source = &parser->file->sources[config->partition_count];
	*parser->source = (struct config_source){
		.line = parser->line,
		.kernel_module = CONFIG_FILE_NONE,
		.initrd_module = CONFIG_FILE_NONE,
		.disk_module = CONFIG_FILE_NONE,
	};
	if (config_name(name, parser->line, partition->name, parser->error) != HV_OK) {
		return HV_INVALID;
	}
	for (uint32_t i = 0; i < config->partition_count; i++) {
		if (str_equal(config->partitions[i].name, partition->name)) {
			return config_fail(parser->error, parser->line,
					   "partition `%s` is there already, in line %u",
					   partition->name, parser->file->sources[i].line);
		}
	}
	config->partition_count++;
	parser->partition = partition;
	return HV_OK;
}

static enum hv_status start_section(struct config_parser *parser, struct config_text line)
{
	struct config_text title = {line.start + 1, line.length - 1};
	struct config_text word;
	bool is_last;

	if (finish_section(parser) != HV_OK) {
		return HV_INVALID;
	}
	if (line.start[line.length - 1] != ']' || line.length < 2) {
		return config_fail(parser->error, parser->line, "section without its closing ]");
	}
	title.length--;
	title = config_trim(title);
	memset(parser->key_line, 0, sizeof(parser->key_line));
	parser->partition = NULL;
	parser->section_line = parser->line;
	if (config_text_is(title, "hypervisor")) {
		if (parser->hypervisor_line != 0) {
			return config_fail(parser->error, parser->line,
					   "[hypervisor] is there already, in line %u",
					   parser->hypervisor_line);
		}
		parser->hypervisor_line = parser->line;
		return HV_OK;
	}
	line = title;
	config_split(&line, ' ', &word, &is_last);
	if (config_text_is(word, "partition")) {
		return start_partition(parser, config_trim(line));
	}
	return config_fail(parser->error, parser->line,
			   "unknown section [%.*s]: there are [hypervisor] and [partition NAME]",
			   config_shown(title), title.start);
}

static enum hv_status parse_key(struct config_parser *parser, struct config_text line)
{
	struct config_text value = line;
	struct config_text name;
	uint32_t allowed = parser->partition != NULL ? PARTITION_KEYS : HYPERVISOR_KEYS;
	uint32_t key = 0;
	bool is_last;

	config_split(&value, '=', &name, &is_last);
	name = config_trim(name);
	value = config_trim(value);
	if (is_last) {
		return config_fail(parser->error, parser->line,
				   "`%.*s` is neither [section] nor key = value",
				   config_shown(line), line.start);
	}
	if (parser->section_line == 0) {
		return config_fail(parser->error, parser->line,
				   "key `%.*s` before the first [section]", config_shown(name),
				   name.start);
	}
	while (key < KEY_COUNT && !config_text_is(name, key_names[key])) {
		key++;
	}
	if (key == KEY_COUNT || (allowed & BIT32(key)) == 0) {
		return config_fail(parser->error, parser->line,
				   "unknown key `%.*s` in a [%s] section", config_shown(name),
				   name.start,
				   parser->partition != NULL ? "partition" : "hypervisor");
	}
	if (parser->key_line[key] != 0) {
		return config_fail(parser->error, parser->line, "`%s` is given in line %u already",
				   key_names[key], parser->key_line[key]);
	}
	parser->key_line[key] = parser->line;
	if (value.length == 0 && key != KEY_CMDLINE) {
		return config_fail(parser->error, parser->line, "`%s` has no value",
				   key_names[key]);
	}
	return parser->partition != NULL ? config_set_partition(parser, key, name, value)
					 : config_set_hypervisor(parser, key, name, value);
}

/* A # starts a comment at the start of a line and after white space. */
static struct config_text without_comment(struct config_text line)
{
	for (size_t i = 0; i < line.length; i++) {
		if (line.start[i] == '#' &&
		    (i == 0 || line.start[i - 1] == ' ' || line.start[i - 1] == '\t')) {
			line.length = i;
		}
	}
	return config_trim(line);
}

static enum hv_status parse_line(struct config_parser *parser, struct config_text line)
{
	if (line.length > 0 && line.start[line.length - 1] == '\r') {
		line.length--;
	}
	for (size_t i = 0; i < line.length; i++) {
		unsigned char c = (unsigned char)line.start[i];

		if ((c < ' ' && c != '\t') || c == 0x7f) {
			return config_fail(parser->error, parser->line,
					   "control character 0x%02x in column %u", c,
					   (unsigned int)i + 1);
		}
	}
	line = without_comment(line);
	if (line.length == 0) {
		return HV_OK;
	}
	return line.start[0] == '[' ? start_section(parser, line) : parse_key(parser, line);
}

enum hv_status config_parse(const char *text, size_t size, struct config_file *out,
			    struct config_error *error)
{
	struct config_parser parser = {
		.text = text, .file = out, .config = &out->config, .error = error};
	struct config_text rest = {text, size};
	struct config_text line;
	bool is_last = false;

	memset(error, 0, sizeof(*error));
	memset(out, 0, sizeof(*out));
	out->config.log_level = CONFIG_LOG_INFO;
	out->config.console = CONFIG_CONSOLE_UART0;
	if (size > CONFIG_TEXT_MAX) {
		return config_fail(error, 1, "file of %zu bytes, longer than %u", size,
				   CONFIG_TEXT_MAX);
	}
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		rest = (struct config_text){text + 3, size - 3};
	}
	while (!is_last) {
		parser.line++;
		config_split(&rest, '\n', &line, &is_last);
		if (parse_line(&parser, line) != HV_OK) {
			return HV_INVALID;
		}
	}
	if (finish_section(&parser) != HV_OK) {
		return HV_INVALID;
	}
	if (out->config.partition_count == 0) {
		return config_fail(error, parser.line, "no [partition NAME] section in the file");
	}
	return HV_OK;
}
