/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of networks share. A network is a row and a struct in memory; an endpoint (a
 * running container in a network) is a row alone, made before the kernel hears of it and deleted
 * when it is gone there. Which networks a container shall be in, running or not, is its plan, in
 * its spec. Addresses are IPv4 in host order, 0 for none.
 */
#pragma once

#include "container.h"
#include "network.h"

struct network {
	struct network *next;
	char id[ID_SIZE];
	char *name;
	char *bridge; /* "" for host and none */
	uint32_t subnet, gateway;
	unsigned prefix;
	int64_t created;
	json *spec;         /* what the client gave: Internal, Options, Labels, IPAM, Attachable */
	bool is_predefined; /* bridge, host, none */
	bool is_up;         /* its bridge, as far as this engine knows */
	bool has_server;    /* a name server that this engine started */
};

/* --- network_store.c --- */
struct network *network_first(void);
/* By name, ID or a unique beginning of the ID. */
struct network *network_find(const char *name);
/* The network of the request's first parameter; NULL: the reply 404 was sent. */
struct network *network_of_request(struct request *request);
/* Takes the spec; NULL: the database does not take it. */
struct network *network_insert(const char *name, const char *bridge, json *spec);
int network_store_subnet(struct network *network);
int network_delete(struct network *network);
bool network_is_internal(const struct network *network);
/* The option KEY of the bridge driver, or the fallback. */
const char *network_option(const struct network *network, const char *key, const char *fallback);

/* --- network_address.c (pure but for the two of the database) --- */
bool subnet_parse(const char *text, uint32_t *subnet, unsigned *prefix);
bool ip_parse(const char *text, uint32_t *address);
#define IP_TEXT 16
const char *ip_text(uint32_t address, char text[IP_TEXT]);
bool ip_within(uint32_t address, uint32_t subnet, unsigned prefix);
/* The candidates for a network without a wish: 0, 1, ..; false: no more. */
bool subnet_candidate(unsigned index, uint32_t *subnet, unsigned *prefix);
/* Is a part of it another network's? */
bool subnet_is_taken(uint32_t subnet, unsigned prefix, const struct network *except);
/* A free address, or the wanted one if it is free; 0: none. */
uint32_t address_choose(const struct network *network, uint32_t wanted);

/* --- endpoint_store.c: rows as objects {"container","network","id","address","mac","interface",
 * "host_interface","ports","config"}; the caller puts what it gets --- */
json *endpoints_of_container(const char *container);
json *endpoints_of_network(const char *network);
json *endpoints_all(void);
/* Makes the row: chooses id, interface names and address. NULL with *error (the caller frees it).
 */
json *endpoint_make(struct container *container, struct network *network, json *config,
		    char **error);
/* The one in that network, borrowed; NULL: none. */
json *endpoint_find(json *endpoints, const struct network *network);
/* Its address as text. */
const char *endpoint_ip(json *endpoint, char text[IP_TEXT]);
int endpoint_store_result(json *endpoint, json *result);
int endpoint_delete(json *endpoint);

/* --- network_plan.c --- */
/* [{"name","config":{EndpointSettings}}]; empty for none, host, container:. The caller puts it. */
json *network_plan(json *spec);
/* Into the spec, which the caller stores. */
void network_plan_add(json *spec, const char *name, json *config);
/* False: it was not there. */
bool network_plan_remove(json *spec, const char *name);
const char *network_mode_of(json *spec);
/* Not none, host, container:ID. */
bool network_mode_has_networks(const char *mode);
/* bh-network's ports of HostConfig.PortBindings and, with PublishAllPorts, of ExposedPorts. */
json *network_port_requests(json *spec);
/* NULL, or what is wrong with HostConfig.PortBindings (the caller frees it). */
char *network_port_check(json *host);
/* "80/tcp", "8000-8010/udp", "80": the first port and the protocol. */
bool network_port_parse(const char *text, unsigned *first, unsigned *last, const char **protocol);

/* --- network_job.c: calls of bh-network, in their order, a few at a time --- */
typedef void (*job_done_fn)(void *context, json *result, const char *error, const char *kind);
/* Takes the request. `alone`: not beside another. */
void network_job(const char *command, json *request, bool alone, job_done_fn done, void *context);
/* The same where nobody waits: an error is logged. */
void network_job_logged(const char *command, json *request, bool alone);
/* Until this is called jobs wait; `sync` (may be NULL) goes before them. */
void network_job_open(json *sync, job_done_fn done, void *context);
/* Requests of bh-network. The last is NULL where the network has no interface of the host
 * (option bulkhead.device; --bridge-device). */
json *network_request(const struct network *network);
/* first: default route and ports are its. */
json *endpoint_request(json *endpoint, const struct network *network, json *ports, bool is_first);
json *device_request(const struct network *network);
/* {"netns": of that container} */
json *netns_request(const char *container);

/* --- network_up.c --- */
/* Brings up the bridge; a network without a subnet gets one. */
void network_up(struct network *network, job_done_fn done, void *context);

/* --- network_join.c --- */
/* One more network for a running container; the row's object is borrowed in `done`'s result. */
void network_join(struct container *container, json *spec, struct network *network, json *config,
		  bool is_first, network_done_fn done, void *context);
void network_leave(json *endpoint, network_done_fn done, void *context);

/* --- network_dns.c --- */
bool network_has_names(const struct network *network);
/* The names of the network's endpoints to its server, which is started or ended as needed.
 * `leaving`: the container that has just left it, or NULL. */
void network_dns_update(struct network *network, const char *leaving, network_done_fn done,
			void *context);

/* --- network_view.c --- */

void network_event(const struct network *network, const char *action, const char *container);
