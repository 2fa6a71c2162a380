/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a partition and a process are to be, as the agent is told: records of a letter and text,
 * each ended by NUL. The runtime, which reads the JSON, makes them; the agent needs no JSON parser.
 * A letter may come more than once where it says so. An unknown letter is an error.
 */
#pragma once

/* Of FRAME_SETUP. */
#define SPEC_HOSTNAME 'h'
#define SPEC_DOMAIN   'd'
#define SPEC_MOUNT                                                                                 \
	'm' /* TYPE US DESTINATION US SOURCE US FLAGS (decimal, of mount(2)) US DATA; often; US =  \
	       SPEC_UNIT */
#define SPEC_NETWORK   'n' /* ADDRESS/PREFIX US GATEWAY (may be empty) US MTU (0: as it is) */
#define SPEC_SYSCTL    'x' /* KEY=VALUE; often */
#define SPEC_MASKED    'p' /* a path; often */
#define SPEC_READ_ONLY 'q' /* a path; often */
#define SPEC_ROOT_RO   'r' /* the root is read-only */
#define SPEC_UNIT      '\x1f'

/* Of FRAME_RUN. */
#define SPEC_ARGUMENT    'A' /* often */
#define SPEC_ENVIRONMENT 'E' /* often */
#define SPEC_DIRECTORY   'D'
#define SPEC_UID         'U'
#define SPEC_GID         'G'
#define SPEC_GROUP       'H' /* often */
#define SPEC_UMASK       'K' /* octal */
#define SPEC_TERMINAL    'T' /* ROWS COLUMNS */
#define SPEC_RLIMIT      'L' /* NUMBER SOFT HARD; often */
#define SPEC_BOUNDING    'B' /* masks of capabilities, hexadecimal */
#define SPEC_EFFECTIVE   'F'
#define SPEC_PERMITTED   'P'
#define SPEC_INHERITABLE 'I'
#define SPEC_AMBIENT     'M'
#define SPEC_NO_NEW      'N' /* no_new_privs */
#define SPEC_OOM         'O' /* oom_score_adj */
