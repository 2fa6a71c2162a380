/* SPDX-License-Identifier: Apache-2.0 */
/* A container's resolv.conf(5), and --dns, --dns-search, --dns-option. Pure. */
#pragma once

#include "json.h"

#include <stdbool.h>

struct resolv {
	const char *host;     /* text of the host's resolv.conf */
	const char *resolver; /* address of the network's name server, or NULL */
	bool has_own_network; /* what is on the host's loopback addresses is out of reach */
	json *servers; /* HostConfig.Dns, DnsSearch, DnsOptions: what is not empty counts, else */
	json *search;  /* the host's; "." alone is none */
	json *options;
};

/* The file. With a name server of the network the given servers are its to ask
 * (resolv_forwarded()), but those on the container's own loopback addresses, which follow it. The
 * caller frees it. */
char *resolv_make(const struct resolv *resolv);
/* Those of HostConfig.Dns that the network's name server asks; the caller puts it. NULL: the
 * host's. */
json *resolv_forwarded(json *servers);
/* NULL, or what is wrong with HostConfig.Dns, DnsSearch, DnsOptions (the caller frees it). */
char *resolv_check(json *host);
