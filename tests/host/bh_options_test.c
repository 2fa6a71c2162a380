/* SPDX-License-Identifier: Apache-2.0 */
/* bh's pure parts: options, words, columns, JSON; and that its manual page and completion are
 * whole. */
/* Links: @bh tests/host/bh_bench.c tests/host/manage_bench.c */
#include "bh_bench.h"
#include "bh_table.h"
#include "bh_words.h"

#include "bits.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_SIZE_MAX 20000u

static struct bh_options options;

static bool parse(uint32_t allowed, const char *line)
{
	static char words[400];
	char *argv[60];
	int argc = 0;

	snprintf(words, sizeof(words), "%s", line);
	for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
		argv[argc++] = word;
	}
	return bh_options_parse(&options, allowed, argc, argv, 0);
}

static void takes_options(void)
{
	TAP_CHECK(parse(OPTION_FILE | OPTION_JSON, "a -f x --json b"));
	TAP_TEXT(options.file, "x");
	TAP_EQUAL(options.given, OPTION_FILE | OPTION_JSON);
	TAP_EQUAL(options.name_count, 2);
	TAP_TEXT(options.names[1], "b");
	TAP_CHECK(parse(OPTION_FILE, "--file=a=b"));
	TAP_TEXT(options.file, "a=b");
	TAP_CHECK(parse(OPTION_FILE, "-fx"));
	TAP_TEXT(options.file, "x");
	TAP_CHECK(parse(OPTION_FOLLOW, "-f x")); /* the same letter, without a value */
	TAP_EQUAL(options.name_count, 1);
	TAP_CHECK(parse(OPTION_JSON, "-- --json -"));
	TAP_EQUAL(options.given, 0);
	TAP_EQUAL(options.name_count, 2);
	TAP_CHECK(parse(OPTION_INTERVAL | OPTION_COUNT, "-i 2.5 -n 1000000"));
	TAP_EQUAL(options.interval, 2500);
	TAP_EQUAL(options.count, 1000000);
	TAP_CHECK(parse(OPTION_CPU | OPTION_MEMORY, "--cpu 2-3,5 --memory=1G"));
	TAP_EQUAL(options.cpus, 0x2c);
	TAP_EQUAL(options.memory, UINT64_C(1) << 30);
	TAP_CHECK(parse(OPTION_MEMORY, "--memory 2M"));
	TAP_EQUAL(options.memory, UINT64_C(2) << 20);
	TAP_CHECK(parse(0, ""));
	TAP_EQUAL(options.interval, 1000);
}

static void refuses_options(void)
{
	static const struct {
		const char *line;
		const char *why;
	} bad[] = {
		{"--nonsense", "--nonsense: no option of this command"},
		{"-x", "-x: no option of this command"},
		{"-", "-: no option of this command"},
		{"--fil x", "--fil: no option of this command"},
		{"--files x", "--files: no option of this command"},
		{"--json=1", "--json=1: takes no value"},
		{"-f", "-f, --file FILE: has no value"},
		{"--file=", "-f, --file FILE: needs a file"},
		{"-i 0.001", "0.001: no number of seconds from 0.01 to 3600"},
		{"-i nan", "nan: no number of seconds from 0.01 to 3600"},
		{"-i 3601", "3601: no number of seconds from 0.01 to 3600"},
		{"-n 1000001", "1000001: no number from 0 to 1000000"},
		{"-n -1", "-1: no number from 0 to 1000000"},
		{"-n 99999999999999999999999",
		 "99999999999999999999999: no number from 0 to 1000000"},
		{"-n 5x", "5x: no number from 0 to 1000000"},
		{"--cpu 1-", "--cpu: `1-` is no list of CPUs such as 0 or 1-2,4"},
		{"--cpu 64", "--cpu: CPU 64 is beyond the highest possible, 63"},
		{"--cpu 1,1", "--cpu: CPU 1 is given twice in the list"},
		{"--memory 3M", "3M: no multiple of 2M such as 512M or 1G"},
		{"--memory 0M", "0M: no multiple of 2M such as 512M or 1G"},
		{"--memory -2M", "-2M: no multiple of 2M such as 512M or 1G"},
		{"--memory 4096", "4096: no multiple of 2M such as 512M or 1G"},
		{"--memory 4Mi", "4Mi: no multiple of 2M such as 512M or 1G"},
		{"--memory 99999999999999999999G",
		 "99999999999999999999G: no multiple of 2M such as 512M or 1G"},
	};
	char many[200] = "";

	for (uint32_t i = 0; i < ARRAY_COUNT(bad); i++) {
		TAP_CHECK(!parse(OPTION_FILE | OPTION_JSON | OPTION_INTERVAL | OPTION_COUNT |
					 OPTION_CPU | OPTION_MEMORY,
				 bad[i].line));
		TAP_TEXT(options.why, bad[i].why);
	}
	for (uint32_t i = 0; i < BH_NAMES_MAX; i++) {
		strcat(many, "a ");
	}
	TAP_CHECK(parse(0, many));
	TAP_CHECK(!parse(0, strcat(many, "a")));
	TAP_TEXT(options.why, "a: too many arguments");
}

static void words(void)
{
	char text[48];
	char small[6];

	TAP_TEXT(words_features(text, sizeof(text), 0), "SVM with nested paging");
	TAP_TEXT(words_features(text, sizeof(text), VIRT_FACT_VMX | VIRT_FACT_TAGGED),
		 "VT-x with EPT, VPID");
	TAP_TEXT(words_features(text, 12, UINT32_MAX), "VT-x with E");
	TAP_TEXT(words_mitigations(text, sizeof(text), VIRT_FACT_VMX), "none needed");
	TAP_TEXT(words_mitigations(text, sizeof(text), VIRT_FACT_SMALL_PAGES),
		 "4 KiB pages (CVE-2018-12207)");
	TAP_TEXT(words_cpus(text, sizeof(text), 0), "-");
	TAP_TEXT(words_cpus(text, sizeof(text), 1), "0");
	TAP_TEXT(words_cpus(text, sizeof(text), 0x1d), "0,2-4");
	TAP_TEXT(words_cpus(text, sizeof(text), UINT64_MAX), "0-63");
	TAP_TEXT(words_cpus(text, sizeof(text), UINT64_C(1) << 63), "63");
	TAP_TEXT(words_cpus(small, sizeof(small), 0x5555), "0,2,4"); /* cut */
	TAP_TEXT(words_size(text, sizeof(text), 0), "0 bytes");
	TAP_TEXT(words_size(text, sizeof(text), 4096), "4 KiB");
	TAP_TEXT(words_size(text, sizeof(text), UINT64_C(3) << 29), "1536 MiB");
	TAP_TEXT(words_size(text, sizeof(text), UINT64_C(1) << 46), "65536 GiB");
	TAP_TEXT(words_devices(text, sizeof(text), 0), "none");
	TAP_TEXT(words_devices(text, sizeof(text), CONFIG_DEVICE_CONSOLE | CONFIG_DEVICE_ENTROPY),
		 "console, entropy");
	TAP_TEXT(words_state(MANAGE_CLEARING), "clearing");
	TAP_TEXT(words_state(99), "unknown");
	TAP_TEXT(words_event(0), "unknown");
	for (uint32_t status = 0; status <= MANAGE_NEEDS_IOMMU; status++) {
		TAP_CHECK(strcmp(words_status(status), "unknown") != 0);
	}
}

static void tables(void)
{
	static const char *const titles[] = {"NAME", ">N", "LAST"};
	static struct table table;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	table_start(&table, titles, 3);
	table_row(&table);
	table_cell(&table, 0, "long name");
	table_cell(&table, 1, "%u", 1000);
	table_cell(&table, 2, "x");
	table_row(&table);
	table_cell(&table, 1, "7");
	table_print(&table, out, false);
	fclose(out);
	TAP_TEXT(text, "NAME          N  LAST\nlong name  1000  x\n              7  \n");
	free(text);
	for (uint32_t i = 0; i < TABLE_ROWS + 5; i++) { /* more than there is room for */
		table_row(&table);
		table_cell(&table, 0, "%s", "more");
	}
	out = open_memstream(&text, &size);
	table_print(&table, out, true);
	fclose(out);
	TAP_CHECK(strncmp(text, "\033[1mNAME", 8) == 0);
	free(text);
}

static void json(void)
{
	char *text = NULL;
	size_t size;
	struct json json = {.out = open_memstream(&text, &size)};

	json_array(&json, NULL);
	json_object(&json, NULL);
	json_text(&json, "t", "a\"b\\c\n\x7f\xff");
	json_number(&json, "n", UINT64_MAX);
	json_bool(&json, "b", false);
	json_array(&json, "e");
	json_end(&json, ']');
	json_end(&json, '}');
	json_decimal(&json, NULL, 0.5);
	json_end(&json, ']');
	fclose(json.out);
	TAP_TEXT(text, "[{\"t\":\"a\\\"b\\\\c\\u000a\\u007f\\u00ff\",\"n\":18446744073709551615,"
		       "\"b\":false,\"e\":[]},0.500]");
	free(text);
}

static const char *read_text(const char *path, char *text)
{
	FILE *file = fopen(path, "r");
	size_t size;
	char *to = text;

	TAP_CHECK(file != NULL);
	if (file == NULL) {
		return "";
	}
	size = fread(text, 1, PAGE_SIZE_MAX - 1, file);
	text[size] = '\0';
	fclose(file);
	for (const char *from = text; *from != '\0'; from++) { /* man pages write - as \- */
		if (*from != '\\' || from[1] != '-') {
			*to++ = *from;
		}
	}
	*to = '\0';
	return text;
}

/* Every command, option and example line of the help has its place in the files for people. */
static void manual_is_whole(void)
{
	static char page[PAGE_SIZE_MAX];
	static char completion[PAGE_SIZE_MAX];
	const char *meaning;
	const char *shown;
	char word[64];

	bench_start();
	read_text("guest/mgmt/bh/bh.1", page);
	read_text("guest/mgmt/bh/bh.bash", completion);
	for (const struct bh_command *command = bh_commands; command->name != NULL; command++) {
		snprintf(word, sizeof(word), "bh %s", command->name);
		TAP_CHECK(bench_says(page, word));
		TAP_CHECK(bench_says(completion, command == bh_commands ? "'ls " : command->name));
		TAP_EQUAL(bench_run("%s --help", command->name), 0);
		snprintf(word, sizeof(word), "\nexamples:\n  bh %s", command->name);
		TAP_CHECK(bench_says(bench_out(), word));
		TAP_EQUAL(bench_commands(), 0);
		for (uint32_t i = 0;
		     (shown = bh_options_help(i, command->options | OPTIONS_ALL, &meaning)) != NULL;
		     i++) {
			snprintf(word, sizeof(word), "%s", strstr(shown, "--"));
			word[strcspn(word, " ")] = '\0';
			TAP_CHECK(bench_says(page, word));
		}
	}
	TAP_EQUAL(bench_run("--help"), 0);
}

static const struct tap_case cases[] = {
	{"takes options", takes_options},
	{"refuses options", refuses_options},
	{"words", words},
	{"tables", tables},
	{"json", json},
	{"manual is whole", manual_is_whole},
};

TAP_MAIN(cases)
