/* SPDX-License-Identifier: Apache-2.0 */
/* WWW-Authenticate (RFC 9110, section 11.6.1) as registries use it: Basic and Bearer. Pure. */
#pragma once

#include <stddef.h>

#define CHALLENGE_ROOM 1024

enum challenge_scheme { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
	enum challenge_scheme scheme;
	char realm[CHALLENGE_ROOM];
	char service[CHALLENGE_ROOM];
	char scope[CHALLENGE_ROOM];
};

/* Reads a header's value, not ended by NUL. The strongest scheme of this and earlier headers stays:
 * Bearer, then Basic. Challenges that are malformed or too long are as if they were not there. */
void challenge_read(const char *value, size_t length, struct challenge *challenge);
