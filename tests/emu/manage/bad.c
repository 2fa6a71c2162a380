/* SPDX-License-Identifier: Apache-2.0 */
/* Every command with every field wrong, in every wrong state; refused, and nothing changes. */
#include "hostile.h"

#include <stdio.h>

#define MANAGE_LAST (MANAGE_COUNT - 1)

/* What a command uses, by manage_abi.h. */
#define USES_ID       1u
#define USES_OTHER    2u /* not its own id */
#define USES_ARGUMENT 4u
#define USES_DATA     8u
#define USES_CPU      16u /* in place of an id */

static const uint32_t uses[MANAGE_COUNT] = {
	[MANAGE_INFO] = USES_DATA,
	[MANAGE_PARTITION] = USES_ID | USES_DATA,
	[MANAGE_VCPU] = USES_ID | USES_ARGUMENT | USES_DATA,
	[MANAGE_START] = USES_ID | USES_OTHER,
	[MANAGE_STOP] = USES_ID | USES_OTHER,
	[MANAGE_PAUSE] = USES_ID | USES_OTHER,
	[MANAGE_RESUME] = USES_ID | USES_OTHER,
	[MANAGE_CREATE] = USES_DATA,
	[MANAGE_LOAD] = USES_ID | USES_OTHER | USES_ARGUMENT | USES_DATA,
	[MANAGE_DESTROY] = USES_ID | USES_OTHER,
	[MANAGE_LOG] = USES_ARGUMENT | USES_DATA,
	[MANAGE_CONSOLE_READ] = USES_ID | USES_ARGUMENT | USES_DATA,
	[MANAGE_CONSOLE_WRITE] = USES_ID | USES_OTHER | USES_DATA,
	[MANAGE_TRACE] = USES_ARGUMENT,
	[MANAGE_TRACE_READ] = USES_CPU | USES_ARGUMENT | USES_DATA,
	[MANAGE_TAKE_CPU] = USES_ID | USES_ARGUMENT,
	[MANAGE_GIVE_CPU] = USES_ID | USES_ARGUMENT,
	[MANAGE_CONSOLE_SIZE] = USES_ID | USES_OTHER | USES_ARGUMENT,
	[MANAGE_DISK_TAKE] = USES_ID | USES_OTHER | USES_ARGUMENT | USES_DATA,
	[MANAGE_DISK_DONE] = USES_ID | USES_OTHER | USES_DATA,
};

/* A group of commands that must be refused, reported as one. */
static struct {
	struct state before;
	uint32_t done;
	uint32_t wrong;
	char first[120]; /* what was wrong */
} group;

static void begin(void)
{
	memset(&group, 0, sizeof(group));
	state_take(&group.before);
}

static void refused(const struct manage_command *command, uint32_t expected)
{
	uint32_t slot = group.done++ % MANAGE_SLOT_COUNT;
	uint32_t status = ring(slot, command);
	const char *change;

	if (status == expected && answer_of(slot)->result == 0 && answer_of(slot)->data_used == 0) {
		change = state_change(&group.before);
		if (change[0] == '\0') {
			return;
		}
	} else {
		change = "";
	}
	if (group.wrong++ == 0) {
		snprintf(group.first, sizeof(group.first),
			 "opcode %u id %u argument %llx data %x+%x: %u, not %u; changed: %s",
			 command->opcode, command->id, (unsigned long long)command->argument,
			 command->data_offset, command->data_size, status, expected, change);
		state_take(&group.before);
	}
}

static void end(const char *name)
{
	report(group.wrong == 0 && group.done > 0, name, "%u of %u, first: %s", group.wrong,
	       group.done, group.first);
}

static struct manage_command good(uint32_t opcode, uint32_t id)
{
	return (struct manage_command){.opcode = opcode,
				       .id = (uses[opcode] & USES_ID) != 0 ? id : 0,
				       .data_size = (uses[opcode] & USES_DATA) != 0 ? 64 : 0};
}

static void unknown_opcodes(void)
{
	static const uint32_t opcodes[] = {MANAGE_COUNT, MANAGE_COUNT + 1, 0xff,      0x100,
					   0x10000,      0x80000001u,      UINT32_MAX};

	begin();
	for (uint32_t i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++) {
		refused(&(struct manage_command){.opcode = opcodes[i]}, MANAGE_UNKNOWN);
		refused(&(struct manage_command){.opcode = opcodes[i],
						 .id = BETA,
						 .reserved = 1,
						 .data_size = UINT32_MAX},
			MANAGE_UNKNOWN);
	}
	end("unknown-opcode");
}

static void unused_fields(uint32_t id)
{
	begin();
	for (uint32_t opcode = 0; opcode <= MANAGE_LAST; opcode++) {
		struct manage_command bad = good(opcode, id);

#define REFUSED(change)                                                                            \
	do {                                                                                       \
		bad = good(opcode, id);                                                            \
		change;                                                                            \
		refused(&bad, MANAGE_INVALID);                                                     \
	} while (0)
		REFUSED(bad.reserved = 1);
		REFUSED(bad.reserved = UINT32_MAX);
		REFUSED(bad.reserved2 = 0x80000000u);
		REFUSED(bad.reserved3[0] = 1);
		REFUSED(bad.reserved3[1] = UINT64_MAX);
		if ((uses[opcode] & (USES_ID | USES_CPU)) == 0) {
			REFUSED(bad.id = BETA);
			REFUSED(bad.id = UINT32_MAX);
		}
		if ((uses[opcode] & USES_ARGUMENT) == 0) {
			REFUSED(bad.argument = 1);
			REFUSED(bad.argument = UINT64_C(1) << 63);
		}
		if ((uses[opcode] & USES_DATA) == 0) {
			REFUSED(bad.data_offset = 8);
			REFUSED(bad.data_size = 1);
			REFUSED(bad.data_size = UINT32_MAX);
		} else {
			REFUSED(bad.data_offset = (uint32_t)MANAGE_DATA_SIZE - 63);
			REFUSED(bad.data_offset = (uint32_t)MANAGE_DATA_SIZE + 1;
				bad.data_size = 0);
			REFUSED(bad.data_offset = UINT32_MAX);
			REFUSED(bad.data_offset = UINT32_MAX - 63);
			REFUSED(bad.data_size = (uint32_t)MANAGE_DATA_SIZE + 1);
			REFUSED(bad.data_size = UINT32_MAX; bad.data_offset = 1);
		}
#undef REFUSED
	}
	end("fields");
}

static void wrong_ids(void)
{
	static const uint32_t ids[] = {4, 31, 32, 33, 64, 0x100, 0x80000000u, UINT32_MAX};

	begin();
	for (uint32_t opcode = 0; opcode <= MANAGE_LAST; opcode++) {
		for (uint32_t i = 0; (uses[opcode] & USES_ID) != 0 && i < 8; i++) {
			struct manage_command bad = good(opcode, ids[i]);

			refused(&bad, MANAGE_NO_PARTITION);
		}
		if ((uses[opcode] & USES_OTHER) != 0) {
			struct manage_command bad = good(opcode, OWN_ID);

			refused(&bad, MANAGE_DENIED);
		}
	}
	refused(&(struct manage_command){.opcode = MANAGE_LOAD, .id = BETA, .data_size = 64},
		MANAGE_DENIED);
	refused(&(struct manage_command){.opcode = MANAGE_DESTROY, .id = BETA}, MANAGE_DENIED);
	end("ids");
}

static void small_answers(uint32_t id)
{
	static const struct {
		uint32_t opcode;
		uint32_t size;
	} answers[] = {{MANAGE_INFO, sizeof(struct manage_info)},
		       {MANAGE_PARTITION, sizeof(struct manage_partition)},
		       {MANAGE_VCPU, sizeof(struct manage_vcpu)},
		       {MANAGE_CREATE, sizeof(struct manage_create)}};
	static const uint64_t indexes[] = {1, 64, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};

	begin();
	for (uint32_t i = 0; i < 4; i++) {
		struct manage_command bad = good(answers[i].opcode, id);

		bad.data_size = answers[i].size - 1;
		refused(&bad, MANAGE_INVALID);
		bad.data_size = 0;
		refused(&bad, MANAGE_INVALID);
	}
	for (uint32_t i = 0; i < 5; i++) {
		struct manage_command bad = good(MANAGE_VCPU, id);

		bad.data_size = sizeof(struct manage_vcpu);
		bad.argument = indexes[i];
		refused(&bad, MANAGE_INVALID);
	}
	end("sizes");
}

/* Of the CPUs that it could lend, of consoles' sizes, of disks, of the trace, which is off. */
static void wrong_arguments(uint32_t id)
{
	static const uint64_t sizes[] = {0, 80, 24 << 16, UINT64_C(1) << 32 | 24 << 16 | 80,
					 UINT64_MAX};

	begin();
	for (uint32_t opcode = MANAGE_TAKE_CPU; opcode <= MANAGE_GIVE_CPU; opcode++) {
		struct manage_command bad = good(opcode, OWN_ID);

		refused(&bad, MANAGE_DENIED); /* its boot CPU */
		bad.argument = 1;
		refused(&bad, MANAGE_INVALID); /* it has one */
		bad.argument = UINT64_C(1) << 32;
		refused(&bad, MANAGE_INVALID);
		bad = good(opcode, id);
		bad.argument = 1;
		refused(&bad, MANAGE_DENIED); /* not another's */
	}
	for (uint32_t i = 0; i < 5; i++) {
		struct manage_command bad = good(MANAGE_CONSOLE_SIZE, id);

		bad.argument = sizes[i];
		refused(&bad, MANAGE_INVALID);
	}
	refused(&(struct manage_command){.opcode = MANAGE_CONSOLE_SIZE,
					 .id = id,
					 .argument = 24 << 16 | 80},
		MANAGE_DENIED); /* it has no such console */
	for (uint32_t opcode = MANAGE_DISK_TAKE; opcode <= MANAGE_DISK_DONE; opcode++) {
		struct manage_command bad = good(opcode, id);

		refused(&bad, MANAGE_DENIED); /* nor such a disk */
	}
	refused(&(struct manage_command){.opcode = MANAGE_TRACE, .argument = 2}, MANAGE_INVALID);
	refused(&(struct manage_command){.opcode = MANAGE_TRACE, .argument = UINT64_MAX},
		MANAGE_INVALID);
	refused(&(struct manage_command){.opcode = MANAGE_TRACE}, MANAGE_BUSY);
	refused(&(struct manage_command){.opcode = MANAGE_TRACE_READ, .data_size = 64},
		MANAGE_NO_CPU);
	refused(&(struct manage_command){.opcode = MANAGE_TRACE_READ,
					 .id = UINT32_MAX,
					 .data_size = 64},
		MANAGE_NO_CPU);
	end("arguments");
}

static void wrong_addresses(uint32_t id)
{
	static const uint64_t addresses[] = {CONFIG_MEMORY_ALIGN - 63, CONFIG_MEMORY_ALIGN,
					     UINT64_C(0xc0000000),     UINT64_C(0xe0000000),
					     UINT64_C(0xfee00000),     UINT64_C(1) << 32,
					     UINT64_C(1) << 52,        UINT64_MAX - 63,
					     UINT64_MAX - 62,          UINT64_MAX};

	begin();
	for (uint32_t i = 0; i < 10; i++) {
		struct manage_command bad = good(MANAGE_LOAD, id);

		bad.argument = addresses[i];
		refused(&bad, MANAGE_BAD_ADDRESS);
	}
	refused(&(struct manage_command){.opcode = MANAGE_LOAD, .id = id}, MANAGE_BAD_ADDRESS);
	end("addresses");
}

static void wrong_state(uint32_t id, const uint32_t *opcodes, uint32_t count)
{
	state_take(&group.before);
	for (uint32_t i = 0; i < count; i++) {
		struct manage_command bad = good(opcodes[i], id);

		refused(&bad, MANAGE_BUSY);
	}
}

/* Of a partition that is made, and empty. */
static void wrong_states(uint32_t id)
{
	static const uint32_t stopped[] = {MANAGE_START, MANAGE_STOP, MANAGE_PAUSE, MANAGE_RESUME,
					   MANAGE_CONSOLE_WRITE};
	static const uint32_t running[] = {MANAGE_START, MANAGE_RESUME, MANAGE_LOAD,
					   MANAGE_DESTROY};
	static const uint32_t paused[] = {MANAGE_START, MANAGE_PAUSE, MANAGE_LOAD, MANAGE_DESTROY};
	static const uint32_t neighbours[] = {MANAGE_START, MANAGE_RESUME};
	bool is_done;

	begin();
	wrong_state(BETA, neighbours, 2);
	wrong_state(id, stopped, 5);
	is_done = load(id, code_loop, sizeof(code_loop)) == MANAGE_OK &&
		  order(MANAGE_START, id) == MANAGE_OK && wait_entered(id);
	wrong_state(id, running, 4);
	is_done = is_done && order(MANAGE_PAUSE, id) == MANAGE_OK;
	wrong_state(id, paused, 4);
	is_done = is_done && order(MANAGE_STOP, id) == MANAGE_OK && wait_for(id, MANAGE_STOPPED);
	wrong_state(id, stopped, 5);
	end("states");
	report(is_done, "state-changes", "a good command was refused");
}

void bad_commands(void)
{
	struct manage_create wanted = tiny("empty");
	struct state before;
	uint32_t id;
	bool is_made;

	state_take(&before);
	is_made = create(&wanted, &id) == MANAGE_OK && wait_for(id, MANAGE_STOPPED);
	report(is_made, "create", "refused");
	if (!is_made) {
		return;
	}
	unknown_opcodes();
	unused_fields(id);
	wrong_ids();
	small_answers(id);
	wrong_arguments(id);
	wrong_addresses(id);
	wrong_states(id);
	report(order(MANAGE_DESTROY, id) == MANAGE_OK && wait_gone(id), "destroy", "refused");
}
