/* SPDX-License-Identifier: Apache-2.0 */
#include "system.h"
#include "lsm.h"
#include "db.h"
#include "engine.h"
#include "file.h"
#include "http.h"
#include "moment.h"
#include "oci.h"
#include "registry_insecure.h"
#include "runtime.h"
#include "text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static char *api_version(unsigned number)
{
	return text_format("%u.%u", number / 100, number % 100);
}

static void get_ping(struct request *request)
{
	reply_header(request, "Builder-Version", "1");
	reply_header(request, "Swarm", "inactive");
	reply_header(request, "Cache-Control", "no-cache, no-store, must-revalidate");
	reply_header(request, "Pragma", "no-cache");
	reply_text(request, 200, "text/plain; charset=utf-8", "OK");
}

static void set_version(json *value, const char *key, unsigned number)
{
	char *text = api_version(number);

	json_set_string(value, key, text);
	free(text);
}

static json *engine_component(const struct utsname *host)
{
	json *component = json_object_new_object();
	json *details = json_object_new_object();

	set_version(details, "ApiVersion", ENGINE_API_VERSION);
	set_version(details, "MinAPIVersion", ENGINE_API_MINIMUM);
	json_set_string(details, "Arch", "amd64");
	json_set_string(details, "Os", "linux");
	json_set_string(details, "Experimental", "false");
	json_set_string(details, "KernelVersion", host->release);
	json_set_string(component, "Name", "Engine");
	json_set_string(component, "Version", ENGINE_VERSION);
	json_set(component, "Details", details);
	return component;
}

static void get_version(struct request *request)
{
	json *value = json_object_new_object();

	json *components = json_object_new_array();
	struct utsname host;

	uname(&host);
	json_set(value, "Platform", json_pair("Name", "Bulkhead"));
	json_object_array_add(components, engine_component(&host));
	json_set(value, "Components", components);
	json_set_string(value, "Version", ENGINE_VERSION);
	set_version(value, "ApiVersion", ENGINE_API_VERSION);
	set_version(value, "MinAPIVersion", ENGINE_API_MINIMUM);
	json_set_string(value, "GitCommit", "");
	json_set_string(value, "GoVersion", "");
	json_set_string(value, "Os", "linux");
	json_set_string(value, "Arch", "amd64");
	json_set_string(value, "KernelVersion", host.release);
	json_set_string(value, "BuildTime", "");
	reply_json(request, 200, value);
}

static void set_counts(json *info)
{
	int64_t counts[4] = {0, 0, 0, 0};

	for (struct container *one = container_first(); one; one = one->next) {
		counts[0]++;
		counts[one->state.is_paused ? 2 : one->state.is_running ? 1 : 3]++;
	}
	json_set_int(info, "Containers", counts[0]);
	json_set_int(info, "ContainersRunning", counts[1]);
	json_set_int(info, "ContainersPaused", counts[2]);
	json_set_int(info, "ContainersStopped", counts[3]);
	json_set_int(info, "Images", db_number("SELECT count(*) FROM image", ""));
}

/* PRETTY_NAME of os-release(5). */
static char *system_name(void)
{
	struct text text = {0};
	char *name = NULL;

	if (file_read_at(AT_FDCWD, "/etc/os-release", &text, 65536) == 0) {
		char *line = strstr(text.data, "PRETTY_NAME=\"");
		if (line) {
			line += strlen("PRETTY_NAME=\"");
			name = text_format("%.*s", (int)strcspn(line, "\"\n"), line);
		}
	}
	text_free(&text);
	return name ? name : text_copy("Linux");
}

static void set_plugins(json *info)
{
	static const char *const kinds[][3] = {
		{"local", NULL}, {"bridge", "host", "null"}, {"json-file", "local", "none"}};
	static const char *const keys[] = {"Volume", "Network", "Log"};
	json *plugins = json_object_new_object();

	for (size_t i = 0; i < 3; i++) {
		json *list = json_object_new_array();
		for (size_t n = 0; n < 3 && kinds[i][n]; n++) {
			json_append_string(list, kinds[i][n]);
		}
		json_set(plugins, keys[i], list);
	}
	json_set(plugins, "Authorization", NULL);
	json_set(info, "Plugins", plugins);
}

static void set_host(json *info)
{
	struct utsname host;
	char *name = system_name();

	uname(&host);
	json_set_string(info, "KernelVersion", host.release);
	json_set_string(info, "OperatingSystem", name);
	json_set_string(info, "OSType", "linux");
	json_set_string(info, "Architecture", host.machine);
	json_set_int(info, "NCPU", sysconf(_SC_NPROCESSORS_ONLN));
	json_set_int(info, "MemTotal", (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE));
	json_set_string(info, "Name", host.nodename);
	json_set_string(info, "CgroupDriver", "cgroupfs");
	json_set_string(info, "CgroupVersion", oci_has_cgroup2() ? "2" : "1");
	free(name);
}

static void set_flags(json *info)
{
	static const char *const yes[] = {"MemoryLimit",      "SwapLimit",        "CpuCfsPeriod",
					  "CpuCfsQuota",      "CPUShares",        "CPUSet",
					  "PidsLimit",        "IPv4Forwarding",   "OomKillDisable",
					  "BridgeNfIptables", "BridgeNfIp6tables"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		json_set_bool(info, yes[i], true);
	}
	json_set_bool(info, "Debug", engine.debug);
	json_set_bool(info, "ExperimentalBuild", false);
	json_set_bool(info, "LiveRestoreEnabled", true);
}

static void get_info(struct request *request)
{
	json *info = json_object_new_object();
	json *security = json_object_new_array();

	json_set_string(info, "ID", engine.id);
	set_counts(info);
	json_set_string(info, "Driver", "overlay2");
	json_set(info, "DriverStatus", json_object_new_array());
	set_plugins(info);
	set_flags(info);
	set_host(info);
	json_set(info, "SystemTime", moment_json(moment_now()));
	json_set_string(info, "LoggingDriver", "json-file");
	json_set_string(info, "IndexServerAddress", "https://index.docker.io/v1/");
	json_set(info, "RegistryConfig", registry_insecure_list());
	json_set_string(info, "DockerRootDir", engine.root);
	json_set_string(info, "ServerVersion", ENGINE_VERSION);
	json_set(info, "Runtimes", runtime_list());
	json_set_string(info, "DefaultRuntime", RUNTIME_DEFAULT);
	json_set_string(info, "InitBinary", "bh-init");
	json_append_string(security, "name=seccomp,profile=builtin");
	if (lsm_has_apparmor()) {
		json_append_string(security, "name=apparmor");
	}
	json_set(info, "SecurityOptions", security);
	json_set(info, "Swarm", json_pair("LocalNodeState", "inactive"));
	json_set(info, "Labels", json_object_new_array());
	json_set(info, "Warnings", json_object_new_array());
	reply_json(request, 200, info);
}

/* Sizes of images and volumes come from the database; of containers they are not measured. */
const struct route system_routes[4] = {
	{"GET", "/_ping", get_ping, 0},
	{"HEAD", "/_ping", get_ping, 0},
	{"GET", "/version", get_version, 0},
	{"GET", "/info", get_info, 0},
};
