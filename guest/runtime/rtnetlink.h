/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink(7) in a network namespace: one request, one acknowledgement. Functions return 0, or -1
 * with errno. */
#pragma once

#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

struct rtnetlink {
	int fd;
	uint32_t sequence;
	/* The request being built. */
	union {
		struct nlmsghdr header;
		char room[1024];
	} message;
};

/* In the namespace of the descriptor `netns`, or the caller's for -1. */
int rtnetlink_open(struct rtnetlink *link, int netns);
void rtnetlink_close(struct rtnetlink *link);
/* Starts a request; `body` bytes of family header follow, zeroed, and are returned. */
void *rtnetlink_start(struct rtnetlink *link, uint16_t type, uint16_t flags, size_t body);
void rtnetlink_put(struct rtnetlink *link, uint16_t type, const void *bytes, size_t length);
/* Sends what was built and waits for its acknowledgement. */
int rtnetlink_send(struct rtnetlink *link);
/* Sends it as a dump; each answer goes to `see`. */
int rtnetlink_dump(struct rtnetlink *link, void (*see)(const struct nlmsghdr *, void *),
		   void *context);
/* Index and IFF_* of a device; 0: there is none of that name (errno). */
int rtnetlink_index(struct rtnetlink *link, const char *name);
int rtnetlink_flags(struct rtnetlink *link, const char *name);
