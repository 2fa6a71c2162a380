/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int netlink_open(struct netlink *netlink, int bus)
{
	netlink->sequence = 0;
	netlink->socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!netlink->socket) {
		return -1;
	}
	if (mnl_socket_bind(netlink->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		netlink_close(netlink);
		return -1;
	}
	return 0;
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->socket) {
		int error = errno;
		mnl_socket_close(netlink->socket);
		errno = error;
	}
	netlink->socket = NULL;
}

void *netlink_start(struct netlink *netlink, uint16_t type, uint16_t flags, size_t body)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(netlink->message.room);

	header->nlmsg_type = type;
	header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	header->nlmsg_seq = ++netlink->sequence;
	return mnl_nlmsg_put_extra_header(header, body);
}

static int answers(struct netlink *netlink, mnl_cb_t see, void *context)
{
	char room[NETLINK_ROOM] __attribute__((aligned(NLMSG_ALIGNTO)));
	int result = MNL_CB_OK;

	while (result > MNL_CB_STOP) {
		ssize_t length = mnl_socket_recvfrom(netlink->socket, room, sizeof(room));
		if (length < 0 && errno == EINTR) {
			continue;
		}
		if (length < 0) {
			return -1;
		}
		result = mnl_cb_run(room, (size_t)length, netlink->sequence,
				    mnl_socket_get_portid(netlink->socket), see, context);
	}
	return result < 0 ? -1 : 0;
}

static int transmit(struct netlink *netlink)
{
	struct nlmsghdr *header = &netlink->message.header;

	return mnl_socket_sendto(netlink->socket, header, header->nlmsg_len) < 0 ? -1 : 0;
}

int netlink_send(struct netlink *netlink)
{
	return transmit(netlink) < 0 ? -1 : answers(netlink, NULL, NULL);
}

int netlink_dump(struct netlink *netlink, mnl_cb_t see, void *context)
{
	netlink->message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	return transmit(netlink) < 0 ? -1 : answers(netlink, see, context);
}

int netlink_index(struct netlink *netlink, const char *name)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(mnl_socket_get_fd(netlink->socket), SIOCGIFINDEX, &request) < 0) {
		return 0;
	}
	return request.ifr_ifindex;
}
