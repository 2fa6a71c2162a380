/* SPDX-License-Identifier: Apache-2.0 */
#include "netdev.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "rtnetlink.h"
#include "text.h"

#define TEMPLATE_LIMIT 1000 /* devices of one template in a namespace */

/* Of an address, what is the same in every namespace. */
static const unsigned short kept_attributes[] = {IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST,
						 IFA_RT_PRIORITY};
#define KEPT_COUNT (sizeof(kept_attributes) / sizeof(*kept_attributes))
#define KEPT_FLAGS                                                                                 \
	(IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |            \
	 IFA_F_MCAUTOJOIN)

struct address {
	struct ifaddrmsg info;
	uint32_t flags;
	struct {
		uint8_t length; /* 0: not there */
		uint8_t bytes[16];
	} attributes[KEPT_COUNT];
};

struct netdev {
	char outside[IFNAMSIZ], inside[IFNAMSIZ];
	bool was_up;
	bool is_inside;
	struct address *addresses;
	size_t address_count;
};

struct netdev_set {
	int netns; /* of the container */
	struct netdev *devices;
	size_t count;
};

static bool is_name(const char *name, bool may_be_template)
{
	size_t length = strlen(name);
	size_t own = may_be_template && length > 2 && !strcmp(name + length - 2, "%d") ? length - 2
										       : length;

	if (!length || length >= IFNAMSIZ || !strcmp(name, ".") || !strcmp(name, "..")) {
		return false;
	}
	for (size_t i = 0; i < own; i++) {
		if (strchr("/:%", name[i]) || isspace((unsigned char)name[i])) {
			return false;
		}
	}
	return true;
}

static const char *new_name(json *device, const char *name)
{
	const char *wanted = json_get_string(device, "name", "");

	return *wanted ? wanted : name;
}

int netdev_check(json *linux_config, struct error *e)
{
	json *list = json_get(linux_config, "netDevices");
	struct json_object_iter at;

	if (list && !json_object_is_type(list, json_type_object)) {
		return error_set(e, 0, "config.json: linux.netDevices must be an object");
	}
	if (!list) {
		return 0;
	}
	json_object_object_foreachC(list, at)
	{
		const char *name = at.key;
		json *device = at.val;
		json *wanted = json_get(device, "name");
		if (!json_object_is_type(device, json_type_object) ||
		    (wanted && !json_object_is_type(wanted, json_type_string))) {
			return error_set(e, 0,
					 "config.json: linux.netDevices.%s must be an object, its "
					 "name a string",
					 name);
		}
		if (!is_name(name, false) || !is_name(new_name(device, name), true)) {
			return error_set(e, 0,
					 "config.json: linux.netDevices: no network device can be "
					 "called \"%s\"",
					 is_name(name, false) ? new_name(device, name) : name);
		}
	}
	return 0;
}

struct address_search {
	struct netdev *device;
	unsigned index;
};

static void keep_attribute(struct address *address, const struct rtattr *attribute)
{
	size_t length = RTA_PAYLOAD(attribute);

	if (attribute->rta_type == IFA_FLAGS && length == sizeof(address->flags)) {
		memcpy(&address->flags, RTA_DATA(attribute), length);
	}
	for (size_t i = 0; i < KEPT_COUNT; i++) {
		if (attribute->rta_type == kept_attributes[i] &&
		    length <= sizeof(address->attributes[i].bytes)) {
			address->attributes[i].length = (uint8_t)length;
			memcpy(address->attributes[i].bytes, RTA_DATA(attribute), length);
		}
	}
}

static void see_address(const struct nlmsghdr *header, void *context)
{
	struct address_search *search = context;
	struct netdev *d = search->device;
	struct address address = {0};

	if (header->nlmsg_type != RTM_NEWADDR ||
	    header->nlmsg_len < NLMSG_LENGTH(sizeof(address.info))) {
		return;
	}
	memcpy(&address.info, NLMSG_DATA(header), sizeof(address.info));
	address.flags = address.info.ifa_flags;
	const struct rtattr *attribute = IFA_RTA(NLMSG_DATA(header));
	unsigned length = (unsigned)IFA_PAYLOAD(header);
	for (; RTA_OK(attribute, length); attribute = RTA_NEXT(attribute, length)) {
		keep_attribute(&address, attribute);
	}
	if (address.info.ifa_index == search->index && (address.flags & IFA_F_PERMANENT) &&
	    address.info.ifa_scope == RT_SCOPE_UNIVERSE) {
		d->addresses =
			memory_resize(d->addresses, d->address_count + 1, sizeof(*d->addresses));
		d->addresses[d->address_count++] = address;
	}
}

/* Those that stay; the kernel drops all when a device moves. */
static int read_addresses(struct rtnetlink *link, struct netdev *d, int index)
{
	struct address_search search = {.device = d, .index = (unsigned)index};

	rtnetlink_start(link, RTM_GETADDR, 0, sizeof(struct ifaddrmsg));
	return rtnetlink_dump(link, see_address, &search);
}

static int add_address(struct rtnetlink *link, const struct address *address, int index)
{
	uint32_t flags = address->flags & KEPT_FLAGS;
	struct ifaddrmsg *info =
		rtnetlink_start(link, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(*info));

	*info = address->info;
	info->ifa_index = (unsigned)index;
	info->ifa_flags = (uint8_t)flags;
	rtnetlink_put(link, IFA_FLAGS, &flags, sizeof(flags));
	for (size_t i = 0; i < KEPT_COUNT; i++) {
		if (address->attributes[i].length) {
			rtnetlink_put(link, kept_attributes[i], address->attributes[i].bytes,
				      address->attributes[i].length);
		}
	}
	return rtnetlink_send(link) < 0 && errno != EEXIST ? -1 : 0;
}

static int set_up(struct rtnetlink *link, int index)
{
	struct ifinfomsg *info = rtnetlink_start(link, RTM_NEWLINK, 0, sizeof(*info));

	info->ifi_index = index;
	info->ifi_flags = info->ifi_change = IFF_UP;
	return rtnetlink_send(link);
}

/* Move and new name are one request, so that no other name is in the way. */
static int change_namespace(struct rtnetlink *from, int index, int netns, const char *name)
{
	struct ifinfomsg *info = rtnetlink_start(from, RTM_NEWLINK, 0, sizeof(*info));
	int32_t fd = netns;

	info->ifi_index = index;
	rtnetlink_put(from, IFLA_NET_NS_FD, &fd, sizeof(fd));
	rtnetlink_put(from, IFLA_IFNAME, name, strlen(name) + 1);
	return rtnetlink_send(from);
}

/* Addresses and state of a device that has been moved to `to`. */
static int restore(struct rtnetlink *to, const struct netdev *d, const char *name, bool up)
{
	int index = rtnetlink_index(to, name);

	if (!index) {
		return -1;
	}
	/* IPv6 addresses of a device that was never up are dropped by some kernels. */
	if (up && set_up(to, index) < 0) {
		return -1;
	}
	for (size_t i = 0; i < d->address_count; i++) {
		if (add_address(to, &d->addresses[i], index) < 0) {
			return -1;
		}
	}
	return 0;
}

/* "eth%d": the first number that is free, as the kernel would take it. */
static int fill_name(struct rtnetlink *inside, struct netdev *d, const char *wanted)
{
	size_t length = strlen(wanted);

	if (!strchr(wanted, '%')) {
		snprintf(d->inside, sizeof(d->inside), "%s", wanted);
		errno = EEXIST;
		return rtnetlink_index(inside, d->inside) ? -1 : 0;
	}
	for (int number = 0; number < TEMPLATE_LIMIT; number++) {
		int written = snprintf(d->inside, sizeof(d->inside), "%.*s%d", (int)length - 2,
				       wanted, number);
		if (written < IFNAMSIZ && !rtnetlink_index(inside, d->inside)) {
			return 0;
		}
	}
	errno = ENFILE;
	return -1;
}

static int move_one(struct rtnetlink *outside, struct rtnetlink *inside, int netns,
		    struct netdev *d, const char *wanted, struct error *e)
{
	int index = rtnetlink_index(outside, d->outside);

	if (!index) {
		return error_set(e, 0, "linux.netDevices: the host has no network device \"%s\"",
				 d->outside);
	}
	if (fill_name(inside, d, wanted) < 0) {
		return errno == EEXIST ? error_set(e, 0,
						   "linux.netDevices: the container's network "
						   "namespace has a device \"%s\" already; give %s "
						   "another name, or a template (\"eth%%d\")",
						   d->inside, d->outside)
				       : error_set(e, errno, "linux.netDevices: no name for %s",
						   d->outside);
	}
	d->was_up = rtnetlink_flags(outside, d->outside) & IFF_UP;
	if (read_addresses(outside, d, index) < 0) {
		return error_set(e, errno, "cannot read the addresses of %s", d->outside);
	}
	int moved = change_namespace(outside, index, netns, d->inside);
	int error = errno;
	d->is_inside = moved == 0 || !rtnetlink_index(outside, d->outside);
	if (moved < 0) {
		error_set(e, error, "cannot move the network device %s into the container as %s",
			  d->outside, d->inside);
		/* The kernel moves it and then fails to rename it. */
		memcpy(d->inside, d->outside, sizeof(d->inside));
		return -1;
	}
	return restore(inside, d, d->inside, true) < 0
		       ? error_set(e, errno, "cannot set up %s, the container's device %s",
				   d->outside, d->inside)
		       : 0;
}

static int move_all(json *list, struct netdev_set *set, struct error *e)
{
	struct rtnetlink outside = {.fd = -1}, inside = {.fd = -1};
	struct json_object_iter at;
	int result = 0;

	if (rtnetlink_open(&outside, -1) < 0 || rtnetlink_open(&inside, set->netns) < 0) {
		result = error_set(e, errno,
				   "linux.netDevices: cannot reach the network namespaces");
	}
	json_object_object_foreachC(list, at)
	{
		const char *name = at.key;
		json *device = at.val;
		if (result < 0) {
			break;
		}
		struct netdev *d = &set->devices[set->count++];
		snprintf(d->outside, sizeof(d->outside), "%s", name);
		result = move_one(&outside, &inside, set->netns, d, new_name(device, name), e);
	}
	rtnetlink_close(&outside);
	rtnetlink_close(&inside);
	return result;
}

int netdev_move(json *linux_config, int netns, struct netdev_set **set, struct error *e)
{
	json *list = json_get_object(linux_config, "netDevices");

	*set = memory_zeroed(1, sizeof(**set));
	(*set)->netns = netns;
	(*set)->devices =
		memory_zeroed((size_t)json_object_object_length(list), sizeof(*(*set)->devices));
	return move_all(list, *set, e);
}

void netdev_return(struct netdev_set *set)
{
	struct rtnetlink outside = {.fd = -1}, inside = {.fd = -1};
	int own = set ? open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC) : -1;

	if (own >= 0 && rtnetlink_open(&outside, -1) == 0 &&
	    rtnetlink_open(&inside, set->netns) == 0) {
		for (size_t i = 0; i < set->count; i++) {
			struct netdev *d = &set->devices[i];
			int index = d->is_inside ? rtnetlink_index(&inside, d->inside) : 0;
			if (index && change_namespace(&inside, index, own, d->outside) == 0) {
				restore(&outside, d, d->outside, d->was_up);
			}
		}
	}
	rtnetlink_close(&outside);
	rtnetlink_close(&inside);
	if (own >= 0) {
		close(own);
	}
}

void netdev_free(struct netdev_set *set)
{
	if (!set) {
		return;
	}
	for (size_t i = 0; i < set->count; i++) {
		free(set->devices[i].addresses);
	}
	free(set->devices);
	close(set->netns);
	free(set);
}
