/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t settings_bytes(const char *words)
{
	static const char units[] = "bkmgt";
	char *end;
	double number = strtod(words, &end);

	if (end == words || !(number >= 0) || !isfinite(number)) {
		return -1;
	}
	char letter = *end >= 'A' && *end <= 'Z' ? (char)(*end + 32) : *end;
	const char *unit = letter ? strchr(units, letter) : units;
	if (!unit) {
		return -1;
	}
	end += *end != '\0';
	end += unit != units && (*end == 'i' || *end == 'I');
	end += *end == 'b' || *end == 'B';
	for (; unit > units; unit--) {
		number *= 1024;
	}
	return *end || number >= 9e18 ? -1 : (int64_t)number;
}

static json *words_from(struct client *client, int first)
{
	json *list = json_object_new_array();

	for (int i = first; i < client->word_count; i++) {
		json_append_string(list, client->words[i]);
	}
	return list;
}

static void copy_list(struct client *client, const char *option, json *object, const char *key)
{
	if (client_list(client, option)) {
		json_set(object, key, json_object_get(client_list(client, option)));
	}
}

static void copy_value(struct client *client, const char *option, json *object, const char *key)
{
	if (client_value(client, option)) {
		json_set_string(object, key, client_value(client, option));
	}
}

/* NAME alone takes the value that this environment has. */
static json *environment(struct client *client)
{
	json *list = client_list(client, "env");
	json *result = json_object_new_array();

	for (size_t i = 0; i < json_count(list); i++) {
		const char *word = json_string_at(list, i);
		const char *here = strchr(word, '=') ? NULL : getenv(word);
		char *pair = here ? text_format("%s=%s", word, here) : text_copy(word);
		if (strchr(pair, '=')) {
			json_append_string(result, pair);
		}
		free(pair);
	}
	return result;
}

/* -p [[ADDRESS:]HOST:]PORT[/PROTOCOL] */
static bool add_port(json *exposed, json *bindings, const char *words)
{
	char *copy = text_copy(words);
	char *slash = strchr(copy, '/');
	char *protocol = text_copy(slash ? slash + 1 : "tcp");
	char *colon;

	if (slash) {
		*slash = '\0';
	}
	colon = strrchr(copy, ':');
	char *port = colon ? colon + 1 : copy;
	char *host = "";
	char *address = "";
	if (colon) {
		*colon = '\0';
		char *before = strrchr(copy, ':');
		host = before ? before + 1 : copy;
		if (before) {
			*before = '\0';
			address = copy;
		}
	}
	bool ok = *port && strspn(port, "0123456789") == strlen(port) &&
		  strspn(host, "0123456789") == strlen(host);
	if (ok) {
		char *key = text_format("%s/%s", port, protocol);
		json *binding = json_object_new_object();
		json *list = json_get_array(bindings, key);
		if (!list) {
			list = json_object_new_array();
			json_set(bindings, key, list);
		}
		json_set_string(binding, "HostIp", address);
		json_set_string(binding, "HostPort", host);
		json_object_array_add(list, binding);
		json_set(exposed, key, json_object_new_object());
		free(key);
	} else {
		client_fail(CLIENT_USAGE, "-p %s: give [[ADDRESS:]HOST:]PORT[/PROTOCOL]", words);
	}
	free(copy);
	free(protocol);
	return ok;
}

static bool set_ports(struct client *client, json *body, json *host)
{
	json *list = client_list(client, "publish");
	json *exposed = json_object_new_object();
	json *bindings = json_object_new_object();
	bool ok = true;

	for (size_t i = 0; ok && i < json_count(list); i++) {
		ok = add_port(exposed, bindings, json_string_at(list, i));
	}
	json_set(body, "ExposedPorts", exposed);
	json_set(host, "PortBindings", bindings);
	return ok;
}

static bool set_limits(struct client *client, json *host)
{
	const char *memory = client_value(client, "memory");
	const char *cpus = client_value(client, "cpus");
	const char *pids = client_value(client, "pids-limit");
	char *end = NULL;

	if (memory) {
		int64_t bytes = settings_bytes(memory);
		if (bytes < 0) {
			client_fail(CLIENT_USAGE, "--memory %s: give a number and a unit, as 512m",
				    memory);
			return false;
		}
		json_set_int(host, "Memory", bytes);
	}
	if (cpus) {
		double number = strtod(cpus, &end);
		if (end == cpus || *end || !(number > 0 && number < 1e6)) {
			client_fail(CLIENT_USAGE, "--cpus %s: give a number, as 1.5", cpus);
			return false;
		}
		json_set_int(host, "NanoCpus", (int64_t)(number * 1e9));
	}
	if (pids) {
		json_set_int(host, "PidsLimit", strtoll(pids, NULL, 10));
	}
	copy_value(client, "cpuset-cpus", host, "CpusetCpus");
	return true;
}

static void set_restart(struct client *client, json *host)
{
	const char *words = client_value(client, "restart");

	if (words) {
		json *policy = json_object_new_object();
		char *name = text_copy(words);
		char *colon = strchr(name, ':');
		if (colon) {
			*colon = '\0';
			json_set_int(policy, "MaximumRetryCount", strtoll(colon + 1, NULL, 10));
		}
		json_set_string(policy, "Name", name);
		json_set(host, "RestartPolicy", policy);
		free(name);
	}
}

static json *host_config(struct client *client)
{
	json *host = json_object_new_object();

	copy_list(client, "volume", host, "Binds");
	copy_list(client, "cap-add", host, "CapAdd");
	copy_list(client, "cap-drop", host, "CapDrop");
	copy_list(client, "security-opt", host, "SecurityOpt");
	copy_list(client, "dns", host, "Dns");
	copy_list(client, "dns-search", host, "DnsSearch");
	copy_list(client, "dns-option", host, "DnsOptions");
	copy_value(client, "network", host, "NetworkMode");
	copy_value(client, "runtime", host, "Runtime");
	json_set_bool(host, "AutoRemove", client_has(client, "rm"));
	json_set_bool(host, "ReadonlyRootfs", client_has(client, "read-only"));
	json_set_bool(host, "Privileged", client_has(client, "privileged"));
	json_set_bool(host, "Init", client_has(client, "init"));
	set_restart(client, host);
	json_set(host, "Tmpfs", client_pairs(client, "tmpfs", ':', false));
	return host;
}

static void set_process(struct client *client, json *body)
{
	copy_value(client, "workdir", body, "WorkingDir");
	copy_value(client, "user", body, "User");
	json_set(body, "Env", environment(client));
	json_set_bool(body, "Tty", client_has(client, "tty"));
}

json *settings_container(struct client *client)
{
	json *body = json_object_new_object();
	json *host = host_config(client);
	bool has_input = client_has(client, "interactive");
	bool is_attached = !client_has(client, "detach");

	json_set_string(body, "Image", client->words[0]);
	json_set(body, "Cmd", client->word_count > 1 ? words_from(client, 1) : NULL);
	json_set(body, "Labels", client_pairs(client, "label", '=', false));
	copy_value(client, "hostname", body, "Hostname");
	if (client_value(client, "entrypoint")) {
		json *entry = json_object_new_array();
		json_append_string(entry, client_value(client, "entrypoint"));
		json_set(body, "Entrypoint", entry);
	}
	set_process(client, body);
	json_set_bool(body, "OpenStdin", has_input);
	json_set_bool(body, "StdinOnce", has_input && is_attached);
	json_set_bool(body, "AttachStdin", has_input && is_attached);
	json_set_bool(body, "AttachStdout", is_attached);
	json_set_bool(body, "AttachStderr", is_attached);
	json_set(body, "HostConfig", host);
	if (!set_ports(client, body, host) || !set_limits(client, host)) {
		json_object_put(body);
		return NULL;
	}
	return body;
}

json *settings_exec(struct client *client)
{
	json *body = json_object_new_object();
	bool is_attached = !client_has(client, "detach");

	json_set(body, "Cmd", words_from(client, 1));
	set_process(client, body);
	json_set_bool(body, "AttachStdin", client_has(client, "interactive") && is_attached);
	json_set_bool(body, "AttachStdout", is_attached);
	json_set_bool(body, "AttachStderr", is_attached);
	json_set_bool(body, "Privileged", client_has(client, "privileged"));
	return body;
}
