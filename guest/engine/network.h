/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks, as containers see them. HostConfig.NetworkMode is "none", "host", "container:ID",
 * "default" (the bridge) or a network's name.
 */
#pragma once

#include "container.h"
#include "route.h"

extern const struct route network_routes[7];

/* Reads the networks: before containers are adopted. */
int network_load_all(void);
/* After that: puts the kernel's state right, and lets what waits begin. */
void network_sync(void);

typedef void (*network_done_fn)(void *context, const char *error);

/* A network_done_fn where nobody waits: an error is logged. */
void network_log(void *context, const char *error);

/* NULL, or why a container cannot be made with that mode (the caller frees it); *status with it. */
char *network_check(json *host, unsigned *status);
/*
 * Before the container's process: makes its namespace and joins it to its networks. `done` is
 * called once, maybe before this returns; NULL for success.
 */
void network_connect(struct container *container, json *spec, network_done_fn done, void *context);
/* After its process; errors are logged. Called for a container that was not connected, too. */
void network_disconnect(struct container *container, network_done_fn done, void *context);

/* The namespace of config.json: NULL is the host's, "" a fresh one, else a path. The caller frees
 * it. */
char *network_namespace(struct container *container, json *spec);
/* It has another name now. */
void network_renamed(struct container *container);
/* The host's address as the container sees it (host-gateway), or NULL. The caller frees it. */
char *network_gateway(struct container *container);
/* Lines of the container's /etc/hosts for its own addresses, and those of HostConfig.Links. The
 * caller frees it. */
char *network_hosts(struct container *container, json *spec);
/* Address of the name server that knows its neighbours, or NULL: the host's servers. The caller
 * frees it. */
char *network_resolver(struct container *container, json *spec);

/* NetworkSettings of inspect, and of the list ({"Networks":...}); Ports of the list, an array. */
json *network_settings(struct container *container, json *spec);
json *network_summary(struct container *container, json *spec);
json *network_ports(struct container *container, json *spec);
