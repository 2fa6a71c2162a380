/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"
#include "netns.h"
#include "port.h"
#include "rules.h"
#include "rules_run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* As Docker does it: an address that comes back has the same MAC, and no neighbour is confused. */
static void choose_mac(struct endpoint *endpoint)
{
	static const uint8_t start[] = {0x02, 0x42};

	if (endpoint->has_mac) {
		return;
	}
	memcpy(endpoint->mac, start, sizeof(start));
	if (endpoint->address[0].family) {
		memcpy(endpoint->mac + 2, endpoint->address[0].bytes, 4);
	} else if (getrandom(endpoint->mac + 2, 4, 0) != 4) {
		abort(); /* four bytes never fail once the kernel has started */
	}
	endpoint->has_mac = true;
}

static int configure(struct netlink *inside, const struct endpoint *endpoint,
		     struct failure *failure)
{
	int index = netlink_index(inside, endpoint->interface);
	int loopback = netlink_index(inside, "lo");

	if (!index || link_set_up(inside, loopback, true) < 0 ||
	    link_set_up(inside, index, endpoint->address[1].family != 0) < 0) {
		return fail(failure, "io", "cannot bring up the container's interfaces: %s",
			    strerror(errno));
	}
	for (int i = 0; i < 2; i++) {
		const struct address *address = &endpoint->address[i];
		const struct address *gateway = &endpoint->gateway[i];
		if (address->family && link_add_address(inside, index, address) < 0) {
			return fail(failure, fail_kind(errno), "cannot set the address of %s: %s",
				    endpoint->interface, strerror(errno));
		}
		if (gateway->family && link_add_default_route(inside, index, gateway) < 0) {
			return fail(failure, fail_kind(errno),
				    "cannot set the default route of %s: %s; the gateway must be "
				    "within the address's network",
				    endpoint->interface, strerror(errno));
		}
	}
	return 0;
}

static int configure_in(int netns, const struct endpoint *endpoint, struct failure *failure)
{
	static struct netlink inside;

	if (netns_netlink(netns, &inside) < 0) {
		return fail(failure, fail_kind(errno), "cannot enter %s: %s", endpoint->netns,
			    strerror(errno));
	}
	int result = configure(&inside, endpoint, failure);
	netlink_close(&inside);
	return result;
}

/* A veth of the same name is left over from a kill: its container is not there any more. */
static void remove_leftover(struct context *context, const struct endpoint *endpoint)
{
	struct link_list links;

	if (link_list(&context->netlink, &links) < 0) {
		return;
	}
	const struct link_fact *fact = link_find(&links, endpoint->host_interface);
	if (fact && fact->is_veth) {
		link_delete(&context->netlink, fact->index);
	}
	free(links.links);
}

static int make_veth(struct context *context, struct endpoint *endpoint, int bridge, int netns,
		     struct failure *failure)
{
	choose_mac(endpoint);
	int result = link_make_veth(&context->netlink, endpoint, bridge, netns);
	if (result < 0 && errno == EEXIST) {
		remove_leftover(context, endpoint);
		result = link_make_veth(&context->netlink, endpoint, bridge, netns);
	}
	if (result < 0) {
		return fail(failure, fail_kind(errno), "cannot make the pair %s, %s: %s%s",
			    endpoint->host_interface, endpoint->interface, strerror(errno),
			    errno == EEXIST ? "; detach the old one first" : "");
	}
	return configure_in(netns, endpoint, failure);
}

static int link_container(struct context *context, struct endpoint *endpoint, int bridge,
			  struct failure *failure)
{
	bool is_new;
	int netns = netns_open(endpoint->netns, &is_new);

	if (netns < 0) {
		return fail(failure, fail_kind(errno), "cannot make the network namespace %s: %s",
			    endpoint->netns, strerror(errno));
	}
	int result = make_veth(context, endpoint, bridge, netns, failure);
	close(netns);
	if (result < 0 && is_new) {
		netns_delete(endpoint->netns);
	}
	return result;
}

static int link_device(struct context *context, const struct endpoint *endpoint, int bridge,
		       struct failure *failure)
{
	int index = netlink_index(&context->netlink, endpoint->host_interface);

	if (!index) {
		return fail(failure, "not-found", "there is no interface %s",
			    endpoint->host_interface);
	}
	if (link_set_master(&context->netlink, index, bridge) < 0) {
		return fail(failure, fail_kind(errno), "cannot put %s into %s: %s",
			    endpoint->host_interface, endpoint->bridge, strerror(errno));
	}
	return 0;
}

int endpoint_link(struct context *context, struct endpoint *endpoint, struct failure *failure)
{
	int bridge = netlink_index(&context->netlink, endpoint->bridge);

	if (!bridge) {
		return fail(failure, "not-found", "there is no bridge %s; run bridge-up first",
			    endpoint->bridge);
	}
	int result = endpoint->is_device ? link_device(context, endpoint, bridge, failure)
					 : link_container(context, endpoint, bridge, failure);
	if (result == 0) {
		int index = netlink_index(&context->netlink, endpoint->host_interface);
		result = link_set_port(&context->netlink, index, endpoint->isolated);
		if (result < 0) {
			fail(failure, fail_kind(errno), "cannot set up %s as a port of %s: %s",
			     endpoint->host_interface, endpoint->bridge, strerror(errno));
		}
	}
	return result;
}

/* The kernel takes some 25 ms for a veth pair (it waits until no processor sees it any more), which
 * nobody needs to wait for: a child does. An attach under the same name waits by itself. */
static int delete_veth(struct context *context, int index)
{
	signal(SIGCHLD, SIG_IGN);
	pid_t pid = fork();
	if (pid > 0) {
		return 0;
	}
	if (pid == 0) {
		/* Who reads the report waits for its end. */
		unsigned kept = (unsigned)mnl_socket_get_fd(context->netlink.socket);
		close_range(0, kept - 1, 0);
		close_range(kept + 1, ~0u, 0);
		link_delete(&context->netlink, index);
		_exit(0);
	}
	return link_delete(&context->netlink, index);
}

static int endpoint_unlink(struct context *context, const struct endpoint *endpoint,
			   struct failure *failure)
{
	int index = netlink_index(&context->netlink, endpoint->host_interface);

	if (!index) {
		return 0;
	}
	int result = endpoint->is_device ? link_set_master(&context->netlink, index, 0)
					 : delete_veth(context, index);
	if (result < 0 && errno != ENODEV) {
		return fail(failure, fail_kind(errno), "cannot remove %s: %s",
			    endpoint->host_interface, strerror(errno));
	}
	return 0;
}

static int set_port_rules(const struct endpoint *endpoint,
			  void (*write)(struct text *, int, const struct endpoint *),
			  struct failure *failure)
{
	struct text text = {0};

	for (int i = 0; i < 2; i++) {
		write(&text, i ? AF_INET6 : AF_INET, endpoint);
	}
	int result = rules_run(&text, failure);
	text_free(&text);
	return result;
}

static int publish(struct context *context, struct endpoint *endpoint, struct failure *failure)
{
	int *sockets;
	size_t count;
	struct failure ignored = {0};

	int lock = holder_lock(context->run, failure);
	if (lock < 0) {
		return -1;
	}
	/* What a kill left behind under this name would be in the way. */
	holder_release(context->run, endpoint->host_interface, &ignored);
	int result = port_bind(endpoint, &sockets, &count, failure);
	if (result == 0) {
		result = holder_keep(context->run, endpoint->host_interface, sockets, count,
				     failure);
		port_close(sockets, count);
		if (result == 0) {
			result = set_port_rules(endpoint, rules_add_ports, failure);
		}
		if (result < 0) {
			holder_release(context->run, endpoint->host_interface, &ignored);
		}
	}
	close(lock);
	conntrack_forget(endpoint);
	return result;
}

/* Ports before the interface: a conflict is the likely failure, and costs nothing then. */
int endpoint_attach(struct context *context, struct endpoint *endpoint, struct failure *failure)
{
	struct failure ignored = {0};

	if (endpoint->port_count && publish(context, endpoint, failure) < 0) {
		return -1;
	}
	if (endpoint_link(context, endpoint, failure) < 0) {
		endpoint_detach(context, endpoint, &ignored);
		return -1;
	}
	return 0;
}

int endpoint_detach(struct context *context, const struct endpoint *endpoint,
		    struct failure *failure)
{
	struct failure ignored = {0};
	int result = 0;

	if (endpoint->port_count) {
		int lock = holder_lock(context->run, failure);
		if (lock < 0) {
			return -1;
		}
		/* No table, or another's port: nothing of this endpoint is there. */
		set_port_rules(endpoint, rules_delete_ports, &ignored);
		result = holder_release(context->run, endpoint->host_interface, failure);
		close(lock);
		conntrack_forget(endpoint);
	}
	return endpoint_unlink(context, endpoint, failure) < 0 ? -1 : result;
}

static json *port_json(const struct port *port)
{
	char host[ADDRESS_TEXT_MAX] = "";
	json *object = json_object_new_object();

	if (port->host.family) {
		address_text(&port->host, host);
	}
	json_set_string(object, "host_ip", host);
	json_set_int(object, "host_port", port->host_port);
	json_set_int(object, "container_port", port->container_port);
	json_set_string(object, "protocol", port_protocol_name(port->protocol));
	return object;
}

json *endpoint_result(const struct endpoint *endpoint)
{
	json *result = json_object_new_object();
	json *ports = json_object_new_array();
	char address[ADDRESS_TEXT_MAX];
	char mac[18] = "";

	if (endpoint->has_mac) {
		snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", endpoint->mac[0],
			 endpoint->mac[1], endpoint->mac[2], endpoint->mac[3], endpoint->mac[4],
			 endpoint->mac[5]);
	}
	json_set_string(result, "mac", mac);
	if (endpoint->address[0].family) {
		json_set_owned(result, "address",
			       text_format("%s/%u", address_text(&endpoint->address[0], address),
					   endpoint->address[0].prefix));
	}
	for (size_t i = 0; i < endpoint->port_count; i++) {
		json_object_array_add(ports, port_json(&endpoint->ports[i]));
	}
	json_set(result, "ports", ports);
	return result;
}
