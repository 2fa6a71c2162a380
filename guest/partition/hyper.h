/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's side of a container: a partition made, loaded, started, asked, and ended. */
#pragma once

#include "bh_partition.h"
#include "resources.h"
#include "tree.h"

#define HYPER_STAGES(X)                                                                            \
	X(BEGUN, "begun") /* the runtime's first instruction */                                    \
	X(BUNDLE, "bundle read")                                                                   \
	X(PLANNED, "files listed") /* the root file system walked */                               \
	X(CREATED, "created")      /* the partition exists */                                      \
	X(ZEROED, "RAM zeroed")                                                                    \
	X(LOADED, "image built and copied")                                                        \
	X(ORDERED, "start ordered")                                                                \
	X(ENTERED, "kernel's first instruction")                                                   \
	X(AGENT, "agent's first instruction")                                                      \
	X(LINKED, "agent's drivers loaded")                                                        \
	X(READY, "partition set up")                                                               \
	X(EXECUTED, "process's exec")                                                              \
	X(OUTPUT, "first byte out")

#define HYPER_STAGE(name, text) STAGE_##name,
enum hyper_stage { HYPER_STAGES(HYPER_STAGE) STAGE_COUNT };

/* What is to be made. */
struct hyper_wish {
	char name[CONFIG_NAME_MAX + 1];
	struct resources limits;
	bool has_network;
	const char *kernel; /* paths */
	const char *agent;
	const char *cmdline; /* more of it; may be "" */
	struct tree *tree;
};

struct hyper {
	struct bh bh;
	struct bh_partition partition;
	bool is_made;
	uint64_t first_event;
	uint64_t watched;          /* events before it have been looked at */
	uint64_t tsc[STAGE_COUNT]; /* when each stage ended; 0: not yet */
	uint64_t exits;            /* in all, when it had ended */
};

/* Each false: it has been said why, by bh_fail(). */
bool hyper_open(struct hyper *hyper);
/* Created, zeroed, loaded; what fails removes it. */
bool hyper_make(struct hyper *hyper, const struct hyper_wish *wish);
bool hyper_start(struct hyper *hyper);
/* Finds a partition that was made before, by id and name; false, silently: it is gone. */
bool hyper_find(struct hyper *hyper, uint32_t id, const char *name);
/* Stops it, counts its exits, destroys it. Silent where it is gone. */
void hyper_end(struct hyper *hyper);
/* Its last stop, in words, and the last line of its console, for a person. Free it. */
char *hyper_last_words(struct hyper *hyper);
/* Since the last call. */
bool hyper_has_stopped(struct hyper *hyper);
/* Of all its CPUs; it has just been looked at. */
uint64_t hyper_count_exits(struct hyper *hyper);
/* From one CPU's mask to "2-3". */
void hyper_cpus(const struct hyper *hyper, char text[64]);
