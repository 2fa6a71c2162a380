/* SPDX-License-Identifier: Apache-2.0 */
/* The network: a DHCP client for each real interface. */
#pragma once

/* The host name, unless the kernel's command line gave one, and the loopback interface. */
void network_init(void);

/* Brings up each interface that is new and has a device behind it, with a DHCP client as its
 * service. */
void network_scan(void);
