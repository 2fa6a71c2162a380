/* SPDX-License-Identifier: Apache-2.0 */
/* A container's config.json (runtime-spec 1.0.2 and later), from its spec and its mounted rootfs.
 */
#pragma once

#include "container.h"

/* Who runs: runtime-spec "user", of NAME|UID[:GROUP|GID] and the rootfs' /etc/passwd and
 * /etc/group. */
struct oci_user {
	int64_t uid;
	int64_t gid;
	json *groups; /* additional, array of integers */
	char *home;
};
/* `add` are GroupAdd, may be NULL. -1: *error (the caller frees it). */
int oci_user_find(int rootfs, const char *user, json *add, struct oci_user *found, char **error);
void oci_user_free(struct oci_user *user);

/* The object of config.json; NULL: *error (the caller frees it) says why. */
json *oci_config(struct container *container, json *spec, char **error);
/* hosts, hostname, resolv.conf of the container's folder, which are mounted in it. -1 with errno.
 */
int oci_write_files(struct container *container, json *spec);

/* Parts of it. */
json *oci_capabilities(json *host);
json *oci_process(struct container *container, json *spec, int rootfs, char **error);
json *oci_mounts(struct container *container, json *spec, char **error);
/* linux.resources of HostConfig; also for "update". */
json *oci_resources(json *host);
/* linux.devices, and their rules added to the resources. NULL: *error. */
json *oci_devices(json *host, json *resources, char **error);
json *oci_namespaces(struct container *container, json *spec, char **error);
/* The seccomp section of HostConfig.SecurityOpt for a process with these capabilities (array of
 * names): of the profile in it, or of the default one, seccomp.json beside the engine. NULL: none,
 * or *error. */
json *oci_seccomp(json *host, json *capabilities, char **error);
/* A value of SecurityOpt, "no-new-privileges", "apparmor" or "seccomp" ("seccomp=X"); "" without a
 * value. NULL: not there. Borrowed. */
const char *oci_security_option(json *host, const char *name);
/* The AppArmor profile of SecurityOpt, NULL: none is set. Borrowed. */
const char *oci_apparmor(json *host);
/* SELinux labels of SecurityOpt's "label=", upon the policy's own for containers; NULL where no
 * option sets any, or *error (the caller frees it). */
struct oci_labels {
	char *process, *file;
};
struct oci_labels oci_labels(json *host, char **error);
void oci_labels_free(struct oci_labels *labels);
/* The three as "inspect" shows them. */
void oci_view_labels(json *view, json *host);
/* cgroup v2 alone is mounted at /sys/fs/cgroup. */
bool oci_has_cgroup2(void);
