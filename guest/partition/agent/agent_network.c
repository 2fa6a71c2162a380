/* SPDX-License-Identifier: Apache-2.0 */
/* The partition's network card: eth0 with the address that the runtime tells. */
#include "agent.h"
#include "spec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CARD "eth0"

static void set_address(struct sockaddr *to, uint32_t address)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = address};

	memcpy(to, &in, sizeof(in));
}

static bool bring_up(int handle, const char *name)
{
	struct ifreq request = {.ifr_flags = 0};

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(handle, SIOCGIFFLAGS, &request) != 0) {
		return false;
	}
	request.ifr_flags |= IFF_UP | IFF_RUNNING;
	return ioctl(handle, SIOCSIFFLAGS, &request) == 0;
}

static bool set_route(int handle, const char *gateway)
{
	struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
	struct in_addr address;

	if (*gateway == '\0') {
		return true;
	}
	if (inet_pton(AF_INET, gateway, &address) != 1) {
		errno = EINVAL;
		return false;
	}
	set_address(&route.rt_dst, 0);
	set_address(&route.rt_genmask, 0);
	set_address(&route.rt_gateway, address.s_addr);
	return ioctl(handle, SIOCADDRT, &route) == 0;
}

static bool set_card(int handle, const char *address, unsigned int prefix, int mtu)
{
	struct ifreq request = {.ifr_mtu = mtu};
	struct in_addr parsed;

	strcpy(request.ifr_name, CARD);
	if (mtu > 0 && ioctl(handle, SIOCSIFMTU, &request) != 0) {
		return false;
	}
	if (inet_pton(AF_INET, address, &parsed) != 1 || prefix > 32) {
		errno = EINVAL;
		return false;
	}
	set_address(&request.ifr_addr, parsed.s_addr);
	if (ioctl(handle, SIOCSIFADDR, &request) != 0) {
		return false;
	}
	set_address(&request.ifr_netmask, prefix == 0 ? 0 : htonl(~UINT32_C(0) << (32 - prefix)));
	return ioctl(handle, SIOCSIFNETMASK, &request) == 0;
}

/* Neighbours may know the address with another card: Linux' ip-sysctl, arp_notify. */
static void announce(void)
{
	int file = open("/proc/sys/net/ipv4/conf/" CARD "/arp_notify", O_WRONLY | O_CLOEXEC);

	if (file >= 0) {
		(void)!write(file, "1", 1);
		close(file);
	}
}

bool agent_network(const char *value, struct agent_error *error)
{
	int handle = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char *copy = value != NULL ? strdup(value) : NULL;
	const char *fields[3];
	unsigned int prefix = 32;
	bool is_up = handle >= 0 && bring_up(handle, "lo");
	char *slash;

	if (copy != NULL) {
		agent_fields(copy, fields, 3);
		slash = strchr(copy, '/');
		if (slash != NULL) {
			*slash = '\0';
			prefix = (unsigned int)strtoul(slash + 1, NULL, 10);
		}
		announce();
		is_up = is_up && set_card(handle, fields[0], prefix, atoi(fields[2])) &&
			bring_up(handle, CARD) && set_route(handle, fields[1]);
	}
	if (!is_up) {
		agent_fail(error, "network %.80s", copy != NULL ? copy : "lo");
	}
	free(copy);
	if (handle >= 0) {
		close(handle);
	}
	return is_up;
}
