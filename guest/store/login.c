/* SPDX-License-Identifier: Apache-2.0 */
/* `login`: are the name and the password right? */
#include "commands.h"

#include <string.h>
#include "registry.h"
#include "report.h"

#define CHECK_LIMIT 65536

/* What the client calls the server: a host, or an old URL such as https://index.docker.io/v1/. */
static char *domain_of(const char *server)
{
	const char *start = strstr(server, "://");
	start = start ? start + 3 : server;
	char *host = text_format("%.*s", (int)strcspn(start, "/"), start);

	if (!*host || strcmp(host, "index.docker.io") == 0) {
		return text_copy("docker.io");
	}
	if (!reference_is_domain(host)) {
		fail(FAIL_BAD_INPUT, "%s is not HOST or HOST:PORT", server);
	}
	return host;
}

void command_login(const char *argument)
{
	json *request = report_request();
	json *auth = json_get_object(request, "auth");
	struct registry registry;
	struct http_call call = {.method = "GET", .limit = CHECK_LIMIT};
	struct http_reply reply;

	report_doing("cannot log in to %s", argument);
	registry_open(&registry, domain_of(argument), auth,
		      json_get_bool(request, "insecure", false));
	registry_login(&registry, "");
	call.time_limit = 60;
	char *url = registry_url(&registry, "");
	call.url = url;
	call.authorization = registry.authorization;
	http_do(registry.easy, &registry.policy, &call, &reply);
	if (reply.status == 401 || reply.status == 403) {
		fail(FAIL_LOGIN, "the registry refuses the name or the password (%ld)",
		     reply.status);
	}
	if (reply.status != 200) {
		registry_fail(&registry, &reply, "login");
	}
	json *result = json_object_new_object();
	json_set_string(result, "status", "Login Succeeded");
	if (registry.identity) {
		json_set_string(result, "identitytoken", registry.identity);
	}
	report_result(result);
	registry_close(&registry);
}
