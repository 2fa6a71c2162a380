/* SPDX-License-Identifier: Apache-2.0 */
/* What bh's commands share: where they write, the device they ask, and their result. */
#pragma once

#include "bh_device.h"
#include "bh_options.h"

#include "manage_abi.h"

#include <stdbool.h>
#include <stdio.h>

#define BH_FOLDER "/run/bh" /* the configurations that partitions were created from */
#define BH_CPUS   "/sys/devices/system/cpu"

/* What bh exits with. */
enum bh_result {
	BH_OK = 0,
	BH_FAILED = 1,
	BH_USAGE = 2,
	BH_NO_PARTITION = 3,
	BH_NO_DEVICE = 4,
};

struct bh {
	struct bh_device device;
	const char *folder;
	const char *cpus; /* folder of this partition's CPUs */
	FILE *out;
	FILE *errors;
	int input;        /* of a console */
	bool is_terminal; /* out: colours */
	bool is_live;     /* out: a whole screen */
	bool shows_progress;
	uint64_t began;  /* TSC at main() */
	uint64_t tsc_hz; /* 0: not asked yet */
	struct bh_options options;
};

/* All of it but opening the streams: argv[0] is "bh". Returns enum bh_result. */
int bh_run(struct bh *bh, int argc, char **argv);

/* Prints `bh: WHAT: WHY; WAY OUT` and returns `result`. */
__attribute__((format(printf, 3, 4))) int bh_fail(struct bh *bh, int result, const char *format,
						  ...);

/* The command's own options and names are in bh->options. */
struct bh_command {
	const char *name;
	const char *arguments; /* as --help shows them */
	const char *summary;
	uint32_t options; /* OPTION_* */
	uint32_t names_min;
	uint32_t names_max;
	bool is_offline; /* works without the device */
	int (*run)(struct bh *bh);
	const char *examples; /* lines */
};
extern const struct bh_command bh_commands[]; /* ends with a NULL name */

int bh_help(struct bh *bh, const struct bh_command *command);

/* show.c */
int bh_ls(struct bh *bh);
int bh_info(struct bh *bh);
int bh_inspect(struct bh *bh);

/* life.c */
int bh_start(struct bh *bh);
int bh_stop(struct bh *bh);
int bh_pause(struct bh *bh);
int bh_resume(struct bh *bh);
int bh_reset(struct bh *bh);
int bh_rm(struct bh *bh);

/* create.c */
int bh_create(struct bh *bh);
int bh_check_config(struct bh *bh);

/* give.c */
int bh_give(struct bh *bh);
int bh_take(struct bh *bh);

/* stat.c */
int bh_stat(struct bh *bh);
int bh_top(struct bh *bh);

/* disk.c */
int bh_disk(struct bh *bh);

/* log.c */
int bh_log(struct bh *bh);
int bh_events(struct bh *bh);

/* trace.c */
int bh_trace(struct bh *bh);

/* console.c */
int bh_console(struct bh *bh);
