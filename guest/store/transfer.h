/* SPDX-License-Identifier: Apache-2.0 */
/* One blob on its way: its file, how far it is, what to do when a connection ends. */
#pragma once

#include <stdbool.h>
#include <time.h>
#include "http.h"
#include "manifest.h"
#include "registry.h"

enum transfer_end {
	TRANSFER_DONE,
	TRANSFER_AGAIN, /* at not_before or later */
};

struct transfer {
	const struct descriptor *blob;
	CURL *easy; /* NULL: no connection */
	struct curl_slist *headers;
	struct http_reply reply;
	int fd;
	bool is_whole;   /* in the store */
	bool is_resumed; /* some of it is of an earlier pull */
	char name[96];   /* in `dir` */
	int dir;
	struct sha256_ctx hash;
	uint64_t offset;    /* bytes that are there */
	uint64_t start;     /* offset at the start of this connection */
	uint64_t told;      /* offset of the last progress line */
	unsigned int tries; /* without progress */
	time_t not_before;
	const char *problem; /* what the answer did wrong */
};

/* Opens its file, and takes what an earlier pull left there; true when that is all and the blob is
 * in the store. */
bool transfer_open(struct transfer *transfer, const struct descriptor *blob);
/* Makes the handle, ready for a multi handle. */
void transfer_connect(struct transfer *transfer, struct registry *registry, const char *url);
/* The connection ended with `code`: checks, keeps or retries. Errors end the process. */
enum transfer_end transfer_finish(struct transfer *transfer, struct registry *registry,
				  CURLcode code);
