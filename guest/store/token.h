/* SPDX-License-Identifier: Apache-2.0 */
/* Logins: Basic (RFC 7617) and the token server of Docker's "Token authentication". */
#pragma once

#include <stdbool.h>
#include "json.h"

struct registry;

/* May it stand in a header? */
bool token_is_sane(const char *token);
/* Header's value of the name and password; NULL when there is none. The caller frees it. */
char *token_basic(json *auth);
/* Asks the realm of the registry's challenge for a token of its scope; the header's value, which
 * the caller frees. Ends the process when the realm refuses or may not be asked. */
char *token_bearer(struct registry *registry);
