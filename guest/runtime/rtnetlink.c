/* SPDX-License-Identifier: Apache-2.0 */
#include "rtnetlink.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_ROOM 32768 /* bytes of one datagram; the kernel's dumps fill no more */

static int open_inside(int netns)
{
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (own < 0 || setns(netns, CLONE_NEWNET) < 0) {
		if (own >= 0) {
			close(own);
		}
		return -1;
	}
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int error = errno;
	if (setns(own, CLONE_NEWNET) < 0) {
		/* In the wrong namespace nothing may go on. */
		abort();
	}
	close(own);
	errno = error;
	return fd;
}

int rtnetlink_open(struct rtnetlink *link, int netns)
{
	link->sequence = 0;
	link->fd = netns < 0 ? socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)
			     : open_inside(netns);
	return link->fd < 0 ? -1 : 0;
}

void rtnetlink_close(struct rtnetlink *link)
{
	if (link->fd >= 0) {
		int error = errno;
		close(link->fd);
		errno = error;
	}
	link->fd = -1;
}

void *rtnetlink_start(struct rtnetlink *link, uint16_t type, uint16_t flags, size_t body)
{
	struct nlmsghdr *header = &link->message.header;

	memset(&link->message, 0, sizeof(link->message));
	header->nlmsg_len = (uint32_t)NLMSG_LENGTH(body);
	header->nlmsg_type = type;
	header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	header->nlmsg_seq = ++link->sequence;
	return link->message.room + NLMSG_HDRLEN;
}

void rtnetlink_put(struct rtnetlink *link, uint16_t type, const void *bytes, size_t length)
{
	struct nlmsghdr *header = &link->message.header;
	size_t at = NLMSG_ALIGN(header->nlmsg_len);
	struct rtattr attribute = {.rta_len = (unsigned short)RTA_LENGTH(length), .rta_type = type};

	if (at + RTA_SPACE(length) > sizeof(link->message)) {
		abort();
	}
	memcpy(link->message.room + at, &attribute, sizeof(attribute));
	memcpy(link->message.room + at + RTA_LENGTH(0), bytes, length);
	header->nlmsg_len = (uint32_t)(at + RTA_LENGTH(length));
}

/* One datagram. 1: the end was in it; 0: more comes; -1: errno. */
static int see_datagram(struct rtnetlink *link, char *room, size_t length,
			void (*see)(const struct nlmsghdr *, void *), void *context)
{
	size_t at = 0;

	while (length - at >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *header = (const void *)(room + at);
		if (header->nlmsg_len < sizeof(*header) || header->nlmsg_len > length - at) {
			break;
		}
		if (header->nlmsg_seq != link->sequence) {
			/* An answer to what was given up before. */
		} else if (header->nlmsg_type == NLMSG_DONE) {
			return 1;
		} else if (header->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *answer = NLMSG_DATA(header);
			errno = -answer->error;
			return answer->error ? -1 : 1;
		} else if (see) {
			see(header, context);
		}
		at += NLMSG_ALIGN(header->nlmsg_len);
		at = at < length ? at : length;
	}
	return 0;
}

static int transact(struct rtnetlink *link, void (*see)(const struct nlmsghdr *, void *),
		    void *context)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	char *room = malloc(ANSWER_ROOM);
	int result = room && sendto(link->fd, &link->message, link->message.header.nlmsg_len, 0,
				    (struct sockaddr *)&kernel, sizeof(kernel)) >= 0
			     ? 0
			     : -1;

	while (result == 0) {
		ssize_t length = recv(link->fd, room, ANSWER_ROOM, 0);
		if (length < 0 && errno != EINTR) {
			result = -1;
		} else if (length >= 0) {
			result = see_datagram(link, room, (size_t)length, see, context);
		}
	}
	int error = errno;
	free(room);
	errno = error;
	return result < 0 ? -1 : 0;
}

int rtnetlink_send(struct rtnetlink *link)
{
	link->message.header.nlmsg_flags |= NLM_F_ACK;
	return transact(link, NULL, NULL);
}

int rtnetlink_dump(struct rtnetlink *link, void (*see)(const struct nlmsghdr *, void *),
		   void *context)
{
	link->message.header.nlmsg_flags |= NLM_F_DUMP;
	return transact(link, see, context);
}

static bool ask(struct rtnetlink *link, unsigned long what, const char *name, struct ifreq *request)
{
	*request = (struct ifreq){0};
	snprintf(request->ifr_name, sizeof(request->ifr_name), "%s", name);
	return ioctl(link->fd, what, request) == 0;
}

int rtnetlink_index(struct rtnetlink *link, const char *name)
{
	struct ifreq request;

	return ask(link, SIOCGIFINDEX, name, &request) ? request.ifr_ifindex : 0;
}

int rtnetlink_flags(struct rtnetlink *link, const char *name)
{
	struct ifreq request;

	return ask(link, SIOCGIFFLAGS, name, &request) ? (unsigned short)request.ifr_flags : 0;
}
