/* SPDX-License-Identifier: Apache-2.0 */
/* Options and names of a command line. */
#include "bh_options.h"

#include "bits.h"
#include "config_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL_MAX 3600.0 /* seconds */
#define COUNT_MAX    1000000ul

static const struct option {
	uint32_t bit;
	char letter; /* '\0': none */
	const char *word;
	const char *value; /* NULL: takes none */
	const char *shown;
	const char *meaning;
} known[] = {
	{OPTION_FILE, 'f', "file", "FILE", "-f, --file FILE", "configuration file"},
	{OPTION_FOLLOW, 'f', "follow", NULL, "-f, --follow", "go on until Ctrl-C"},
	{OPTION_FORCE, 'f', "force", NULL, "-f, --force", "stop it first if it runs"},
	{OPTION_WAIT, '\0', "wait", NULL, "--wait", "until its first instruction runs"},
	{OPTION_NO_START, '\0', "no-start", NULL, "--no-start", "create and load only"},
	{OPTION_INTERVAL, 'i', "interval", "SECONDS", "-i, --interval SECONDS",
	 "time over which rates are measured (1)"},
	{OPTION_COUNT, 'n', "count", "N", "-n, --count N",
	 "how many times; 0: until Ctrl-C (stat 1, top 0)"},
	{OPTION_CPU, '\0', "cpu", "N", "--cpu N", "a CPU of the machine, or several: 2-3,5"},
	{OPTION_MEMORY, '\0', "memory", "SIZE", "--memory SIZE", "RAM: a multiple of 2M"},
	{OPTION_PCI, '\0', "pci", "FUNCTION", "--pci FUNCTION",
	 "a PCI function; refused, for it needs an IOMMU"},
	{OPTION_READ_ONLY, '\0', "read-only", NULL, "--read-only",
	 "what the partition writes fails"},
	{OPTION_SYNC, '\0', "sync", NULL, "--sync", "a write is on the medium before it is done"},
	{OPTION_CYCLES, '\0', "cycles", NULL, "--cycles",
	 "measure what exits cost, too; by the trace"},
	{OPTION_JSON, 'j', "json", NULL, "-j, --json", "JSON, one value a line"},
	{OPTION_OUTPUT, 'o', "output", "FILE", "-o, --output FILE",
	 "JSON for Perfetto (ui.perfetto.dev), or - for standard output"},
	{OPTION_TEXT, '\0', "text", NULL, "--text", "lines of text; so on a terminal anyway"},
	{OPTION_SECONDS, 's', "seconds", "N", "-s, --seconds N",
	 "end after N seconds, not at Ctrl-C"},
	{OPTION_RECORDS, 'n', "count", "N", "-n, --count N", "end after N records"},
	{OPTION_VERBOSE, 'v', "verbose", NULL, "-v, --verbose", "say how long each stage took"},
	{OPTION_HELP, 'h', "help", NULL, "-h, --help", "this text"},
};

const char *bh_options_help(uint32_t index, uint32_t allowed, const char **meaning)
{
	for (uint32_t i = 0; i < ARRAY_COUNT(known); i++) {
		if ((known[i].bit & allowed) != 0 && index-- == 0) {
			*meaning = known[i].meaning;
			return known[i].shown;
		}
	}
	return NULL;
}

static bool wrong(struct bh_options *options, const char *argument, const char *why)
{
	snprintf(options->why, sizeof(options->why), "%.60s: %.90s", argument, why);
	return false;
}

static bool take_memory(struct bh_options *options, const char *value)
{
	char *end = NULL;
	uint64_t number = value[0] >= '0' && value[0] <= '9' ? strtoull(value, &end, 10) : 0;
	uint32_t shift = end == NULL || end[0] == '\0' || end[1] != '\0' ? 0
			 : end[0] == 'M'                                 ? 20
			 : end[0] == 'G'                                 ? 30
									 : 0;

	if (shift == 0 || number == 0 || number > CONFIG_MEMORY_MAX >> shift ||
	    (number << shift) % CONFIG_MEMORY_ALIGN != 0) {
		return wrong(options, value, "no multiple of 2M such as 512M or 1G");
	}
	options->memory = number << shift;
	return true;
}

static bool take_cpus(struct bh_options *options, const char *value)
{
	struct config_text text = {value, strlen(value)};
	struct config_error error;

	return config_cpus(text, 0, &options->cpus, &error) == HV_OK ||
	       wrong(options, "--cpu", error.message);
}

static bool take_value(struct bh_options *options, const struct option *option, const char *value)
{
	char *end = NULL;

	if (option->bit == OPTION_FILE) {
		options->file = value;
		return value[0] != '\0' || wrong(options, option->shown, "needs a file");
	}
	if (option->bit == OPTION_OUTPUT) {
		options->output = value;
		return value[0] != '\0' || wrong(options, option->shown, "needs a file");
	}
	if (option->bit == OPTION_CPU) {
		return take_cpus(options, value);
	}
	if (option->bit == OPTION_MEMORY) {
		return take_memory(options, value);
	}
	if (option->bit == OPTION_PCI) {
		options->pci = value;
		return true;
	}
	if ((option->bit & (OPTION_INTERVAL | OPTION_SECONDS)) != 0) {
		double seconds = strtod(value, &end);

		if (end == value || *end != '\0' || !(seconds >= 0.01 && seconds <= INTERVAL_MAX)) {
			return wrong(options, value, "no number of seconds from 0.01 to 3600");
		}
		options->interval = (uint32_t)(seconds * 1000);
		return true;
	}
	if (value[0] < '0' || value[0] > '9' || strtoul(value, &end, 10) > COUNT_MAX ||
	    *end != '\0') {
		return wrong(options, value, "no number from 0 to 1000000");
	}
	options->count = (uint32_t)strtoul(value, NULL, 10);
	return true;
}

/* "-f", "--file", "--file=x": the option, and where its value stands in the same argument. */
static const struct option *find(const char *argument, uint32_t allowed, const char **value)
{
	bool is_word = argument[1] == '-';

	*value = NULL;
	for (uint32_t i = 0; i < ARRAY_COUNT(known); i++) {
		const struct option *option = &known[i];
		size_t length = strlen(option->word);

		if ((option->bit & allowed) == 0) {
			continue;
		}
		if (is_word && strncmp(argument + 2, option->word, length) == 0 &&
		    (argument[2 + length] == '\0' || argument[2 + length] == '=')) {
			*value = argument[2 + length] == '=' ? argument + 3 + length : NULL;
			return option;
		}
		if (!is_word && option->letter != '\0' && argument[1] == option->letter) {
			*value = argument[2] != '\0' ? argument + 2 : NULL;
			return option;
		}
	}
	return NULL;
}

bool bh_options_parse(struct bh_options *options, uint32_t allowed, int argc, char **argv,
		      int first)
{
	bool is_names_only = false;

	*options = (struct bh_options){.interval = 1000};
	for (int i = first; i < argc; i++) {
		const struct option *option;
		const char *value;

		if (!is_names_only && strcmp(argv[i], "--") == 0) {
			is_names_only = true;
			continue;
		}
		if (is_names_only || argv[i][0] != '-') {
			if (options->name_count == BH_NAMES_MAX) {
				return wrong(options, argv[i], "too many arguments");
			}
			options->names[options->name_count++] = argv[i];
			continue;
		}
		option = find(argv[i], allowed, &value);
		if (option == NULL) {
			return wrong(options, argv[i], "no option of this command");
		}
		if (option->value == NULL && value != NULL) {
			return wrong(options, argv[i], "takes no value");
		}
		if (option->value != NULL && value == NULL) {
			if (++i == argc) {
				return wrong(options, option->shown, "has no value");
			}
			value = argv[i];
		}
		options->given |= option->bit;
		if (option->value != NULL && !take_value(options, option, value)) {
			return false;
		}
	}
	return true;
}
