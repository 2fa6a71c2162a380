/* SPDX-License-Identifier: Apache-2.0 */
/* Options and names of a command line; pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define OPTION_JSON      (1u << 0)
#define OPTION_VERBOSE   (1u << 1)
#define OPTION_HELP      (1u << 2)
#define OPTION_FILE      (1u << 3) /* -f FILE */
#define OPTION_FOLLOW    (1u << 4) /* -f */
#define OPTION_WAIT      (1u << 5)
#define OPTION_INTERVAL  (1u << 6)
#define OPTION_COUNT     (1u << 7)
#define OPTION_NO_START  (1u << 8)
#define OPTION_FORCE     (1u << 9)  /* -f */
#define OPTION_OUTPUT    (1u << 10) /* -o FILE */
#define OPTION_TEXT      (1u << 11)
#define OPTION_SECONDS   (1u << 12) /* of interval */
#define OPTION_RECORDS   (1u << 13) /* -n N, of count */
#define OPTION_READ_ONLY (1u << 14)
#define OPTION_SYNC      (1u << 15)
#define OPTION_CYCLES    (1u << 16)
#define OPTION_CPU       (1u << 20)
#define OPTION_MEMORY    (1u << 21)
#define OPTION_PCI       (1u << 22)
#define OPTIONS_ALL      (OPTION_VERBOSE | OPTION_HELP)

#define BH_NAMES_MAX 32u

struct bh_options {
	uint32_t given; /* OPTION_* */
	const char *file;
	const char *output;
	uint32_t interval; /* milliseconds */
	uint32_t count;    /* 0: no end */
	uint64_t cpus;
	uint64_t memory; /* bytes, a multiple of 2 MiB */
	const char *pci;
	uint32_t name_count;
	const char *names[BH_NAMES_MAX];
	char why[160]; /* what is wrong */
};

/* argv[first] is the first argument behind the command; `allowed`: OPTION_*. On false: `why`. */
bool bh_options_parse(struct bh_options *options, uint32_t allowed, int argc, char **argv,
		      int first);

/* Lines of --help for these options. */
const char *bh_options_help(uint32_t index, uint32_t allowed, const char **meaning);
