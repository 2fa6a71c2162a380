/* SPDX-License-Identifier: Apache-2.0 */
/* bh ls, info, inspect. */
#include "bh_partition.h"
#include "bh_table.h"
#include "bh_words.h"

#include "names.h"

#include <inttypes.h>
#include <string.h>

#define WORDS_SIZE  48u
#define FACTS_SIZE  256u
#define OUTPUT_SIZE 4096u

static bool is_json(const struct bh *bh)
{
	return (bh->options.given & OPTION_JSON) != 0;
}

static bool has_stopped(const struct manage_partition *is)
{
	return is->start_count > 1 || (is->start_count == 1 && is->state == MANAGE_STOPPED);
}

/* What it stopped for, or does. */
static void state_cell(struct table *table, uint32_t column, const struct manage_partition *is)
{
	if (is->state != MANAGE_STOPPED || !has_stopped(is)) {
		table_cell(table, column, "%s", words_state(is->state));
	} else if (is->cause == MANAGE_CAUSE_STOP) {
		table_cell(table, column, "stopped");
	} else if (is->cause == MANAGE_CAUSE_POWER_OFF) {
		table_cell(table, column, "stopped: %s, code %" PRIu64, words_cause(is->cause),
			   is->exit_code);
	} else {
		table_cell(table, column, "stopped: %s", words_cause(is->cause));
	}
}

static void json_cpus(struct json *json, const char *name, uint64_t cpus)
{
	json_array(json, name);
	for (uint32_t i = 0; i < CONFIG_CPU_MAX; i++) {
		if ((cpus >> i & 1) != 0) {
			json_number(json, NULL, i);
		}
	}
	json_end(json, ']');
}

static void json_partition(struct json *json, const struct bh_partition *partition)
{
	const struct manage_partition *is = &partition->is;
	char text[WORDS_SIZE];

	json_number(json, "id", partition->id);
	json_text(json, "name", is->config.name);
	json_text(json, "state", words_state(is->state));
	if (has_stopped(is)) {
		json_text(json, "last_stop", words_cause(is->cause));
		json_number(json, "exit_code", is->exit_code);
	}
	json_cpus(json, "cpus", is->config.cpus);
	json_number(json, "memory", is->config.memory);
	json_text(json, "devices", words_devices(text, sizeof(text), is->config.devices));
	json_number(json, "starts", is->start_count);
	json_number(json, "vcpus", is->vcpu_count);
	json_bool(json, "created", is->is_created != 0);
	json_bool(json, "management", (is->config.flags & CONFIG_PARTITION_MANAGEMENT) != 0);
	json_number(json, "pool_bytes", (uint64_t)is->pool_pages << 12);
}

static void ls_json(struct bh *bh, const struct bh_partition *list, uint32_t count)
{
	struct json json = {.out = bh->out};

	json_array(&json, NULL);
	for (uint32_t i = 0; i < count; i++) {
		json_object(&json, NULL);
		json_partition(&json, &list[i]);
		json_end(&json, '}');
	}
	json_end(&json, ']');
	fputc('\n', bh->out);
}

int bh_ls(struct bh *bh)
{
	static const char *const titles[] = {">ID", "NAME", "CPUS", ">MEMORY", ">STARTS", "STATE"};
	struct bh_partition list[CONFIG_PARTITION_MAX];
	static struct table table;
	uint32_t count;
	char text[WORDS_SIZE];
	int result = bh_list(bh, list, &count);

	if (result != BH_OK) {
		return result;
	}
	if (is_json(bh)) {
		ls_json(bh, list, count);
		return BH_OK;
	}
	table_start(&table, titles, 6);
	for (uint32_t i = 0; i < count; i++) {
		const struct manage_partition *is = &list[i].is;

		table_row(&table);
		table_cell(&table, 0, "%u", list[i].id);
		table_cell(&table, 1, "%s", is->config.name);
		table_cell(&table, 2, "%s", words_cpus(text, sizeof(text), is->config.cpus));
		table_cell(&table, 3, "%s", words_size(text, sizeof(text), is->config.memory));
		table_cell(&table, 4, "%u", is->start_count);
		state_cell(&table, 5, is);
	}
	table_print(&table, bh->out, bh->is_terminal);
	return BH_OK;
}

static void info_json(struct bh *bh, const struct manage_info *info)
{
	struct json json = {.out = bh->out};
	char words[FACTS_SIZE];

	json_object(&json, NULL);
	json_number(&json, "version", info->version);
	json_number(&json, "cpus", info->cpu_count);
	json_cpus(&json, "cpus_free", info->cpus_free);
	json_number(&json, "memory_free", info->memory_free);
	json_number(&json, "pool_total", info->pool_total);
	json_number(&json, "pool_used", info->pool_used);
	json_number(&json, "tsc_hz", info->tsc_hz);
	json_number(&json, "tsc", info->tsc);
	json_number(&json, "unix_nanoseconds", info->unix_nanoseconds);
	json_number(&json, "partitions_max", info->partition_max);
	json_bool(&json, "x2apic", info->is_x2apic != 0);
	json_text(&json, "features", words_features(words, sizeof(words), info->facts));
	json_text(&json, "mitigations", words_mitigations(words, sizeof(words), info->facts));
	json_end(&json, '}');
	fputc('\n', bh->out);
}

int bh_info(struct bh *bh)
{
	struct manage_info info;
	char free[WORDS_SIZE];
	char facts[FACTS_SIZE];
	int result = bh_get_info(bh, &info);

	if (result != BH_OK) {
		return result;
	}
	if (is_json(bh)) {
		info_json(bh, &info);
		return BH_OK;
	}
	fprintf(bh->out, "CPUs          %u, free: %s\n", info.cpu_count,
		words_cpus(free, sizeof(free), info.cpus_free));
	fprintf(bh->out, "free memory   %s\n", words_size(free, sizeof(free), info.memory_free));
	fprintf(bh->out, "pool          %" PRIu64 " KiB of %" PRIu64 " KiB used\n",
		info.pool_used >> 10, info.pool_total >> 10);
	fprintf(bh->out, "TSC           %.3f MHz\n", (double)info.tsc_hz / 1e6);
	fprintf(bh->out, "APIC          %s\n", info.is_x2apic != 0 ? "x2APIC" : "xAPIC");
	fprintf(bh->out, "partitions    at most %u\n", info.partition_max);
	fprintf(bh->out, "run by        %s\n", words_features(facts, sizeof(facts), info.facts));
	fprintf(bh->out, "mitigations   %s\n", words_mitigations(facts, sizeof(facts), info.facts));
	return BH_OK;
}

static void inspect_json(struct bh *bh, const struct bh_partition *partition,
			 const struct manage_vcpu *vcpus, uint32_t count)
{
	struct json json = {.out = bh->out};

	json_object(&json, NULL);
	json_partition(&json, partition);
	json_array(&json, "vcpu");
	for (uint32_t i = 0; i < count; i++) {
		json_object(&json, NULL);
		json_number(&json, "cpu", vcpus[i].cpu);
		json_text(&json, "state", words_vcpu_state(vcpus[i].state));
		json_number(&json, "rip", vcpus[i].rip);
		json_object(&json, "exits");
		for (uint32_t reason = 0; reason < EXIT_COUNT_REASONS; reason++) {
			json_number(&json, name_find(names_exit, reason), vcpus[i].exits[reason]);
		}
		json_end(&json, '}');
		json_end(&json, '}');
	}
	json_end(&json, ']');
	json_end(&json, '}');
	fputc('\n', bh->out);
}

/* Of the end of its output the line that tells of a panic, else the last one. */
static void print_last_words(struct bh *bh, const struct bh_partition *partition)
{
	static char text[OUTPUT_SIZE + 1];
	struct bh_call call = {.opcode = MANAGE_CONSOLE_READ,
			       .id = partition->id,
			       .receive = text,
			       .receive_size = OUTPUT_SIZE};
	const char *words = NULL;
	char *rest = text;

	if (partition->is.state != MANAGE_STOPPED || bh_call(&bh->device, &call) != MANAGE_OK) {
		return;
	}
	for (uint32_t i = 0; i < call.used; i++) {
		bool is_break = text[i] == '\n' || text[i] == '\r';

		text[i] = is_break || (text[i] >= ' ' && text[i] <= '~') ? text[i] : ' ';
	}
	text[call.used] = '\0';
	for (char *line = strtok_r(text, "\r\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\r\n", &rest)) {
		if (words == NULL || strstr(words, "panic") == NULL) {
			words = line;
		}
	}
	if (words != NULL) {
		fprintf(bh->out, "last words    %.100s\n", words);
	}
}

static void inspect_text(struct bh *bh, const struct bh_partition *partition,
			 const struct manage_vcpu *vcpus, uint32_t count)
{
	const struct manage_partition *is = &partition->is;
	static const char *const titles[] = {">VCPU", ">CPU", "STATE", "RIP", ">EXITS"};
	static struct table table;
	char text[WORDS_SIZE];

	fprintf(bh->out, "partition     %s (id %u)\n", is->config.name, partition->id);
	fprintf(bh->out, "state         %s\n", words_state(is->state));
	if (has_stopped(is)) {
		fprintf(bh->out, "last stop     %s", words_cause(is->cause));
		if (is->cause == MANAGE_CAUSE_POWER_OFF) {
			fprintf(bh->out, ", code %" PRIu64, is->exit_code);
		}
		fputc('\n', bh->out);
	}
	print_last_words(bh, partition);
	fprintf(bh->out, "starts        %u\n", is->start_count);
	fprintf(bh->out, "CPUs          %s\n", words_cpus(text, sizeof(text), is->config.cpus));
	fprintf(bh->out, "memory        %s\n", words_size(text, sizeof(text), is->config.memory));
	fprintf(bh->out, "devices       %s\n",
		words_devices(text, sizeof(text), is->config.devices));
	fprintf(bh->out, "made by       %s\n", is->is_created != 0 ? "bh create" : "bulkhead.conf");
	fprintf(bh->out, "hypervisor's  %u KiB\n", is->pool_pages * 4);
	table_start(&table, titles, 5);
	for (uint32_t i = 0; i < count; i++) {
		table_row(&table);
		table_cell(&table, 0, "%u", i);
		table_cell(&table, 1, "%u", vcpus[i].cpu);
		table_cell(&table, 2, "%s", words_vcpu_state(vcpus[i].state));
		table_cell(&table, 3, "0x%" PRIx64, vcpus[i].rip);
		table_cell(&table, 4, "%" PRIu64, vcpus[i].exits[EXIT_COUNT_TOTAL]);
	}
	table_print(&table, bh->out, bh->is_terminal);
}

int bh_inspect(struct bh *bh)
{
	static struct manage_vcpu vcpus[CONFIG_CPU_MAX];
	struct bh_partition partition;
	uint32_t count = 0;
	int result = bh_find(bh, bh->options.names[0], &partition);

	if (result != BH_OK) {
		return result;
	}
	while (count < partition.is.vcpu_count && count < CONFIG_CPU_MAX) {
		struct bh_call call = {.opcode = MANAGE_VCPU,
				       .id = partition.id,
				       .argument = count,
				       .receive = &vcpus[count],
				       .receive_size = sizeof(vcpus[count])};
		uint32_t status = bh_call(&bh->device, &call);

		if (status != MANAGE_OK) {
			return bh_refused(bh, "inspect", bh->options.names[0], status);
		}
		count++;
	}
	if (is_json(bh)) {
		inspect_json(bh, &partition, vcpus, count);
	} else {
		inspect_text(bh, &partition, vcpus, count);
	}
	return BH_OK;
}
