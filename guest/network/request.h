/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests, checked completely before anything is done: after a successful parse every name is
 * safe in a rule and in a path, every address belongs where it is. Pure functions.
 */
#pragma once

#include "report.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_MAX      (1 << 20) /* bytes of a request */
#define PORTS_MAX        4096      /* published ports of an endpoint */
#define NETWORKS_MAX     1024      /* of a sync */
#define ENDPOINTS_MAX    16384
#define NETNS_PATH_MAX   512
#define MAC_SIZE         6
#define ADDRESS_TEXT_MAX INET6_ADDRSTRLEN

/* An address of either family with the length of its network; family 0: none. */
struct address {
	int family; /* AF_INET, AF_INET6 */
	uint8_t bytes[16];
	uint8_t prefix;
};

struct network {
	char bridge[IFNAMSIZ];
	struct address subnet[2];  /* IPv4, IPv6 */
	struct address gateway[2]; /* the bridge's own address, with the subnet's prefix */
	bool masquerade;
	bool internal; /* no way to the outside */
	bool isolated; /* no way between its own endpoints */
	uint32_t mtu;  /* 0: the kernel's default */
};

struct port {
	struct address host; /* family 0: every address */
	uint16_t host_port;  /* 0: the kernel picks one */
	uint16_t host_last;  /* above host_port: the first free one from host_port to here */
	uint16_t container_port;
	uint8_t protocol; /* IPPROTO_TCP, _UDP, _SCTP */
};

struct endpoint {
	char netns[NETNS_PATH_MAX]; /* "" with a device */
	char bridge[IFNAMSIZ];
	char interface[IFNAMSIZ];      /* in the namespace */
	char host_interface[IFNAMSIZ]; /* the veth's other end, or the device */
	bool is_device;                /* an existing interface: a tap, a NIC of a switch */
	bool isolated;
	struct address address[2]; /* IPv4, IPv6 */
	struct address gateway[2];
	uint8_t mac[MAC_SIZE];
	bool has_mac;
	uint32_t mtu;
	struct port *ports;
	size_t port_count;
};

int request_network(json *request, struct network *network, struct failure *failure);
/* As for bridge-down: nothing but the bridge (and what else is there) is needed. */
int request_network_name(json *request, struct network *network, struct failure *failure);
/* The caller frees it with endpoint_free(), also after a failure. */
int request_endpoint(json *request, struct endpoint *endpoint, struct failure *failure);
void endpoint_free(struct endpoint *endpoint);
/* The path of a namespace's file: absolute, without "." and "..". */
int request_netns(json *request, char *path, size_t size, struct failure *failure);

/* "ports" of an attach: [{"host_ip","host_port","container_port","protocol"}], where a port is a
 * number or "8000-8010". Ranges become single ports. */
int request_ports(json *list, struct endpoint *endpoint, struct failure *failure);
/* "80", "8000-8010"; false when it is anything else. */
bool port_range_parse(const char *text, uint16_t *first, uint16_t *last);
const char *port_protocol_name(uint8_t protocol);

/* "172.17.0.2/16", or without a length: that of one address. */
bool address_parse(const char *text, struct address *address);
bool address_within(const struct address *address, const struct address *subnet);
/* Without the prefix length. */
const char *address_text(const struct address *address, char text[ADDRESS_TEXT_MAX]);
bool interface_name_is_valid(const char *name);
bool mac_parse(const char *text, uint8_t mac[MAC_SIZE]);
