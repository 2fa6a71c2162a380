/* SPDX-License-Identifier: Apache-2.0 */
/* Members of the request that more than one command has. They end with bad-input when missing. */
#pragma once

/* Opens a directory of the engine's own (an upper, a root file system): O_PATH, or for reading. */
int request_dir(const char *key, int flags);
const char *request_string(const char *key);
