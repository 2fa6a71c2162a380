/* SPDX-License-Identifier: Apache-2.0 */
/* bh stat, top: how often partitions leave the guest, and for what. */
#include "bh_partition.h"
#include "bh_screen.h"
#include "bh_table.h"
#include "bh_trace.h"
#include "bh_words.h"

#include "bits.h"
#include "names.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LOOK 0.1 /* seconds: top is not to begin with an empty screen */

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
	bool has_costs;
	struct trace_cost costs[CONFIG_PARTITION_MAX]; /* by id, of the interval */
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

static const struct trace_cost *cost_of(const struct measure *measure, const struct sample *sample)
{
	return &measure->costs[sample->partition.id % CONFIG_PARTITION_MAX];
}

static double mean(const struct trace_cost *cost, uint32_t reason)
{
	return cost->count[reason] > 0 ? (double)cost->ticks[reason] / (double)cost->count[reason]
				       : 0;
}

static void json_costs(struct json *json, const struct measure *measure,
		       const struct sample *sample)
{
	const struct trace_cost *cost = cost_of(measure, sample);

	if (!measure->has_costs) {
		return;
	}
	json_object(json, "cycles");
	for (uint32_t reason = 0; reason < EXIT_COUNT_REASONS; reason++) {
		json_decimal(json, name_find(names_exit, reason), mean(cost, reason));
	}
	json_end(json, '}');
	json_number(json, "cycles_measured", cost->count[EXIT_COUNT_TOTAL]);
	json_number(json, "cycles_lost", cost->lost);
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
		json_number(&json, "memory", sample->partition.is.config.memory);
		json_number(&json, "hypervisor_memory",
			    (uint64_t)sample->partition.is.pool_pages << 12);
		json_costs(&json, measure, sample);
		json_end(&json, '}');
	}
	json_end(&json, ']');
	fputc('\n', bh->out);
}

static void print_all(const struct measure *measure, FILE *out, bool has_colours)
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
	table_print(&table, out, has_colours);
}

/* A guest that halts does so without an exit: only what the hypervisor takes is seen from here. */
static void print_use(struct bh *bh, const struct measure *measure, const struct sample *sample)
{
	const struct manage_partition *is = &sample->partition.is;
	const struct trace_cost *cost = cost_of(measure, sample);
	struct manage_info info;
	char words[48];

	fprintf(bh->out, "memory %s, the hypervisor's for it %u KiB",
		words_size(words, sizeof(words), is->config.memory), is->pool_pages * 4);
	if (measure->has_costs && is->vcpu_count > 0 && bh_get_info(bh, &info) == BH_OK) {
		double all = measure->seconds * (double)info.tsc_hz * is->vcpu_count;

		fprintf(bh->out, "; exits took %.3f %% of the time of %u CPUs",
			(double)cost->ticks[EXIT_COUNT_TOTAL] * 100 / all, is->vcpu_count);
		if (cost->lost > 0) {
			fprintf(bh->out, ", and %" PRIu64 " exits more that came too fast",
				cost->lost);
		}
	}
	fputc('\n', bh->out);
}

static void print_one(struct bh *bh, const struct measure *measure)
{
	static const char *const titles[] = {"EXIT", ">TOTAL", ">PER SECOND", ">SHARE", ">CYCLES"};
	const struct sample *sample = &measure->samples[0];
	double total = (double)sample->since[EXIT_COUNT_TOTAL];
	static struct table table;

	if (measure->count == 0) {
		return;
	}
	table_start(&table, titles, measure->has_costs ? 5 : 4);
	for (uint32_t reason = 0; reason < EXIT_COUNT_REASONS; reason++) {
		if (sample->exits[reason] == 0 && reason != EXIT_COUNT_TOTAL) {
			continue;
		}
		table_row(&table);
		table_cell(&table, 0, "%s", name_find(names_exit, reason));
		table_cell(&table, 1, "%" PRIu64, sample->exits[reason]);
		table_cell(&table, 2, "%.0f", rate(measure, sample->since[reason]));
		table_cell(&table, 3, "%.0f %%",
			   total > 0 ? (double)sample->since[reason] * 100 / total : 0);
		if (measure->has_costs) {
			table_cell(&table, 4, "%.0f", mean(cost_of(measure, sample), reason));
		}
	}
	table_print(&table, bh->out, bh->is_terminal);
	print_use(bh, measure, sample);
}

static int wait_interval(struct bh *bh, struct measure *measure)
{
	double seconds = bh->options.interval / 1e3;

	measure->has_costs = (bh->options.given & OPTION_CYCLES) != 0;
	if (measure->has_costs) {
		return trace_measure(bh, seconds, measure->costs);
	}
	bh_sleep(seconds);
	return BH_OK;
}

/* Measures `count` times, without end for 0. */
static int measure(struct bh *bh, uint32_t count)
{
	static struct measure now;
	static struct measure before;
	int result = take(bh, &before);

	for (uint32_t i = 0; result == BH_OK && (count == 0 || i < count) && !ferror(bh->out);
	     i++) {
		result = wait_interval(bh, &now);
		result = result == BH_OK ? take(bh, &now) : result;
		if (result != BH_OK) {
			break;
		}
		subtract(&now, &before);
		fputs(i > 0 && (bh->options.given & OPTION_JSON) == 0 ? "\n" : "", bh->out);
		if ((bh->options.given & OPTION_JSON) != 0) {
			print_json(bh, &now);
		} else if (bh->options.name_count > 0) {
			print_one(bh, &now);
		} else {
			print_all(&now, bh->out, bh->is_terminal);
		}
		fflush(bh->out);
		before = now;
	}
	return result;
}

int bh_stat(struct bh *bh)
{
	return measure(bh, (bh->options.given & OPTION_COUNT) != 0 ? bh->options.count : 1);
}

/* The machine in two lines, then a row for each partition. */
static int draw(struct bh *bh, struct screen *screen, const struct measure *measure)
{
	struct manage_info info;
	char words[2][48];
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int result = bh_get_info(bh, &info);

	if (out == NULL) {
		return BH_FAILED;
	}
	if (result == BH_OK) {
		fprintf(out, "bh top: exits per second over %.1f s; q ends\n", measure->seconds);
		fprintf(out,
			"%u CPUs, free: %s; free memory %s; pool %" PRIu64 " of %" PRIu64 " KiB\n",
			info.cpu_count, words_cpus(words[0], sizeof(words[0]), info.cpus_free),
			words_size(words[1], sizeof(words[1]), info.memory_free),
			info.pool_used >> 10, info.pool_total >> 10);
		fputc('\n', out);
		print_all(measure, out, false);
	}
	fclose(out);
	if (result == BH_OK) {
		screen_draw(screen, text, 3, bh->is_terminal);
	}
	free(text);
	return result;
}

static int live(struct bh *bh, struct screen *screen)
{
	static struct measure now;
	static struct measure before;
	double interval = bh->options.interval / 1e3;
	enum screen_event event = SCREEN_TIME;
	int result = take(bh, &before);

	for (uint32_t i = 0;
	     result == BH_OK && (bh->options.count == 0 || i < bh->options.count);) {
		event = screen_wait(screen,
				    i == 0 && interval > FIRST_LOOK ? FIRST_LOOK : interval);
		if (event == SCREEN_END || ferror(bh->out)) {
			break;
		}
		if (event == SCREEN_TIME) {
			result = take(bh, &now);
			subtract(&now, &before);
			before = now;
			i++;
		}
		result = result == BH_OK ? draw(bh, screen, &now) : result;
	}
	return result;
}

int bh_top(struct bh *bh)
{
	struct screen screen;
	FILE *errors = bh->errors;
	char *text = NULL;
	size_t size = 0;
	int result;

	if (!bh->is_live) {
		return measure(bh, bh->options.count);
	}
	bh->errors = open_memstream(&text, &size); /* to be read, not drawn over */
	if (bh->errors == NULL) {
		bh->errors = errors;
		return bh_fail(bh, BH_FAILED, "no memory is left here; stop something");
	}
	screen_open(&screen, bh->out, bh->input);
	result = live(bh, &screen);
	screen_close(&screen);
	fclose(bh->errors);
	bh->errors = errors;
	fputs(text, errors);
	free(text);
	return result;
}
