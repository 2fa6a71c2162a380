/* SPDX-License-Identifier: Apache-2.0 */
/* What an OCI runtime said on its error output, as text for a person. */
#pragma once

#include <stddef.h>

#define RUNTIME_ERROR_MAX 4096 /* bytes of the answer */

/*
 * Takes log lines (time="..." level=... msg="...") away where plain words are there too, else their
 * msg; bytes that are no text become '?'. "" when nothing was said. The caller frees it.
 */
char *runtime_error_text(const char *bytes, size_t length);
