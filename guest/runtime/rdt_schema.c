/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include "rdt.h"

struct domain {
	unsigned long id;
	unsigned long long value;
};

/* "0=7f0" up to ';' or the line's end. Returns what follows, or NULL. */
static const char *read_domain(const char *at, int base, struct domain *domain)
{
	char *end;

	domain->id = strtoul(at, &end, 10);
	end += strspn(end, " ");
	if (end == at || *end != '=') {
		return NULL;
	}
	at = end + 1;
	domain->value = strtoull(at, &end, base);
	if (end == at) {
		return NULL;
	}
	end += strspn(end, " \r");
	return !*end || *end == '\n' || *end == ';' ? end : NULL;
}

/* What follows "L3:" in the line of that resource. */
static const char *find_line(const char *file, const char *name, size_t length)
{
	while (file) {
		file += strspn(file, " ");
		if (!strncmp(file, name, length) && file[length] == ':') {
			return file + length + 1;
		}
		file = strchr(file, '\n');
		file += file != NULL;
	}
	return NULL;
}

static bool has_domain(const char *at, int base, const struct domain *wanted, unsigned long step)
{
	struct domain found;
	unsigned long long value = wanted->value;

	if (step) {
		value = (value + step - 1) / step * step;
	}
	while ((at = read_domain(at, base, &found))) {
		if (found.id == wanted->id) {
			return found.value == value;
		}
		if (*at != ';') {
			return false;
		}
		at++;
	}
	return false;
}

bool rdt_schema_matches(const char *line, const char *file, unsigned long step)
{
	const char *name = line + strspn(line, " ");
	size_t length = strcspn(name, ":");
	const char *theirs = find_line(file, name, length);
	bool bandwidth = length == 2 && !strncmp(name, "MB", 2);
	int base = bandwidth ? 10 : 16;
	const char *at = name + length;
	struct domain wanted;

	if (!*at || !theirs) {
		return false;
	}
	do {
		at = read_domain(at + 1, base, &wanted);
		if (!at || !has_domain(theirs, base, &wanted, bandwidth ? step : 0)) {
			return false;
		}
	} while (*at == ';');
	return true;
}
