/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets of --host. */
#pragma once

/* Opens all; says what fails. */
int listen_hosts(void);
/* Removes the Unix sockets' files. */
void listen_remove(void);
