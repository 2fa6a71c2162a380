/* SPDX-License-Identifier: Apache-2.0 */
/* The name server of a network. */
#pragma once

/* `argv[0]` is "dns". Returns the exit status when the table file is removed, or on a failure. */
int dns_main(int argc, char **argv);
