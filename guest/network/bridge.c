/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"
#include "file.h"
#include "rules.h"
#include "rules_run.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORWARD_V4 "/proc/sys/net/ipv4/ip_forward"
#define FORWARD_V6 "/proc/sys/net/ipv6/conf/all/forwarding"

static char *guard_path(const struct context *context)
{
	return text_format("%s/network/forwarding", context->run);
}

bool bridge_has_guard(const struct context *context)
{
	char *path = guard_path(context);
	bool is_there = access(path, F_OK) == 0;

	free(path);
	return is_there;
}

static int note_guard(const struct context *context, struct failure *failure)
{
	char *directory = text_format("%s/network", context->run);
	char *path = guard_path(context);
	int fd = file_make_dirs(directory, 0711) < 0
			 ? -1
			 : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0) {
		fail(failure, fail_kind(errno), "cannot write %s: %s", path, strerror(errno));
	} else {
		close(fd);
	}
	free(path);
	free(directory);
	return fd < 0 ? -1 : 0;
}

static int switch_forwarding(struct context *context, int family, struct failure *failure)
{
	const char *path = family == AF_INET ? FORWARD_V4 : FORWARD_V6;
	struct text text = {0};
	bool is_on = file_read_at(AT_FDCWD, path, &text, 16) == 0 && text.data[0] == '1';

	text_free(&text);
	if (is_on) {
		return 0;
	}
	/* The note first: a kill in between leaves a guard too many, not a router. */
	if (note_guard(context, failure) < 0) {
		return -1;
	}
	if (file_put_at(AT_FDCWD, path, "1") < 0) {
		return fail(failure, fail_kind(errno), "cannot switch on forwarding in %s: %s",
			    path, strerror(errno));
	}
	report_status("forwarding switched on (%s); between interfaces other than containers' "
		      "bridges it stays off",
		      path);
	return 0;
}

/* Published ports on 127.0.0.1 leave by the bridge with that source until they are masqueraded. */
static int allow_localnet(const struct network *network, struct failure *failure)
{
	char *path = text_format("/proc/sys/net/ipv4/conf/%s/route_localnet", network->bridge);
	int result = file_put_at(AT_FDCWD, path, "1");

	if (result < 0) {
		fail(failure, fail_kind(errno), "cannot write %s: %s", path, strerror(errno));
	}
	free(path);
	return result;
}

static bool take_address(const struct ifaddrs *entry, struct address *address)
{
	const struct sockaddr *mask = entry->ifa_netmask;
	const uint8_t *bits;

	*address = (struct address){0};
	if (!entry->ifa_addr || !mask) {
		return false;
	}
	address->family = entry->ifa_addr->sa_family;
	if (address->family == AF_INET) {
		memcpy(address->bytes, &((const struct sockaddr_in *)entry->ifa_addr)->sin_addr, 4);
		bits = (const uint8_t *)&((const struct sockaddr_in *)mask)->sin_addr;
	} else if (address->family == AF_INET6) {
		memcpy(address->bytes, &((const struct sockaddr_in6 *)entry->ifa_addr)->sin6_addr,
		       16);
		bits = (const uint8_t *)&((const struct sockaddr_in6 *)mask)->sin6_addr;
	} else {
		return false;
	}
	unsigned length = address->family == AF_INET ? 32 : 128;
	while (address->prefix < length &&
	       (bits[address->prefix / 8] << address->prefix % 8) & 0x80) {
		address->prefix++;
	}
	return true;
}

/* A subnet that another interface is in already would cut that one off. */
static int check_overlap(const struct network *network, struct failure *failure)
{
	struct ifaddrs *list;
	int result = 0;

	if (getifaddrs(&list) < 0) {
		return fail(failure, "io", "cannot list addresses: %s", strerror(errno));
	}
	for (struct ifaddrs *entry = list; entry && result == 0; entry = entry->ifa_next) {
		struct address address;
		if (strcmp(entry->ifa_name, network->bridge) == 0 ||
		    !take_address(entry, &address)) {
			continue;
		}
		const struct address *subnet = &network->subnet[address.family == AF_INET6];
		if (subnet->family &&
		    (address_within(&address, subnet) || address_within(subnet, &address))) {
			char text[ADDRESS_TEXT_MAX];
			result = fail(failure, "conflict",
				      "subnet %s/%u of %s overlaps with the network of %s; choose "
				      "another --subnet",
				      address_text(subnet, text), subnet->prefix, network->bridge,
				      entry->ifa_name);
		}
	}
	freeifaddrs(list);
	return result;
}

static int ensure_bridge(struct context *context, const struct network *network,
			 struct failure *failure)
{
	struct link_list links;

	if (link_make_bridge(&context->netlink, network) == 0) {
		return 0;
	}
	if (errno != EEXIST) {
		return fail(failure, fail_kind(errno), "cannot make bridge %s: %s", network->bridge,
			    strerror(errno));
	}
	if (link_list(&context->netlink, &links) < 0) {
		return fail(failure, "io", "cannot list interfaces: %s", strerror(errno));
	}
	const struct link_fact *fact = link_find(&links, network->bridge);
	bool is_bridge = fact && fact->is_bridge;
	free(links.links);
	return is_bridge ? 0
			 : fail(failure, "conflict", "%s is an interface already, and no bridge",
				network->bridge);
}

int bridge_make(struct context *context, const struct network *network, struct failure *failure)
{
	if (check_overlap(network, failure) < 0 || ensure_bridge(context, network, failure) < 0) {
		return -1;
	}
	int index = netlink_index(&context->netlink, network->bridge);
	if (link_set_up(&context->netlink, index, network->subnet[1].family != 0) < 0) {
		return fail(failure, fail_kind(errno), "cannot bring up %s: %s", network->bridge,
			    strerror(errno));
	}
	for (int i = 0; i < 2; i++) {
		const struct address *gateway = &network->gateway[i];
		if (gateway->family && link_add_address(&context->netlink, index, gateway) < 0) {
			return fail(failure, fail_kind(errno), "cannot give %s its address: %s",
				    network->bridge, strerror(errno));
		}
		if (network->subnet[i].family && !network->internal &&
		    switch_forwarding(context, i ? AF_INET6 : AF_INET, failure) < 0) {
			return -1;
		}
	}
	return allow_localnet(network, failure);
}

static int set_rules(struct context *context, const struct network *network,
		     struct failure *failure)
{
	struct text text = {0};
	int result = 0;

	for (int i = 0; i < 2 && result == 0; i++) {
		int family = i ? AF_INET6 : AF_INET;
		if (network->subnet[i].family) {
			result = rules_ensure_base(family, failure);
			rules_add_network(&text, family, network);
			if (bridge_has_guard(context)) {
				rules_guard(&text, family);
			}
		}
	}
	if (result == 0) {
		result = rules_run(&text, failure);
	}
	text_free(&text);
	return result;
}

/* The rules first: at no moment is there a bridge without them. */
int bridge_up(struct context *context, const struct network *network, struct failure *failure)
{
	if (!network->subnet[0].family && !network->subnet[1].family) {
		return fail(failure, "bad-input", "\"subnet\" is missing");
	}
	if (check_overlap(network, failure) < 0 || set_rules(context, network, failure) < 0 ||
	    bridge_make(context, network, failure) < 0) {
		return -1;
	}
	/* Once more if forwarding has just come with a guard. */
	return bridge_has_guard(context) ? set_rules(context, network, failure) : 0;
}

int bridge_down(struct context *context, const struct network *network, struct failure *failure)
{
	struct text text = {0};
	struct link_list links;
	struct failure ignored = {0};
	int result = 0;

	if (link_list(&context->netlink, &links) < 0) {
		return fail(failure, "io", "cannot list interfaces: %s", strerror(errno));
	}
	const struct link_fact *fact = link_find(&links, network->bridge);
	if (fact && fact->is_ours && link_delete(&context->netlink, fact->index) < 0 &&
	    errno != ENODEV) {
		result = fail(failure, fail_kind(errno), "cannot remove %s: %s", network->bridge,
			      strerror(errno));
	}
	free(links.links);
	for (int i = 0; i < 2; i++) {
		/* Without the table there is nothing to remove. */
		rules_delete_network(&text, i ? AF_INET6 : AF_INET, network);
		rules_run(&text, &ignored);
		text_free(&text);
	}
	return result;
}
