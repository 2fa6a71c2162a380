/* SPDX-License-Identifier: Apache-2.0 */
/* bh stat, top: how often partitions leave the guest, and for what. */
#include "bh_partition.h"
#include "bh_table.h"
#include "bh_words.h"

#include "bits.h"
#include "names.h"

#include <inttypes.h>
#include <string.h>

#define CLEAR_SCREEN "\033[H\033[2J"

/* Exits of all vCPUs of a partition, at one moment. */
struct sample {
	struct bh_partition partition;
	uint64_t exits[EXIT_COUNT_REASONS];
	uint64_t since[EXIT_COUNT_REASONS]; /* of the interval */
};

struct measure {
	struct sample samples[CONFIG_PARTITION_MAX];
	uint32_t count;
	double when;
	double seconds; /* of the interval */
};

/* What top shows of the 16 reasons. */
static const struct {
	const char *title;
	uint32_t reasons; /* bits */
} groups[] = {
	{">EXITS/S", BIT32(EXIT_COUNT_TOTAL)},
	{">IO", BIT32(EXIT_COUNT_IO)},
	{">MMIO", BIT32(EXIT_COUNT_MMIO)},
	{">APIC", BIT32(EXIT_COUNT_APIC)},
	{">MSR", BIT32(EXIT_COUNT_RDMSR) | BIT32(EXIT_COUNT_WRMSR)},
	{">CPUID", BIT32(EXIT_COUNT_CPUID)},
	{">CALL", BIT32(EXIT_COUNT_HYPERCALL)},
	{">HLT", BIT32(EXIT_COUNT_HLT)},
	{">INTR", BIT32(EXIT_COUNT_INTERRUPT) | BIT32(EXIT_COUNT_NMI) | BIT32(EXIT_COUNT_WINDOW)},
};

static bool take_sample(struct bh *bh, struct sample *sample)
{
	memset(sample->exits, 0, sizeof(sample->exits));
	for (uint32_t i = 0; i < sample->partition.is.vcpu_count; i++) {
		struct manage_vcpu vcpu;
		struct bh_call call = {.opcode = MANAGE_VCPU,
				       .id = sample->partition.id,
				       .argument = i,
				       .receive = &vcpu,
				       .receive_size = sizeof(vcpu)};

		if (bh_call(&bh->device, &call) != MANAGE_OK) {
			return false; /* removed meanwhile */
		}
		for (uint32_t reason = 0; reason < EXIT_COUNT_REASONS; reason++) {
			sample->exits[reason] += vcpu.exits[reason];
		}
	}
	return true;
}

static int take(struct bh *bh, struct measure *measure)
{
	struct bh_partition list[CONFIG_PARTITION_MAX];
	uint32_t count = 0;
	int result = BH_OK;

	if (bh->options.name_count > 0) {
		result = bh_find(bh, bh->options.names[0], &list[0]);
		count = 1;
	} else {
		result = bh_list(bh, list, &count);
	}
	measure->count = 0;
	measure->when = bh_seconds();
	for (uint32_t i = 0; result == BH_OK && i < count; i++) {
		struct sample *sample = &measure->samples[measure->count];

		sample->partition = list[i];
		measure->count += take_sample(bh, sample) ? 1 : 0;
	}
	return result;
}

/* Counters that went back were reset by the guest. */
static void subtract(struct measure *now, const struct measure *before)
{
	now->seconds = now->when - before->when;
	for (uint32_t i = 0; i < now->count; i++) {
		struct sample *sample = &now->samples[i];
		const struct sample *old = NULL;

		for (uint32_t j = 0; j < before->count; j++) {
			if (before->samples[j].partition.id == sample->partition.id) {
				old = &before->samples[j];
			}
		}
		for (uint32_t reason = 0; reason < EXIT_COUNT_REASONS; reason++) {
			uint64_t base = old != NULL && old->exits[reason] <= sample->exits[reason]
						? old->exits[reason]
						: 0;

			sample->since[reason] = sample->exits[reason] - base;
		}
	}
}

static double rate(const struct measure *measure, uint64_t count)
{
	return measure->seconds > 0 ? (double)count / measure->seconds : 0;
}

static void print_json(struct bh *bh, const struct measure *measure)
{
	struct json json = {.out = bh->out};

	json_array(&json, NULL);
	for (uint32_t i = 0; i < measure->count; i++) {
		const struct sample *sample = &measure->samples[i];

		json_object(&json, NULL);
		json_text(&json, "name", sample->partition.is.config.name);
		json_text(&json, "state", words_state(sample->partition.is.state));
		json_decimal(&json, "seconds", measure->seconds);
		json_object(&json, "exits");
		for (uint32_t reason = 0; reason < EXIT_COUNT_REASONS; reason++) {
			json_number(&json, name_find(names_exit, reason), sample->exits[reason]);
		}
		json_end(&json, '}');
		json_object(&json, "per_second");
		for (uint32_t reason = 0; reason < EXIT_COUNT_REASONS; reason++) {
			json_decimal(&json, name_find(names_exit, reason),
				     rate(measure, sample->since[reason]));
		}
		json_end(&json, '}');
		json_end(&json, '}');
	}
	json_end(&json, ']');
	fputc('\n', bh->out);
}

static void print_all(struct bh *bh, const struct measure *measure)
{
	const char *titles[TABLE_COLUMNS] = {"NAME", "STATE"};
	static struct table table;

	for (uint32_t i = 0; i < ARRAY_COUNT(groups); i++) {
		titles[2 + i] = groups[i].title;
	}
	table_start(&table, titles, 2 + ARRAY_COUNT(groups));
	for (uint32_t i = 0; i < measure->count; i++) {
		const struct sample *sample = &measure->samples[i];

		table_row(&table);
		table_cell(&table, 0, "%s", sample->partition.is.config.name);
		table_cell(&table, 1, "%s", words_state(sample->partition.is.state));
		for (uint32_t group = 0; group < ARRAY_COUNT(groups); group++) {
			uint64_t count = 0;

			for (uint32_t reason = 0; reason < EXIT_COUNT_REASONS; reason++) {
				count += (groups[group].reasons >> reason & 1) != 0
						 ? sample->since[reason]
						 : 0;
			}
			table_cell(&table, 2 + group, "%.0f", rate(measure, count));
		}
	}
	table_print(&table, bh->out, bh->is_terminal);
}

static void print_one(struct bh *bh, const struct measure *measure)
{
	static const char *const titles[] = {"EXIT", ">TOTAL", ">PER SECOND", ">SHARE"};
	const struct sample *sample = &measure->samples[0];
	double total = (double)sample->since[EXIT_COUNT_TOTAL];
	static struct table table;

	table_start(&table, titles, 4);
	for (uint32_t reason = 0; reason < EXIT_COUNT_REASONS && measure->count > 0; reason++) {
		if (sample->exits[reason] == 0 && reason != EXIT_COUNT_TOTAL) {
			continue;
		}
		table_row(&table);
		table_cell(&table, 0, "%s", name_find(names_exit, reason));
		table_cell(&table, 1, "%" PRIu64, sample->exits[reason]);
		table_cell(&table, 2, "%.0f", rate(measure, sample->since[reason]));
		table_cell(&table, 3, "%.0f %%",
			   total > 0 ? (double)sample->since[reason] * 100 / total : 0);
	}
	table_print(&table, bh->out, bh->is_terminal);
}

/* Measures `count` times, without end for 0. */
static int measure(struct bh *bh, uint32_t count, bool is_live)
{
	static struct measure now;
	static struct measure before;
	int result = take(bh, &before);

	for (uint32_t i = 0; result == BH_OK && (count == 0 || i < count) && !ferror(bh->out);
	     i++) {
		bh_sleep(bh->options.interval / 1e3);
		result = take(bh, &now);
		if (result != BH_OK) {
			break;
		}
		subtract(&now, &before);
		fputs(is_live ? CLEAR_SCREEN : "", bh->out);
		if ((bh->options.given & OPTION_JSON) != 0) {
			print_json(bh, &now);
		} else if (bh->options.name_count > 0) {
			print_one(bh, &now);
		} else {
			print_all(bh, &now);
		}
		fflush(bh->out);
		before = now;
	}
	return result;
}

int bh_stat(struct bh *bh)
{
	return measure(bh, (bh->options.given & OPTION_COUNT) != 0 ? bh->options.count : 1, false);
}

int bh_top(struct bh *bh)
{
	return measure(bh, bh->options.count, bh->is_terminal);
}
