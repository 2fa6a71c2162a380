/* SPDX-License-Identifier: Apache-2.0 */
#include "system.h"
#include "engine.h"
#include "http.h"

#include <stdio.h>
#include <sys/utsname.h>

static void ping_headers(struct request *request)
{
	reply_header(request, "Builder-Version", "1");
	reply_header(request, "Swarm", "inactive");
	reply_header(request, "Cache-Control", "no-cache, no-store, must-revalidate");
	reply_header(request, "Pragma", "no-cache");
}

static void get_ping(struct request *request)
{
	ping_headers(request);
	reply_text(request, 200, "text/plain; charset=utf-8", "OK");
}

static void get_version(struct request *request)
{
	json *value = json_object_new_object();
	struct utsname host;

	uname(&host);
	json_set_string(value, "Version", ENGINE_VERSION);
	json_set_string(value, "ApiVersion", "1.50");
	json_set_string(value, "MinAPIVersion", "1.24");
	json_set_string(value, "Os", "linux");
	json_set_string(value, "Arch", "amd64");
	json_set_string(value, "KernelVersion", host.release);
	reply_json(request, 200, value);
}

const struct route system_routes[3] = {
	{"GET", "/_ping", get_ping, 0},
	{"HEAD", "/_ping", get_ping, 0},
	{"GET", "/version", get_version, 0},
};
