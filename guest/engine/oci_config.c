/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"
#include "oci.h"
#include "text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const masked[] = {
	"/proc/acpi",        "/proc/asound",  "/proc/interrupts",
	"/proc/kcore",       "/proc/keys",    "/proc/latency_stats",
	"/proc/sched_debug", "/proc/scsi",    "/proc/timer_list",
	"/proc/timer_stats", "/sys/firmware", "/sys/devices/virtual/powercap",
};
static const char *const read_only[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
					"/proc/sysrq-trigger"};

static json *list_of(const char *const *texts, size_t count)
{
	json *list = json_object_new_array();

	for (size_t i = 0; i < count; i++) {
		json_append_string(list, texts[i]);
	}
	return list;
}

static void set_paths(json *object, const char *key, json *host, const char *host_key,
		      const char *const *texts, size_t count)
{
	json *given = json_get_array(host, host_key);

	if (given) {
		json_set(object, key, json_object_get(given));
	} else if (!json_get_bool(host, "Privileged", false)) {
		json_set(object, key, list_of(texts, count));
	}
}

static json *make_linux(struct container *container, json *spec, char **error)
{
	json *host = json_get(spec, "HostConfig");
	json *object = json_object_new_object();
	json *resources = oci_resources(host);
	const char *parent = json_get_string(host, "CgroupParent", "");

	json_set_owned(object, "cgroupsPath",
		       text_format("%s%s/%s", *parent == '/' || !*parent ? "" : "/",
				   *parent ? parent : "/bulkhead", container->id));
	json_set(object, "namespaces", oci_namespaces(container, spec, error));
	if (!*error) {
		json_set(object, "devices", oci_devices(host, resources, error));
	}
	json_set(object, "resources", resources);
	json *capabilities = oci_capabilities(host);
	json *seccomp =
		*error ? NULL : oci_seccomp(host, json_get(capabilities, "bounding"), error);
	json_object_put(capabilities);
	if (seccomp) {
		json_set(object, "seccomp", seccomp);
	}
	struct oci_labels labels = {0};
	if (!*error) {
		labels = oci_labels(host, error);
	}
	if (labels.file) {
		json_set_string(object, "mountLabel", labels.file);
	}
	oci_labels_free(&labels);
	if (json_get_object(host, "Sysctls")) {
		json_set(object, "sysctl", json_object_get(json_get(host, "Sysctls")));
	}
	set_paths(object, "maskedPaths", host, "MaskedPaths", masked,
		  sizeof(masked) / sizeof(char *));
	set_paths(object, "readonlyPaths", host, "ReadonlyPaths", read_only,
		  sizeof(read_only) / sizeof(char *));
	return object;
}

static json *make_root(const char *rootfs, json *host)
{
	json *root = json_object_new_object();

	json_set_string(root, "path", rootfs);
	json_set_bool(root, "readonly", json_get_bool(host, "ReadonlyRootfs", false));
	return root;
}

/* In the host's UTS namespace the host's name stays. */
static void set_hostname(json *object, json *spec)
{
	json *config = json_get(spec, "Config");

	if (strcmp(json_get_string(json_get(spec, "HostConfig"), "UTSMode", ""), "host") != 0) {
		json_set_string(object, "hostname", json_get_string(config, "Hostname", ""));
		if (*json_get_string(config, "Domainname", "")) {
			json_set_string(object, "domainname",
					json_get_string(config, "Domainname", ""));
		}
	}
}

json *oci_config(struct container *container, json *spec, char **error)
{
	char *rootfs = container_path(container, "rootfs");
	int fd = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	json *object = json_object_new_object();
	json *host = json_get(spec, "HostConfig");

	json_set_string(object, "ociVersion", "1.0.2");
	json_set(object, "root", make_root(rootfs, host));
	json_set(object, "process", oci_process(container, spec, fd, error));
	set_hostname(object, spec);
	if (!*error) {
		json_set(object, "mounts", oci_mounts(container, spec, error));
	}
	if (!*error) {
		json_set(object, "linux", make_linux(container, spec, error));
	}
	if (json_get_object(host, "Annotations")) {
		json_set(object, "annotations", json_object_get(json_get(host, "Annotations")));
	}
	free(rootfs);
	file_close(fd);
	if (*error) {
		json_object_put(object);
		return NULL;
	}
	return object;
}
