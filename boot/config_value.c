/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the configuration file: text to number, set or path. */
#include "config_value.h"

#include "bits.h"
#include "fmt.h"
#include "str.h"

#include <stdarg.h>

#define SHOWN_MAX  40u
#define SERVED     "served:"
#define NUMBER_MAX UINT64_C(1000000000)

enum hv_status config_fail(struct config_error *error, uint32_t line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fmt_format(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	error->line = line;
	return HV_INVALID;
}

int config_shown(struct config_text text)
{
	return (int)min_u64(text.length, SHOWN_MAX);
}

bool config_text_is(struct config_text text, const char *word)
{
	return text.length == str_length(word) && memcmp(text.start, word, text.length) == 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

struct config_text config_trim(struct config_text text)
{
	while (text.length > 0 && is_space(text.start[0])) {
		text.start++;
		text.length--;
	}
	while (text.length > 0 && is_space(text.start[text.length - 1])) {
		text.length--;
	}
	return text;
}

void config_split(struct config_text *rest, char separator, struct config_text *part, bool *is_last)
{
	size_t length = 0;

	while (length < rest->length && rest->start[length] != separator) {
		length++;
	}
	*part = (struct config_text){rest->start, length};
	*is_last = length == rest->length;
	length += *is_last ? 0 : 1;
	rest->start += length;
	rest->length -= length;
}

/* Decimal digits only, and not so many that the value could wrap. */
static bool parse_number(struct config_text text, uint64_t *number)
{
	uint64_t value = 0;

	if (text.length == 0) {
		return false;
	}
	for (size_t i = 0; i < text.length; i++) {
		if (text.start[i] < '0' || text.start[i] > '9') {
			return false;
		}
		value = value * 10 + (uint64_t)(text.start[i] - '0');
		if (value > NUMBER_MAX) {
			return false;
		}
	}
	*number = value;
	return true;
}

/* "3" or "3-5". */
static bool parse_range(struct config_text text, uint64_t *first, uint64_t *last)
{
	struct config_text low;
	bool is_last;

	config_split(&text, '-', &low, &is_last);
	if (!parse_number(config_trim(low), first)) {
		return false;
	}
	*last = *first;
	return is_last || parse_number(config_trim(text), last);
}

enum hv_status config_cpus(struct config_text text, uint32_t line, uint64_t *cpus,
			   struct config_error *error)
{
	struct config_text rest = text;
	struct config_text part;
	uint64_t first;
	uint64_t last;
	uint64_t set = 0;
	bool is_last = false;

	while (!is_last) {
		config_split(&rest, ',', &part, &is_last);
		if (!parse_range(part, &first, &last) || first > last) {
			return config_fail(error, line,
					   "`%.*s` is no list of CPUs such as 0 or 1-2,4",
					   config_shown(text), text.start);
		}
		if (last >= CONFIG_CPU_MAX) {
			return config_fail(error, line,
					   "CPU %llu is beyond the highest possible, %u",
					   (unsigned long long)last, CONFIG_CPU_MAX - 1);
		}
		for (uint64_t cpu = first; cpu <= last; cpu++) {
			if ((set & BIT(cpu)) != 0) {
				return config_fail(error, line, "CPU %u is given twice in the list",
						   (unsigned int)cpu);
			}
			set |= BIT(cpu);
		}
	}
	*cpus = set;
	return HV_OK;
}

/* "512M" or "1G". */
static bool parse_size(struct config_text text, uint64_t *bytes)
{
	struct config_text digits = text;
	char unit = text.length > 0 ? text.start[text.length - 1] : '\0';
	uint64_t number;

	digits.length -= digits.length > 0 ? 1 : 0;
	if ((unit != 'M' && unit != 'G') || !parse_number(digits, &number)) {
		return false;
	}
	*bytes = number << (unit == 'M' ? 20 : 30);
	return true;
}

enum hv_status config_memory(struct config_text text, uint32_t line, uint64_t *bytes,
			     struct config_error *error)
{
	uint64_t value;

	if (!parse_size(text, &value)) {
		return config_fail(error, line, "`%.*s` is no size such as 512M or 1G",
				   config_shown(text), text.start);
	}
	if (value < CONFIG_MEMORY_MIN || value > CONFIG_MEMORY_MAX) {
		return config_fail(error, line, "memory of %.*s is %s", config_shown(text),
				   text.start,
				   value < CONFIG_MEMORY_MIN ? "less than 4M" : "more than 65536G");
	}
	if (value % CONFIG_MEMORY_ALIGN != 0) {
		return config_fail(error, line, "memory of %.*s is not a multiple of 2M",
				   config_shown(text), text.start);
	}
	*bytes = value;
	return HV_OK;
}

bool config_is_served(struct config_text text)
{
	return text.length >= sizeof(SERVED) - 1 &&
	       memcmp(text.start, SERVED, sizeof(SERVED) - 1) == 0;
}

enum hv_status config_served(struct config_text text, uint32_t line, uint64_t *sectors,
			     struct config_error *error)
{
	struct config_text size = {text.start + sizeof(SERVED) - 1,
				   text.length - (sizeof(SERVED) - 1)};
	uint64_t bytes;

	if (!parse_size(size, &bytes) || bytes == 0 || bytes > CONFIG_MEMORY_MAX) {
		return config_fail(error, line,
				   "`%.*s` is no size of a disk such as served:512M or served:4G",
				   config_shown(text), text.start);
	}
	*sectors = bytes / CONFIG_SECTOR_SIZE;
	return HV_OK;
}

enum hv_status config_path(struct config_text text, uint32_t line, struct config_error *error)
{
	size_t start = 0;

	if (text.length > CONFIG_PATH_MAX) {
		return config_fail(error, line, "path of %u characters, longer than %u",
				   (unsigned int)text.length, CONFIG_PATH_MAX);
	}
	for (size_t i = 0; i <= text.length; i++) {
		char c = i < text.length ? text.start[i] : '/';

		if (c < ' ' || c > '~') {
			return config_fail(error, line, "path has a character that is not ASCII");
		}
		if (c != '/' && c != '\\') {
			continue;
		}
		if (i == start) {
			return config_fail(error, line, "path `%.*s` %s", config_shown(text),
					   text.start,
					   i == 0 ? "is not relative to the configuration file"
						  : "has an empty part");
		}
		if (i - start == 2 && text.start[start] == '.' && text.start[start + 1] == '.') {
			return config_fail(error, line, "path `%.*s` has a `..` in it",
					   config_shown(text), text.start);
		}
		start = i + 1;
	}
	return HV_OK;
}

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

enum hv_status config_name(struct config_text text, uint32_t line, char *name,
			   struct config_error *error)
{
	bool is_well_formed = text.length > 0 && text.length <= CONFIG_NAME_MAX;

	for (size_t i = 0; is_well_formed && i < text.length; i++) {
		is_well_formed = is_name_character(text.start[i]);
	}
	if (!is_well_formed) {
		return config_fail(
			error, line,
			"partition name `%.*s` is not 1 to %u of letters, digits, _ and -",
			config_shown(text), text.start, CONFIG_NAME_MAX);
	}
	memcpy(name, text.start, text.length);
	name[text.length] = '\0';
	return HV_OK;
}

static bool parse_hex(char c, uint32_t *value)
{
	if (c >= '0' && c <= '9') {
		*value = (uint32_t)(c - '0');
	} else if (c >= 'a' && c <= 'f') {
		*value = (uint32_t)(c - 'a') + 10;
	} else if (c >= 'A' && c <= 'F') {
		*value = (uint32_t)(c - 'A') + 10;
	} else {
		return false;
	}
	return true;
}

/* "BB:DD.F", hexadecimal, as lspci prints it. */
static bool parse_pci(struct config_text text, uint16_t *address)
{
	uint32_t digits[5];
	uint32_t device;

	if (text.length != 7 || text.start[2] != ':' || text.start[5] != '.' ||
	    !parse_hex(text.start[0], &digits[0]) || !parse_hex(text.start[1], &digits[1]) ||
	    !parse_hex(text.start[3], &digits[2]) || !parse_hex(text.start[4], &digits[3]) ||
	    !parse_hex(text.start[6], &digits[4])) {
		return false;
	}
	device = digits[2] << 4 | digits[3];
	if (device > 31 || digits[4] > 7) {
		return false;
	}
	*address = (uint16_t)(digits[0] << 12 | digits[1] << 8 | device << 3 | digits[4]);
	return true;
}

static enum hv_status add_pci(struct config_text text, uint32_t line,
			      struct config_partition *partition, struct config_error *error)
{
	struct config_text place =
		config_trim((struct config_text){text.start + 4, text.length - 4});
	uint16_t address;

	if (!parse_pci(place, &address)) {
		return config_fail(error, line, "`%.*s` is no PCI function such as pci 00:03.0",
				   config_shown(text), text.start);
	}
	for (uint32_t i = 0; i < partition->pci_count; i++) {
		if (partition->pci[i] == address) {
			return config_fail(error, line, "device `%.*s` is given twice",
					   config_shown(text), text.start);
		}
	}
	if (partition->pci_count == CONFIG_PCI_MAX) {
		return config_fail(error, line, "more than %u PCI functions in one partition",
				   CONFIG_PCI_MAX);
	}
	partition->pci[partition->pci_count++] = address;
	return HV_OK;
}

enum hv_status config_devices(struct config_text text, uint32_t line,
			      struct config_partition *partition, struct config_error *error)
{
	static const char *const names[] = {"console", "net0", "block0", "entropy", "channel0"};
	struct config_text part;
	enum hv_status status;
	uint32_t device;
	bool is_last = false;

	while (!is_last) {
		config_split(&text, ',', &part, &is_last);
		part = config_trim(part);
		if (part.length > 4 && memcmp(part.start, "pci", 3) == 0 &&
		    is_space(part.start[3])) {
			status = add_pci(part, line, partition, error);
			if (status != HV_OK) {
				return status;
			}
			continue;
		}
		for (device = 0; device < ARRAY_COUNT(names); device++) {
			if (config_text_is(part, names[device])) {
				break;
			}
		}
		if (device == ARRAY_COUNT(names)) {
			return config_fail(
				error, line,
				"unknown device `%.*s`: there are console, net0, block0, "
				"entropy, channel0 and pci BB:DD.F",
				config_shown(part), part.start);
		}
		if ((partition->devices & BIT32(device)) != 0) {
			return config_fail(error, line, "device `%s` is given twice",
					   names[device]);
		}
		partition->devices |= BIT32(device);
	}
	return HV_OK;
}

enum hv_status config_word(struct config_text key, struct config_text text, uint32_t line,
			   const char *const *words, uint32_t count, uint32_t *position,
			   struct config_error *error)
{
	char list[80];
	size_t length = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (config_text_is(text, words[i])) {
			*position = i;
			return HV_OK;
		}
		length += fmt_print(list + length, sizeof(list) - length, "%s%s",
				    i == 0          ? ""
				    : i + 1 < count ? ", "
						    : " or ",
				    words[i]);
	}
	return config_fail(error, line, "%.*s is `%.*s`, but can only be %s", config_shown(key),
			   key.start, config_shown(text), text.start, list);
}
