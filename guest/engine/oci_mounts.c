/* SPDX-License-Identifier: Apache-2.0 */
/* config.json: mounts, and the files that the engine writes for the container. */
#include "engine.h"
#include "file.h"
#include "network.h"
#include "oci.h"
#include "resolv.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define RESOLV_MAX (256u * 1024)

/* `options` are words with commas. */
static json *make_mount(const char *destination, const char *type, const char *source,
			const char *options)
{
	json *mount = json_object_new_object();
	json *list = json_object_new_array();

	while (*options) {
		size_t length = strcspn(options, ",");
		if (length) {
			json_object_array_add(list,
					      json_object_new_string_len(options, (int)length));
		}
		options += length + (options[length] == ',');
	}
	json_set_string(mount, "destination", destination);
	json_set_string(mount, "type", type);
	json_set_string(mount, "source", source);
	json_set(mount, "options", list);
	return mount;
}

static void add(json *list, const char *destination, const char *type, const char *source,
		const char *options)
{
	json_object_array_add(list, make_mount(destination, type, source, options));
}

static void add_system(json *list, json *host)
{
	bool is_privileged = json_get_bool(host, "Privileged", false);
	const char *ipc = json_get_string(host, "IpcMode", "private");
	char *shm = text_format("nosuid,noexec,nodev,mode=1777,size=%lld",
				(long long)json_get_int(host, "ShmSize", 0));

	add(list, "/proc", "proc", "proc", "nosuid,noexec,nodev");
	add(list, "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k");
	add(list, "/dev/pts", "devpts", "devpts",
	    "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
	add(list, "/sys", "sysfs", "sysfs",
	    is_privileged ? "nosuid,noexec,nodev,rw" : "nosuid,noexec,nodev,ro");
	add(list, "/sys/fs/cgroup", "cgroup", "cgroup",
	    is_privileged ? "nosuid,noexec,nodev,relatime,rw" : "nosuid,noexec,nodev,relatime,ro");
	add(list, "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev");
	if (!strcmp(ipc, "host")) {
		add(list, "/dev/shm", "bind", "/dev/shm", "rbind,rprivate");
	} else {
		add(list, "/dev/shm", "tmpfs", "shm", shm);
	}
	free(shm);
}

static bool is_covered(json *mounts, const char *destination)
{
	for (size_t i = 0; i < json_count(mounts); i++) {
		if (!strcmp(json_get_string(json_at(mounts, i), "Destination", ""), destination)) {
			return true;
		}
	}
	return false;
}

static void add_files(json *list, struct container *container, json *mounts)
{
	static const char *const files[] = {"resolv.conf", "hostname", "hosts"};

	for (size_t i = 0; i < 3; i++) {
		char *destination = text_format("/etc/%s", files[i]);
		char *source = container_path(container, files[i]);
		if (!is_covered(mounts, destination)) {
			add(list, destination, "bind", source, "rbind,rprivate");
		}
		free(destination);
		free(source);
	}
}

static void add_init(json *list, json *host)
{
	if (json_get_bool(host, "Init", false)) {
		char *program = engine_program("bh-init");
		add(list, "/sbin/docker-init", "bind", program, "bind,ro");
		free(program);
	}
}

static int by_depth(const void *a, const void *b)
{
	json *const *first = a;
	json *const *second = b;
	const char *texts[2] = {json_get_string(*first, "Destination", ""),
				json_get_string(*second, "Destination", "")};
	int depth[2] = {0, 0};

	for (size_t i = 0; i < 2; i++) {
		for (const char *c = texts[i]; *c; c++) {
			depth[i] += *c == '/';
		}
	}
	return depth[0] != depth[1] ? depth[0] - depth[1] : strcmp(texts[0], texts[1]);
}

static void add_tmpfs(json *list, json *mount)
{
	char *options =
		text_format("noexec,nosuid,nodev,%s", json_get_string(mount, "Options", ""));

	add(list, json_get_string(mount, "Destination", ""), "tmpfs", "tmpfs", options);
	free(options);
}

static char *add_wanted(json *list, json *mount)
{
	const char *source = json_get_string(mount, "Source", "");
	const char *propagation = json_get_string(mount, "Propagation", "");
	struct stat status;

	if (!strcmp(json_get_string(mount, "Type", ""), "tmpfs")) {
		add_tmpfs(list, mount);
		return NULL;
	}
	if (stat(source, &status) < 0) {
		return text_format("cannot mount %s: %s", source, strerror(errno));
	}
	char *options = text_format("rbind,%s%s", *propagation ? propagation : "rprivate",
				    json_get_bool(mount, "RW", true) ? "" : ",ro");
	add(list, json_get_string(mount, "Destination", ""), "bind", source, options);
	free(options);
	return NULL;
}

json *oci_mounts(struct container *container, json *spec, char **error)
{
	json *list = json_object_new_array();
	json *mounts = json_get(spec, "Mounts");

	add_system(list, json_get(spec, "HostConfig"));
	add_files(list, container, mounts);
	add_init(list, json_get(spec, "HostConfig"));
	if (mounts) {
		json_object_array_sort(mounts, by_depth);
	}
	for (size_t i = 0; !*error && i < json_count(mounts); i++) {
		*error = add_wanted(list, json_at(mounts, i));
	}
	if (*error) {
		json_object_put(list);
		return NULL;
	}
	return list;
}

static int write_file(struct container *container, const char *name, const struct text *text)
{
	char *path = container_path(container, name);
	/* In place: a running container has it mounted. */
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	int result = fd < 0 ? -1 : file_write_all(fd, text->data, text->length);

	file_close(fd);
	free(path);
	return result;
}

static void add_extra_hosts(struct text *text, struct container *container, json *hosts)
{
	char *gateway = network_gateway(container);

	for (size_t i = 0; i < json_count(hosts); i++) {
		const char *entry = json_string_at(hosts, i);
		const char *colon = strchr(entry, ':');
		if (colon && !strpbrk(entry, "\n\r")) {
			bool is_host = !strcmp(colon + 1, "host-gateway") && gateway;
			text_printf(text, "%s\t%.*s\n", is_host ? gateway : colon + 1,
				    (int)(colon - entry), entry);
		}
	}
	free(gateway);
}

static int write_hosts(struct container *container, json *spec)
{
	struct text text = {0};
	char *own = network_hosts(container, spec);

	text_puts(&text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
			 "fe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\n"
			 "ff02::2\tip6-allrouters\n");
	text_puts(&text, own);
	add_extra_hosts(&text, container, json_get(json_get(spec, "HostConfig"), "ExtraHosts"));
	int result = write_file(container, "hosts", &text);
	text_free(&text);
	free(own);
	return result;
}

static int write_resolv(struct container *container, json *spec)
{
	json *host = json_get(spec, "HostConfig");
	struct text host_text = {0};
	char *resolver = network_resolver(container, spec);
	char *gateway = network_gateway(container);

	text_puts(&host_text, "");
	file_read_at(AT_FDCWD, "/etc/resolv.conf", &host_text, RESOLV_MAX);
	struct resolv resolv = {.host = host_text.data,
				.resolver = resolver,
				.has_own_network = gateway != NULL,
				.servers = json_get(host, "Dns"),
				.search = json_get(host, "DnsSearch"),
				.options = json_get(host, "DnsOptions")};
	struct text text = {.data = resolv_make(&resolv)};
	text.length = strlen(text.data);
	int result = write_file(container, "resolv.conf", &text);
	free(text.data);
	text_free(&host_text);
	free(resolver);
	free(gateway);
	return result;
}

int oci_write_files(struct container *container, json *spec)
{
	struct text text = {0};

	text_printf(&text, "%s\n", json_get_string(json_get(spec, "Config"), "Hostname", ""));
	int result = write_file(container, "hostname", &text);
	text_free(&text);
	if (result == 0) {
		result = write_hosts(container, spec);
	}
	return result == 0 ? write_resolv(container, spec) : result;
}
