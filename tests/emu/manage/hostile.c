/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as no tool sends them: the device, what is looked at, the report. */
#include "hostile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define REPORT_SIZE 16384u
#define PIECE       4096u
#define POLL_US     20000

/* Start state: SDM 3C, "Guest Register State". */
#define CODE32   0xc09bu
#define DATA32   0xc093u
#define LDT      0x0082u
#define TSS_BUSY 0x008bu
#define CR0_PE   1u
#define CR0_ET   16u

struct bh_device device;

static char report_text[REPORT_SIZE];
static size_t report_length;
static uint32_t passed;
static uint32_t failed;

/* mov dx, 0x600; mov al, 0x34; out dx, al; jmp $: ACPI's S5. */
const uint8_t code_power_off[9] = {0x66, 0xba, 0x00, 0x06, 0xb0, 0x34, 0xee, 0xeb, 0xfe};
const uint8_t code_loop[2] = {0xeb, 0xfe};

void report(bool is_good, const char *name, const char *format, ...)
{
	char why[160] = "";
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	passed += is_good;
	failed += !is_good;
	report_length += (size_t)snprintf(report_text + report_length, REPORT_SIZE - report_length,
					  "%s manage.%s%s%s\n", is_good ? "PASS" : "FAIL", name,
					  is_good ? "" : ": ", is_good ? "" : why);
	report_length = report_length < REPORT_SIZE ? report_length : REPORT_SIZE - 1;
}

void report_end(void)
{
	(void)is_neighbour_alive(); /* it prints no more for a while */
	printf("\n%sDONE passed=%u failed=%u skipped=0\n", report_text, passed, failed);
}

uint32_t ring(uint32_t slot, const struct manage_command *command)
{
	volatile struct manage_command *at = &device.window->commands[slot % MANAGE_SLOT_COUNT];

	*at = *command;
	at->status = MANAGE_PENDING;
	device.ring(&device, slot);
	return at->status;
}

const struct manage_command *answer_of(uint32_t slot)
{
	return &device.window->commands[slot];
}

uint32_t order(uint32_t opcode, uint32_t id)
{
	struct manage_command command = {.opcode = opcode, .id = id};

	return ring(0, &command);
}

static uint32_t send(uint32_t opcode, uint32_t id, uint64_t argument, const void *data,
		     uint32_t size)
{
	struct manage_command command = {
		.opcode = opcode, .id = id, .argument = argument, .data_size = size};

	memcpy(device.window->data, data, size);
	return ring(0, &command);
}

static uint32_t ask(uint32_t opcode, uint32_t id, void *data, uint32_t size)
{
	struct manage_command command = {.opcode = opcode, .id = id, .data_size = size};
	uint32_t status = ring(0, &command);

	if (status == MANAGE_OK) {
		memcpy(data, device.window->data, size);
	}
	return status;
}

uint32_t load(uint32_t id, const void *code, uint32_t size)
{
	return send(MANAGE_LOAD, id, CODE_AT, code, size);
}

uint32_t create(const struct manage_create *wanted, uint32_t *id)
{
	uint32_t status = send(MANAGE_CREATE, 0, 0, wanted, sizeof(*wanted));

	*id = (uint32_t)answer_of(0)->result;
	return status;
}

void make_survivable(struct boot_start *start)
{
	if ((start->efer & START_EFER_LME) != 0) {
		start->cr4 |= START_CR4_PAE;
	}
}

struct manage_create tiny(const char *name)
{
	struct manage_create create = {
		.config = {.cpus = UINT64_C(1) << FREE_CPU, .memory = CONFIG_MEMORY_ALIGN},
		.start = {.cs = {0x10, CODE32, UINT32_MAX, 0},
			  .data = {0x18, DATA32, UINT32_MAX, 0},
			  .ldtr = {0, LDT, 0xffff, 0},
			  .tr = {0, TSS_BUSY, 0x67, 0},
			  .cr0 = CR0_ET | CR0_PE,
			  .rip = CODE_AT},
	};

	strncpy(create.config.name, name, CONFIG_NAME_MAX);
	return create;
}

void look(uint32_t id, struct manage_partition *partition)
{
	if (ask(MANAGE_PARTITION, id, partition, sizeof(*partition)) != MANAGE_OK) {
		memset(partition, 0, sizeof(*partition));
	}
}

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool wait_for(uint32_t id, uint32_t state)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	struct manage_partition partition;

	do {
		look(id, &partition);
	} while (partition.state != state && now_ms() < end);
	return partition.config.name[0] != '\0' && partition.state == state;
}

bool wait_gone(uint32_t id)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	struct manage_partition partition;

	do {
		look(id, &partition);
	} while (partition.config.name[0] != '\0' && now_ms() < end);
	return partition.config.name[0] == '\0';
}

static uint32_t last_event(uint32_t id)
{
	uint64_t next = *(volatile uint64_t *)&device.window->event_next;

	for (uint64_t at = next - 1; at + MANAGE_EVENT_COUNT > next && at > 0; at--) {
		const struct manage_event *event = &device.window->events[at % MANAGE_EVENT_COUNT];

		if (event->sequence == at && event->id == id) {
			return event->kind;
		}
	}
	return 0;
}

bool wait_entered(uint32_t id)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	uint32_t kind;

	do {
		kind = last_event(id);
	} while (kind != MANAGE_EVENT_ENTERED && kind != MANAGE_EVENT_STOPPED && now_ms() < end);
	return kind == MANAGE_EVENT_ENTERED || kind == MANAGE_EVENT_STOPPED;
}

static uint64_t log_end(void)
{
	struct manage_command command = {.opcode = MANAGE_LOG, .argument = UINT64_MAX};

	(void)ring(0, &command);
	return answer_of(0)->result;
}

void state_take(struct state *state)
{
	memset(state, 0, sizeof(*state));
	(void)ask(MANAGE_INFO, 0, &state->info, sizeof(state->info));
	state->info.tsc = 0;
	state->info.unix_nanoseconds = 0;
	for (uint32_t id = 0; id < LISTED; id++) {
		look(id, &state->list[id]);
	}
	state->event_next = device.window->event_next;
	state->log = log_end();
}

uint32_t log_lines_since(uint64_t *position)
{
	struct manage_command command = {.opcode = MANAGE_LOG, .data_size = PIECE};
	char text[PIECE + 1];
	uint32_t used;
	uint32_t lines = 0;

	do {
		command.argument = *position;
		(void)ring(0, &command);
		used = answer_of(0)->data_used;
		memcpy(text, device.window->data, used);
		text[used] = '\0';
		*position = answer_of(0)->result;
		for (const char *at = text; (at = strstr(at, "hv: ")) != NULL; at++) {
			lines++;
		}
	} while (used == PIECE);
	return lines;
}

const char *state_change(const struct state *before)
{
	static char text[80];
	uint64_t position = before->log;
	struct state now;

	state_take(&now);
	if (memcmp(&before->info, &now.info, sizeof(now.info)) != 0) {
		snprintf(text, sizeof(text), "memory %+lld, CPUs %llx, pool %+lld",
			 (long long)(now.info.memory_free - before->info.memory_free),
			 (unsigned long long)(now.info.cpus_free ^ before->info.cpus_free),
			 (long long)(now.info.pool_used - before->info.pool_used));
		return text;
	}
	if (memcmp(before->list, now.list, sizeof(now.list)) != 0) {
		return "partitions";
	}
	if (before->event_next != now.event_next) {
		return "events";
	}
	return log_lines_since(&position) != 0 ? "log" : "";
}

bool is_neighbour_alive(void)
{
	struct manage_command end_of_console = {
		.opcode = MANAGE_CONSOLE_READ, .id = BETA, .argument = UINT64_MAX};
	uint64_t end = now_ms() + PATIENCE_MS;
	struct manage_partition beta;
	uint64_t position;
	bool is_heard;

	(void)ring(0, &end_of_console);
	position = answer_of(0)->result;
	do {
		usleep(POLL_US);
		look(BETA, &beta);
		is_heard =
			ring(0, &end_of_console) == MANAGE_OK && answer_of(0)->result != position;
	} while (!is_heard && beta.state == MANAGE_RUNNING && now_ms() < end);
	usleep(10 * POLL_US); /* the rest of its line */
	return is_heard;
}

int main(int argc, char **argv)
{
	const char *why;

	if (!bh_device_open(&device, NULL, &why)) {
		fprintf(stderr, "hostile: %s\n", why);
		return 1;
	}
	if (argc == 3 && strcmp(argv[1], "die") == 0) {
		return die(argv[2]);
	}
	if (argc != 4) {
		fprintf(stderr, "usage: hostile COMMANDS SEED ROUNDS | hostile die MOMENT\n");
		return 2;
	}
	bad_ports();
	bad_commands();
	bad_creations();
	insane_starts();
	fuzz(strtoull(argv[2], NULL, 0), (uint32_t)strtoul(argv[1], NULL, 0));
	rounds((uint32_t)strtoul(argv[3], NULL, 0));
	report(is_neighbour_alive(), "neighbour", "beta has no beat");
	report_end();
	return 0;
}
