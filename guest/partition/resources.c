/* SPDX-License-Identifier: Apache-2.0 */
#include "resources.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CPU_MAX    64u
#define MEMORY_MAX (UINT64_C(1) << 46)
/* The kernel with what it needs before it gives memory to anybody, in the largest case. */
#define KERNEL_NEEDS (UINT64_C(72) << 20)

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + RESOURCES_MEMORY_UNIT - 1) / RESOURCES_MEMORY_UNIT * RESOURCES_MEMORY_UNIT;
}

/* Digits alone, at most `most`. */
static bool number(const char **text, uint64_t most, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)**text)) {
		return false;
	}
	errno = 0;
	*value = strtoull(*text, &end, 10);
	*text = end;
	return errno == 0 && *value <= most;
}

bool resources_cpu_list(const char *text, uint64_t *mask)
{
	uint64_t first;
	uint64_t last;

	*mask = 0;
	do {
		if (!number(&text, CPU_MAX - 1, &first)) {
			return false;
		}
		last = first;
		if (*text == '-' && (text++, !number(&text, CPU_MAX - 1, &last) || last < first)) {
			return false;
		}
		for (uint64_t cpu = first; cpu <= last; cpu++) {
			*mask |= UINT64_C(1) << cpu;
		}
	} while (*text++ == ',');
	return text[-1] == '\0';
}

bool resources_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMG";
	const char *unit;
	uint64_t value;

	if (!number(&text, MEMORY_MAX, &value)) {
		return false;
	}
	unit = *text != '\0' ? strchr(units, toupper((unsigned char)*text)) : NULL;
	if (unit != NULL) {
		unsigned int shift = 10 * (unsigned int)(unit - units + 1);

		if (value > MEMORY_MAX >> shift) {
			return false;
		}
		value <<= shift;
		text++;
	}
	*bytes = value;
	return *text == '\0';
}

uint64_t resources_memory_for(uint64_t image)
{
	/* While it is unpacked it is there twice; what is unpacked may take half of the RAM. */
	return round_up(KERNEL_NEEDS + 2 * image + image / 8);
}

static bool read_cpus(json *cpu, json *annotations, struct resources *limits, const char **why)
{
	const char *wish = json_get_string(annotations, RESOURCES_CPUS, NULL);
	const char *list = json_get_string(cpu, "cpus", "");
	int64_t quota = json_get_int(cpu, "quota", 0);
	int64_t period = json_get_int(cpu, "period", 100000);
	uint64_t count = 1;

	if (wish != NULL) {
		if (!number(&wish, CPU_MAX, &count) || *wish != '\0' || count == 0) {
			*why = "annotation " RESOURCES_CPUS " is no number from 1 to 64";
			return false;
		}
	} else if (*list != '\0') {
		if (!resources_cpu_list(list, &limits->cpus)) {
			*why = "linux.resources.cpu.cpus is no list of CPUs such as 2-3";
			return false;
		}
		count = (uint64_t)__builtin_popcountll(limits->cpus);
	} else if (quota > 0) {
		if (period <= 0 || quota / period >= CPU_MAX) {
			*why = "linux.resources.cpu asks for more than 64 CPUs";
			return false;
		}
		count = (uint64_t)((quota + period - 1) / period);
	}
	limits->cpu_count = (uint32_t)count;
	return true;
}

bool resources_read(json *resources, json *annotations, struct resources *limits, const char **why)
{
	const char *wish = json_get_string(annotations, RESOURCES_MEMORY, NULL);
	int64_t limit = json_get_int(json_get_object(resources, "memory"), "limit", 0);

	*limits = (struct resources){.cpu_count = 1};
	if (!read_cpus(json_get_object(resources, "cpu"), annotations, limits, why)) {
		return false;
	}
	limits->memory = limit > 0 ? (uint64_t)limit : 0;
	if (wish != NULL && (!resources_size(wish, &limits->memory) || limits->memory == 0)) {
		*why = "annotation " RESOURCES_MEMORY " is no size such as 256M";
		return false;
	}
	if (limits->memory > MEMORY_MAX) {
		limits->memory = 0; /* as good as no limit: what runtimes write for it */
	}
	if (limits->memory != 0) {
		limits->memory = limits->memory < RESOURCES_MEMORY_LEAST ? RESOURCES_MEMORY_LEAST
									 : round_up(limits->memory);
	}
	return true;
}
