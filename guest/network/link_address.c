/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, routes, and the list of interfaces. */
#include "link.h"

#include "text.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <string.h>

static size_t address_size(const struct address *address)
{
	return address->family == AF_INET ? 4 : 16;
}

static void put_broadcast(struct nlmsghdr *header, const struct address *address)
{
	uint8_t bytes[4];

	for (unsigned i = 0; i < sizeof(bytes); i++) {
		unsigned kept = address->prefix > i * 8 ? address->prefix - i * 8 : 0;
		bytes[i] = (uint8_t)(address->bytes[i] | (kept >= 8 ? 0 : 0xff >> kept));
	}
	mnl_attr_put(header, IFA_BROADCAST, sizeof(bytes), bytes);
}

int link_add_address(struct netlink *netlink, int index, const struct address *address)
{
	struct ifaddrmsg *info =
		netlink_start(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*info));
	struct nlmsghdr *header = &netlink->message.header;

	info->ifa_family = (uint8_t)address->family;
	info->ifa_prefixlen = address->prefix;
	info->ifa_index = (uint32_t)index;
	/* The engine gives each address once: no second of waiting for a duplicate. */
	info->ifa_flags = address->family == AF_INET6 ? IFA_F_NODAD : 0;
	mnl_attr_put(header, IFA_LOCAL, address_size(address), address->bytes);
	mnl_attr_put(header, IFA_ADDRESS, address_size(address), address->bytes);
	if (address->family == AF_INET && address->prefix < 31) {
		put_broadcast(header, address);
	}
	return netlink_send(netlink) < 0 && errno != EEXIST ? -1 : 0;
}

int link_add_default_route(struct netlink *netlink, int index, const struct address *gateway)
{
	struct rtmsg *route =
		netlink_start(netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*route));
	struct nlmsghdr *header = &netlink->message.header;

	route->rtm_family = (uint8_t)gateway->family;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_BOOT;
	route->rtm_scope = RT_SCOPE_UNIVERSE;
	route->rtm_type = RTN_UNICAST;
	mnl_attr_put(header, RTA_GATEWAY, address_size(gateway), gateway->bytes);
	mnl_attr_put_u32(header, RTA_OIF, (uint32_t)index);
	return netlink_send(netlink);
}

static bool has_kind(const struct nlattr *info, const char *kind)
{
	const struct nlattr *attribute;

	NETLINK_EACH_NESTED(attribute, info)
	{
		if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND) {
			size_t length = strlen(kind);
			return mnl_attr_get_payload_len(attribute) >= length &&
			       memcmp(mnl_attr_get_payload(attribute), kind, length) == 0;
		}
	}
	return false;
}

static void see_attribute(const struct nlattr *attribute, struct link_fact *fact)
{
	switch (mnl_attr_get_type(attribute)) {
	case IFLA_IFNAME:
		strncpy(fact->name, mnl_attr_get_str(attribute), IFNAMSIZ - 1);
		break;
	case IFLA_MASTER:
		fact->master = (int)mnl_attr_get_u32(attribute);
		break;
	case IFLA_IFALIAS:
		fact->is_ours = strncmp(mnl_attr_get_str(attribute), LINK_ALIAS,
					mnl_attr_get_payload_len(attribute)) == 0;
		break;
	case IFLA_LINKINFO:
		fact->is_bridge = has_kind(attribute, "bridge");
		fact->is_veth = has_kind(attribute, "veth");
		break;
	default:
		break;
	}
}

static int see_link(const struct nlmsghdr *header, void *context)
{
	struct link_list *links = context;
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(header);
	const struct nlattr *attribute;

	links->links = memory_resize(links->links, links->count + 1, sizeof(*links->links));
	struct link_fact *fact = &links->links[links->count++];
	*fact = (struct link_fact){.index = info->ifi_index};
	NETLINK_EACH(attribute, header, sizeof(*info))
	{
		see_attribute(attribute, fact);
	}
	return MNL_CB_OK;
}

int link_list(struct netlink *netlink, struct link_list *links)
{
	struct rtgenmsg *family = netlink_start(netlink, RTM_GETLINK, 0, sizeof(*family));

	*links = (struct link_list){0};
	family->rtgen_family = AF_UNSPEC;
	return netlink_dump(netlink, see_link, links);
}

const struct link_fact *link_find(const struct link_list *links, const char *name)
{
	for (size_t i = 0; i < links->count; i++) {
		if (strcmp(links->links[i].name, name) == 0) {
			return &links->links[i];
		}
	}
	return NULL;
}
