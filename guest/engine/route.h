/* SPDX-License-Identifier: Apache-2.0 */
/* Which handler answers a request: method and path, without anything of the HTTP server. */
#pragma once

#include <stddef.h>

#define ROUTE_PARAMETERS 4

struct request;

enum route_flag {
	/* The handler is called before the body, and takes it by request_body_to_fd() (http.h);
	 * otherwise the body is a JSON object or empty, at most 4 MiB. */
	ROUTE_BODY = 1,
};

/*
 * `pattern` is "/containers/{id}/json": {x} is one part of the path, {x...} one or more (image
 * names have slashes). Parameters are numbered from 0 in their order.
 */
struct route {
	const char *method;
	const char *pattern;
	void (*handler)(struct request *request);
	unsigned flags;
};

/* Every file with handlers has such a table; routes.c lists them. */
struct route_table {
	const struct route *routes;
	size_t count;
};
#define ROUTE_TABLE(array)                                                                         \
	{                                                                                          \
		(array), sizeof(array) / sizeof((array)[0])                                        \
	}

struct route_match {
	const struct route *route; /* NULL: none */
	int path_known;            /* with another method */
	char *parameters[ROUTE_PARAMETERS];
};

/* Parameters are copies; route_match_free() frees them. */
void route_find(const struct route_table *tables, size_t count, const char *method,
		const char *path, struct route_match *match);
void route_match_free(struct route_match *match);

/* Takes "/v1.43" off the path: *version is 143, or 0 without one. Returns the rest. */
const char *route_version(const char *path, unsigned *version);
