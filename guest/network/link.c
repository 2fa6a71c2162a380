/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/random.h>

static void put_mtu(struct nlmsghdr *header, uint32_t mtu)
{
	if (mtu) {
		mnl_attr_put_u32(header, IFLA_MTU, mtu);
	}
}

/* A bridge without an address of its own takes the lowest of its ports, and changes it with them.
 * By the gateway: made anew after a loss, it is the one that containers remember. */
static int choose_mac(const struct network *network, uint8_t mac[MAC_SIZE])
{
	if (getrandom(mac, MAC_SIZE, 0) != MAC_SIZE) {
		return -1;
	}
	mac[0] = 0x02; /* locally administered, of one station */
	mac[1] = 0x42;
	if (network->gateway[0].family) {
		memcpy(mac + 2, network->gateway[0].bytes, 4);
	}
	return 0;
}

/* IFLA_INET6_ADDR_GEN_MODE: without IPv6 on the network a link-local address would be a second way
 * between host and container, past the rules. Only of an interface that is there, and before it is
 * up; a kernel without IPv6 has none anyway. */
static int set_no_link_local(struct netlink *netlink, int index)
{
	struct ifinfomsg *info = netlink_start(netlink, RTM_NEWLINK, 0, sizeof(*info));
	struct nlmsghdr *header = &netlink->message.header;

	info->ifi_index = index;
	struct nlattr *families = mnl_attr_nest_start(header, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(header, AF_INET6);
	mnl_attr_put_u8(header, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(header, inet6);
	mnl_attr_nest_end(header, families);
	return netlink_send(netlink) < 0 && errno != EAFNOSUPPORT && errno != EOPNOTSUPP ? -1 : 0;
}

int link_set_up(struct netlink *netlink, int index, bool has_link_local)
{
	if (!has_link_local && set_no_link_local(netlink, index) < 0) {
		return -1;
	}
	struct ifinfomsg *info = netlink_start(netlink, RTM_NEWLINK, 0, sizeof(*info));
	info->ifi_index = index;
	info->ifi_flags = IFF_UP;
	info->ifi_change = IFF_UP;
	return netlink_send(netlink);
}

static int set_alias(struct netlink *netlink, int index, uint32_t mtu)
{
	struct ifinfomsg *info = netlink_start(netlink, RTM_NEWLINK, 0, sizeof(*info));

	info->ifi_index = index;
	mnl_attr_put(&netlink->message.header, IFLA_IFALIAS, strlen(LINK_ALIAS), LINK_ALIAS);
	put_mtu(&netlink->message.header, mtu);
	return netlink_send(netlink);
}

int link_make_bridge(struct netlink *netlink, const struct network *network)
{
	uint8_t mac[MAC_SIZE];

	if (choose_mac(network, mac) < 0) {
		return -1;
	}
	struct nlmsghdr *header = &netlink->message.header;
	netlink_start(netlink, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(header, IFLA_IFNAME, network->bridge);
	mnl_attr_put(header, IFLA_ADDRESS, MAC_SIZE, mac);
	struct nlattr *kind = mnl_attr_nest_start(header, IFLA_LINKINFO);
	mnl_attr_put_str(header, IFLA_INFO_KIND, "bridge");
	mnl_attr_nest_end(header, kind);
	if (netlink_send(netlink) < 0) {
		return -1;
	}
	return set_alias(netlink, netlink_index(netlink, network->bridge), network->mtu);
}

static void put_peer(struct nlmsghdr *header, const struct endpoint *endpoint, int netns)
{
	struct nlattr *peer = mnl_attr_nest_start(header, VETH_INFO_PEER);

	mnl_nlmsg_put_extra_header(header, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(header, IFLA_IFNAME, endpoint->interface);
	mnl_attr_put_u32(header, IFLA_NET_NS_FD, (uint32_t)netns);
	mnl_attr_put(header, IFLA_ADDRESS, MAC_SIZE, endpoint->mac);
	put_mtu(header, endpoint->mtu);
	mnl_attr_nest_end(header, peer);
}

int link_make_veth(struct netlink *netlink, const struct endpoint *endpoint, int bridge, int netns)
{
	struct nlmsghdr *header = &netlink->message.header;

	netlink_start(netlink, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(header, IFLA_IFNAME, endpoint->host_interface);
	mnl_attr_put_u32(header, IFLA_MASTER, (uint32_t)bridge);
	put_mtu(header, endpoint->mtu);
	struct nlattr *kind = mnl_attr_nest_start(header, IFLA_LINKINFO);
	mnl_attr_put_str(header, IFLA_INFO_KIND, "veth");
	struct nlattr *data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
	put_peer(header, endpoint, netns);
	mnl_attr_nest_end(header, data);
	mnl_attr_nest_end(header, kind);
	if (netlink_send(netlink) < 0) {
		return -1;
	}
	return link_set_up(netlink, netlink_index(netlink, endpoint->host_interface), false);
}

int link_set_master(struct netlink *netlink, int index, int bridge)
{
	struct ifinfomsg *info = netlink_start(netlink, RTM_NEWLINK, 0, sizeof(*info));

	info->ifi_index = index;
	if (bridge) {
		info->ifi_flags = IFF_UP;
		info->ifi_change = IFF_UP;
	}
	mnl_attr_put_u32(&netlink->message.header, IFLA_MASTER, (uint32_t)bridge);
	return netlink_send(netlink);
}

int link_set_port(struct netlink *netlink, int index, bool is_isolated)
{
	struct ifinfomsg *info = netlink_start(netlink, RTM_SETLINK, 0, sizeof(*info));
	struct nlmsghdr *header = &netlink->message.header;

	info->ifi_family = AF_BRIDGE;
	info->ifi_index = index;
	struct nlattr *port = mnl_attr_nest_start(header, IFLA_PROTINFO | NLA_F_NESTED);
	mnl_attr_put_u8(header, IFLA_BRPORT_MODE, BRIDGE_MODE_HAIRPIN);
	mnl_attr_put_u8(header, IFLA_BRPORT_ISOLATED, is_isolated);
	mnl_attr_nest_end(header, port);
	return netlink_send(netlink);
}

int link_delete(struct netlink *netlink, int index)
{
	struct ifinfomsg *info = netlink_start(netlink, RTM_DELLINK, 0, sizeof(*info));

	info->ifi_index = index;
	return netlink_send(netlink);
}
