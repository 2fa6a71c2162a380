/* SPDX-License-Identifier: Apache-2.0 */
/* Netlink over libmnl: one request, one acknowledgement. Functions return 0, or -1 with errno. */
#pragma once

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_ROOM 8192 /* bytes of a request or of one datagram of answers */

struct netlink {
	struct mnl_socket *socket;
	uint32_t sequence;
	/* The request being built. */
	union {
		struct nlmsghdr header;
		char room[NETLINK_ROOM];
	} message;
};

/* In the network namespace of the calling thread. */
int netlink_open(struct netlink *netlink, int bus);
void netlink_close(struct netlink *netlink);
/* Starts a request; `body` bytes of family header follow, zeroed, and are returned. NLM_F_REQUEST
 * and NLM_F_ACK are added. */
void *netlink_start(struct netlink *netlink, uint16_t type, uint16_t flags, size_t body);
/* Sends what was built and waits for its acknowledgement. */
int netlink_send(struct netlink *netlink);
/* Sends a dump request; each answer goes to `see`, which returns MNL_CB_OK. */
int netlink_dump(struct netlink *netlink, mnl_cb_t see, void *context);
/* Index of an interface in the socket's namespace, 0 when there is none (errno). */
int netlink_index(struct netlink *netlink, const char *name);

/* libmnl's loops, with the conversions that they leave out. */
#define NETLINK_EACH_BETWEEN(attribute, start, end)                                                \
	for ((attribute) = (start);                                                                \
	     mnl_attr_ok((attribute), (int)((const char *)(end) - (const char *)(attribute)));     \
	     (attribute) = mnl_attr_next(attribute))
#define NETLINK_EACH(attribute, header, offset)                                                    \
	NETLINK_EACH_BETWEEN((attribute), mnl_nlmsg_get_payload_offset((header), (offset)),        \
			     mnl_nlmsg_get_payload_tail(header))
#define NETLINK_EACH_NESTED(attribute, nest)                                                       \
	NETLINK_EACH_BETWEEN((attribute), mnl_attr_get_payload(nest),                              \
			     (const char *)mnl_attr_get_payload(nest) +                            \
				     mnl_attr_get_payload_len(nest))
