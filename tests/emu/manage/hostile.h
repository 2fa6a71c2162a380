/* SPDX-License-Identifier: Apache-2.0 */
/* A management side that does everything wrong, and looks whether anything changed. */
#pragma once

#include "bh_device.h"

#include <string.h>

#define MIB         (UINT64_C(1) << 20)
#define OWN_ID      0u
#define BETA        1u /* the neighbour, of the configuration */
#define FREE_CPU    2u
#define FIRST_MADE  2u /* the id of a partition that is made while there are two */
#define LISTED      5u /* partitions that are looked at after each command */
#define CODE_AT     0x1000u
#define PATIENCE_MS 60000u

/* What must be as it was. */
struct state {
	struct manage_info info; /* times are 0 */
	bool is_there[LISTED];
	struct manage_partition list[LISTED];
	uint64_t event_next;
	uint64_t log; /* position */
};

extern struct bh_device device;

/* --- hostile.c --------------------------------------------------------------------------------*/
/* Each a line of the report, which is printed at the end, in a moment when nobody else prints. */
void report(bool is_good, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void report_end(void);

/* Does a command as it is, by a slot; -> its status. The slot then has all of it. */
uint32_t ring(uint32_t slot, const struct manage_command *command);
const struct manage_command *answer_of(uint32_t slot);

/* The usual ones, by slot 0, their data at the start of window.data. */
uint32_t order(uint32_t opcode, uint32_t id);
uint32_t load(uint32_t id, const void *code, uint32_t size);
uint32_t create(const struct manage_create *wanted, uint32_t *id);
/*
 * QEMU's TCG: after an exit from a guest with EFER.LME and without CR4.PAE the host runs on with
 * paging off. So none starts that way here.
 */
#define START_EFER_LME UINT64_C(0x100)
#define START_CR4_PAE  UINT64_C(0x20)
void make_survivable(struct boot_start *start);
void look(uint32_t id, struct manage_partition *partition); /* name empty: there is none */
struct manage_create tiny(const char *name);

/* False: not in PATIENCE_MS. */
bool wait_for(uint32_t id, uint32_t state);
bool wait_gone(uint32_t id);
/* It has been entered; it may have stopped since. */
bool wait_entered(uint32_t id);
uint64_t now_ms(void);

void state_take(struct state *state);
/* Lines of the hypervisor's own that came since `position`, which moves on. */
uint32_t log_lines_since(uint64_t *position);
/* "": the same, else what differs. */
const char *state_change(const struct state *before);
/* The neighbour prints something after the call. */
bool is_neighbour_alive(void);

extern const uint8_t code_power_off[9];
extern const uint8_t code_loop[2];

/* --- the tests ------------------------------------------------------------------------------- */
void bad_commands(void);
void bad_creations(void);
void bad_ports(void);
void insane_starts(void);
void fuzz(uint64_t seed, uint32_t count);
void rounds(uint32_t count);
/* Crashes this system at a moment of a creation: "clearing", "between", "loading". */
int die(const char *moment);
