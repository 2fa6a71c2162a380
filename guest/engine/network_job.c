/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of bh-network, and what goes into them. */
#include "engine.h"
#include "network_ip6.h"
#include "text.h"
#include "worker.h"

#include <stdlib.h>

#define JOBS_AT_ONCE 4 /* the kernel makes namespaces one at a time anyway */

struct job {
	struct job *next;
	const char *command;
	json *request;
	bool alone;
	job_done_fn done;
	void *context;
};

static struct job *first, **last = &first;
static unsigned running;
static bool is_open, is_alone;

static void run_next(void);

static void on_done(void *context, json *result, const char *error, const char *kind)
{
	struct job *job = context;

	running--;
	is_alone = is_alone && !job->alone;
	job->done(job->context, result, error, kind);
	free(job);
	run_next();
}

/* In their order: what stands alone waits for those before it, and those behind for it. */
static void run_next(void)
{
	while (is_open && first && !is_alone && running < JOBS_AT_ONCE &&
	       (!first->alone || running == 0)) {
		struct job *job = first;
		first = job->next;
		last = first ? last : &first;
		running++;
		is_alone = job->alone;
		struct worker_call call = {
			.program = WORKER_NETWORK,
			.arguments = {job->command},
			.request = job->request,
			.done = on_done,
			.context = job,
		};
		worker_start(&call);
	}
}

static struct job *make(const char *command, json *request, bool alone, job_done_fn done,
			void *context)
{
	struct job *job = memory_zeroed(1, sizeof(*job));

	job->command = command;
	job->request = request;
	job->alone = alone;
	job->done = done;
	job->context = context;
	return job;
}

void network_job(const char *command, json *request, bool alone, job_done_fn done, void *context)
{
	struct job *job = make(command, request, alone, done, context);

	*last = job;
	last = &job->next;
	run_next();
}

void network_log(void *context, const char *error)
{
	(void)context;
	if (error) {
		engine_log("%s", error);
	}
}

static void on_logged(void *context, json *result, const char *error, const char *kind)
{
	(void)result;
	(void)kind;
	network_log(context, error);
}

void network_job_logged(const char *command, json *request, bool alone)
{
	network_job(command, request, alone, on_logged, NULL);
}

void network_job_open(json *sync, job_done_fn done, void *context)
{
	if (sync) {
		struct job *job = make("sync", sync, true, done, context);
		job->next = first;
		first = job;
		last = job->next ? last : &job->next;
	}
	is_open = true;
	run_next();
}

static void set_ip(json *object, const char *key, uint32_t address, unsigned prefix)
{
	char text[IP_TEXT];
	char *whole = prefix ? text_format("%s/%u", ip_text(address, text), prefix)
			     : text_copy(ip_text(address, text));

	json_set_string(object, key, whole);
	free(whole);
}

static void set_ip6(json *object, const char *key, const char *address, unsigned prefix)
{
	char *whole = text_format("%s/%u", address, prefix);

	json_set_string(object, key, whole);
	free(whole);
}

static int64_t mtu_of(const struct network *network)
{
	return strtol(network_option(network, "com.docker.network.driver.mtu", "0"), NULL, 10);
}

static bool is_isolated(const struct network *network)
{
	return network_option(network, "com.docker.network.bridge.enable_icc", "true")[0] == 'f';
}

json *network_request(const struct network *network)
{
	json *request = json_object_new_object();
	struct ip6_net net;
	char text[IP6_TEXT];
	const char *masquerade =
		network_option(network, "com.docker.network.bridge.enable_ip_masquerade", "true");

	json_set_string(request, "bridge", network->bridge);
	set_ip(request, "subnet", network->subnet, network->prefix);
	set_ip(request, "gateway", network->gateway, 0);
	if (ip6_of_network(network, &net)) {
		set_ip6(request, "subnet6", ip6_text(&net.subnet, text), net.prefix);
		json_set_string(request, "gateway6", ip6_text(&net.gateway, text));
	}
	json_set_bool(request, "masquerade", masquerade[0] != 'f');
	json_set_bool(request, "internal", network_is_internal(network));
	json_set_bool(request, "isolated", is_isolated(network));
	json_set_int(request, "mtu", mtu_of(network));
	return request;
}

json *netns_request(const char *container)
{
	json *request = json_object_new_object();

	json_set_owned(request, "netns", engine_run_path("netns/%s", container));
	return request;
}

json *endpoint_request(json *endpoint, const struct network *network, json *ports, bool is_first)
{
	json *request = netns_request(json_get_string(endpoint, "container", ""));
	struct ip6_net net;
	char text[IP6_TEXT];
	const char *address6 = ip6_of_endpoint(network, endpoint, &net, text);

	json_set_string(request, "bridge", network->bridge);
	json_set_string(request, "interface", json_get_string(endpoint, "interface", ""));
	json_set_string(request, "host_interface", json_get_string(endpoint, "host_interface", ""));
	set_ip(request, "address", (uint32_t)json_get_int(endpoint, "address", 0), network->prefix);
	if (*address6) {
		set_ip6(request, "address6", address6, net.prefix);
	}
	if (is_first && !network_is_internal(network)) {
		set_ip(request, "gateway", network->gateway, 0);
		json_set_string(request, "gateway6", *address6 ? ip6_text(&net.gateway, text) : "");
	}
	json_set_string(request, "mac", json_get_string(endpoint, "mac", ""));
	json_set_bool(request, "isolated", is_isolated(network));
	json_set_int(request, "mtu", mtu_of(network));
	json_set(request, "ports", ports ? ports : json_object_new_array());
	return request;
}

json *device_request(const struct network *network)
{
	const char *device = network->is_predefined
				     ? engine.bridge_device
				     : network_option(network, "bulkhead.device", NULL);

	if (!device || !*network->bridge) {
		return NULL;
	}
	json *request = json_object_new_object();
	json_set_string(request, "device", device);
	json_set_string(request, "bridge", network->bridge);
	return request;
}
