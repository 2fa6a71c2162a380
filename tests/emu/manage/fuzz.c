/* SPDX-License-Identifier: Apache-2.0 */
/* Random commands, of values that mean something: whatever they do, it can be undone. */
#include "hostile.h"

#include <stdio.h>

/* What stays for the next partition of an id; one is made while another still goes: two ids. */
#define KEPT_OF_ID (UINT64_C(6) << 12)

static uint64_t random_state;

static uint32_t next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32);
}

static bool one_in(uint32_t n)
{
	return next() % n == 0;
}

static uint64_t odd_number(void)
{
	static const uint64_t values[] = {0,
					  1,
					  8,
					  64,
					  CODE_AT,
					  sizeof(struct manage_create),
					  sizeof(struct manage_partition),
					  sizeof(struct manage_vcpu),
					  CONFIG_MEMORY_ALIGN,
					  MANAGE_DATA_SIZE,
					  UINT32_MAX,
					  UINT64_C(1) << 47,
					  UINT64_MAX};
	uint64_t value = values[next() % (sizeof(values) / sizeof(values[0]))];

	return one_in(4) ? value + next() % 5 - 2 : one_in(8) ? next() : value;
}

/* A creation that is good but for some bytes. */
static void fill_data(void)
{
	struct manage_create create = tiny("fuzz");
	uint8_t *bytes = (uint8_t *)&create;

	create.config.name[4] = (char)('a' + next() % 4);
	create.config.devices = one_in(2) ? next() & MANAGE_DEVICES : 0;
	for (uint32_t i = one_in(2) ? next() % 4 : 0; i > 0; i--) {
		size_t end = one_in(2) ? sizeof(create) : sizeof(create.config);

		bytes[next() % end] = (uint8_t)next();
	}
	if (one_in(4)) {
		memset(&create.start, (int)next(), sizeof(create.start));
	}
	make_survivable(&create.start);
	memcpy(device.window->data, &create, sizeof(create));
}

/* The neighbour is not to be stopped by a good command. */
static bool spares_neighbour(const struct manage_command *command)
{
	return command->id != BETA ||
	       (command->opcode != MANAGE_STOP && command->opcode != MANAGE_PAUSE);
}

static struct manage_command draw(void)
{
	struct manage_command command = {
		.opcode = one_in(16)  ? next()
			  : one_in(2) ? MANAGE_START + next() % (MANAGE_DESTROY - MANAGE_START + 1)
				      : next() % (MANAGE_COUNT + 1),
		.id = one_in(8)   ? (uint32_t)odd_number()
		      : one_in(2) ? FIRST_MADE
				  : next() % 6,
		.argument = one_in(2) ? odd_number() : 0,
		.data_offset = one_in(4) ? (uint32_t)odd_number() : 0,
		.data_size = one_in(2) ? (uint32_t)odd_number() : 0,
	};

	if (command.opcode == MANAGE_CREATE && !one_in(4)) {
		command = (struct manage_command){.opcode = MANAGE_CREATE,
						  .data_size = sizeof(struct manage_create)};
	} else if (one_in(2)) { /* one that may be good */
		command.argument = command.opcode == MANAGE_LOAD ? CODE_AT : 0;
		command.data_offset = 0;
		command.data_size = command.opcode == MANAGE_LOAD ? 64 : 0;
	}
	if (one_in(16)) {
		((uint32_t *)&command)[next() % (sizeof(command) / 4)] = next();
	}
	if (!spares_neighbour(&command)) {
		command.id = FIRST_MADE;
	}
	return command;
}

/* All that it has made. */
static bool undo(void)
{
	bool is_good = true;

	(void)ring(0, &(struct manage_command){.opcode = MANAGE_TRACE}); /* off */
	for (uint32_t id = BETA + 1; id < CONFIG_PARTITION_MAX; id++) {
		struct manage_partition partition;

		look(id, &partition);
		if (partition.config.name[0] == '\0') {
			continue;
		}
		if (partition.state == MANAGE_CLEARING || partition.state == MANAGE_STOPPING) {
			(void)wait_for(id, MANAGE_STOPPED);
		}
		(void)order(MANAGE_STOP, id);
		(void)wait_for(id, MANAGE_STOPPED);
		(void)order(MANAGE_DESTROY, id);
		is_good = wait_gone(id) && is_good;
	}
	return is_good;
}

static bool is_refusal(uint32_t status)
{
	return status >= MANAGE_UNKNOWN && status <= MANAGE_NEEDS_IOMMU;
}

void fuzz(uint64_t seed, uint32_t count)
{
	struct state before;
	struct state after;
	uint32_t taken[MANAGE_COUNT] = {0};
	uint32_t odd = 0;
	bool is_undone;

	random_state = seed != 0 ? seed : 1;
	report(undo(), "fuzz-start", "something does not go");
	state_take(&before);
	for (uint32_t i = 0; i < count; i++) {
		struct manage_command command = draw();
		uint32_t status;

		fill_data();
		if (one_in(32)) { /* no such slot */
			device.ring(&device, next() | MANAGE_SLOT_COUNT);
		}
		status = ring(next() % MANAGE_SLOT_COUNT, &command);
		odd += status != MANAGE_OK && !is_refusal(status);
		if (status == MANAGE_OK && command.opcode < MANAGE_COUNT) {
			taken[command.opcode]++;
		}
		if (one_in(64)) {
			(void)undo();
		}
	}
	printf("\nfuzz: seed=%llu commands=%u created=%u started=%u loaded=%u destroyed=%u\n",
	       (unsigned long long)seed, count, taken[MANAGE_CREATE], taken[MANAGE_START],
	       taken[MANAGE_LOAD], taken[MANAGE_DESTROY]);
	is_undone = undo();
	state_take(&after);
	/* The first channel member takes the channel's frame, for good. */
	before.info.memory_free -=
		before.info.memory_free - after.info.memory_free == CONFIG_MEMORY_ALIGN
			? CONFIG_MEMORY_ALIGN
			: 0;
	before.info.pool_used +=
		after.info.pool_used - before.info.pool_used == KEPT_OF_ID ? KEPT_OF_ID : 0;
	before.info.pool_used +=
		after.info.pool_used - before.info.pool_used == KEPT_OF_ID ? KEPT_OF_ID : 0;
	report(odd == 0, "fuzz-status", "%u undocumented", odd);
	report(taken[MANAGE_CREATE] > 0 && taken[MANAGE_START] > 0 && taken[MANAGE_DESTROY] > 0,
	       "fuzz-reaches", "nothing was made, started or destroyed");
	report(is_undone && memcmp(before.list, after.list, sizeof(after.list)) == 0 &&
		       before.info.memory_free == after.info.memory_free &&
		       before.info.cpus_free == after.info.cpus_free &&
		       before.info.pool_used == after.info.pool_used,
	       "fuzz-is-undone", "memory %llx, pool %llx, CPUs %llx",
	       (unsigned long long)(before.info.memory_free - after.info.memory_free),
	       (unsigned long long)(after.info.pool_used - before.info.pool_used),
	       (unsigned long long)(before.info.cpus_free ^ after.info.cpus_free));
}
