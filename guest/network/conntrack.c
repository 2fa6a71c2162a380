/* SPDX-License-Identifier: Apache-2.0 */
/* Connection tracking over ctnetlink. */
#include "command.h"
#include "text.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>

#define CONNTRACK_TYPE(message) ((NFNL_SUBSYS_CTNETLINK << 8) | (message))
#define TUPLE_MAX               256
#define TUPLES_MAX              65536 /* of one call */

struct tuple {
	uint16_t length;
	char bytes[TUPLE_MAX]; /* the attributes in CTA_TUPLE_ORIG */
};

struct search {
	const struct endpoint *endpoint;
	struct tuple *tuples;
	size_t count;
};

static struct netlink netlink;

static void start(uint16_t message)
{
	struct nfgenmsg *body = netlink_start(&netlink, CONNTRACK_TYPE(message), 0, sizeof(*body));

	body->nfgen_family = AF_INET;
	body->version = NFNETLINK_V0;
}

static bool is_of_endpoint(const struct endpoint *endpoint, uint8_t protocol, uint16_t port)
{
	for (size_t i = 0; protocol == IPPROTO_UDP && i < endpoint->port_count; i++) {
		if (endpoint->ports[i].protocol == protocol &&
		    endpoint->ports[i].host_port == port) {
			return true;
		}
	}
	return false;
}

static bool is_wanted(const struct nlattr *original, const struct endpoint *endpoint)
{
	const struct nlattr *part, *value;
	uint8_t protocol = 0;
	uint16_t port = 0;

	NETLINK_EACH_NESTED(part, original)
	{
		if (mnl_attr_get_type(part) != CTA_TUPLE_PROTO) {
			continue;
		}
		NETLINK_EACH_NESTED(value, part)
		{
			if (mnl_attr_get_type(value) == CTA_PROTO_NUM) {
				protocol = mnl_attr_get_u8(value);
			} else if (mnl_attr_get_type(value) == CTA_PROTO_DST_PORT) {
				port = ntohs(mnl_attr_get_u16(value));
			}
		}
	}
	return is_of_endpoint(endpoint, protocol, port);
}

static int see(const struct nlmsghdr *header, void *context)
{
	struct search *search = context;
	const struct nlattr *attribute;

	NETLINK_EACH(attribute, header, sizeof(struct nfgenmsg))
	{
		uint16_t length = mnl_attr_get_payload_len(attribute);
		if (mnl_attr_get_type(attribute) != CTA_TUPLE_ORIG || length > TUPLE_MAX ||
		    search->count >= TUPLES_MAX || !is_wanted(attribute, search->endpoint)) {
			continue;
		}
		search->tuples =
			memory_resize(search->tuples, search->count + 1, sizeof(*search->tuples));
		struct tuple *tuple = &search->tuples[search->count++];
		tuple->length = length;
		memcpy(tuple->bytes, mnl_attr_get_payload(attribute), length);
	}
	return MNL_CB_OK;
}

/* Failures are of no account: the connections end by themselves when nothing is sent for a while.
 */
void conntrack_forget(const struct endpoint *endpoint)
{
	struct search search = {.endpoint = endpoint};
	bool has_udp = false;

	for (size_t i = 0; i < endpoint->port_count; i++) {
		has_udp = has_udp || endpoint->ports[i].protocol == IPPROTO_UDP;
	}
	if (!has_udp || netlink_open(&netlink, NETLINK_NETFILTER) < 0) {
		return;
	}
	start(IPCTNL_MSG_CT_GET);
	if (netlink_dump(&netlink, see, &search) == 0) {
		for (size_t i = 0; i < search.count; i++) {
			start(IPCTNL_MSG_CT_DELETE);
			mnl_attr_put(&netlink.message.header, CTA_TUPLE_ORIG | NLA_F_NESTED,
				     search.tuples[i].length, search.tuples[i].bytes);
			netlink_send(&netlink);
		}
	}
	free(search.tuples);
	netlink_close(&netlink);
}
