# Rules of bh-network, the worker for container networks; included by guest/files.mk.
NETWORK_DNS := dns.c dns_server.c dns_udp.c dns_tcp.c dns_message.c dns_table.c
NETWORK := bh_network.c report.c request.c request_port.c netlink.c link.c link_address.c netns.c rules.c \
	rules_run.c port.c holder.c hold.c privilege.c bridge.c endpoint.c sync.c conntrack.c $(NETWORK_DNS)
$(eval $(call app_rules,guest/network,))
$(eval $(call app_program,bh-network,guest/network,$(NETWORK),-lnftables -lmnl))
