/* SPDX-License-Identifier: Apache-2.0 */
/* Files of containers, by bh-image: archive (docker cp), export, changes (docker diff). */
#include "base64.h"
#include "container_routes.h"
#include "http.h"
#include "rootfs.h"
#include "text.h"
#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The root file system is held for the time of the worker. */
static void on_finished(void *context)
{
	struct container *container = container_find(context, NULL);

	if (container) {
		rootfs_release(container);
	}
	free(context);
}

/* False: the reply was sent. */
static bool hold(struct request *request, struct container *container, struct worker_call *call,
		 const char *command)
{
	char *error = NULL;

	if (rootfs_hold(container, &error) < 0) {
		reply_wrong(request, 500, error);
		return false;
	}
	*call = (struct worker_call){
		.arguments = {command},
		.request = json_object_new_object(),
		.finished = on_finished,
		.finished_context = text_copy(container->id),
	};
	return true;
}

/* A running container is seen as it sees itself, with its volumes. */
static void set_rootfs(json *request, struct container *container, bool with_mounts)
{
	char *path = with_mounts && container->state.is_running
			     ? text_format("/proc/%d/root", (int)container->state.pid)
			     : container_path(container, "rootfs");

	json_set_string(request, "rootfs", path);
	free(path);
}

static bool start_archive(struct request *request, struct worker_call *call, const char *command)
{
	struct container *container = container_of_request(request);
	const char *path = request_query(request, "path");

	if (!container) {
		return false;
	}
	if (!path || !*path) {
		reply_error(request, 400, "missing parameter: 'path'");
		return false;
	}
	if (!hold(request, container, call, command)) {
		return false;
	}
	set_rootfs(call->request, container, true);
	json_set_string(call->request, "path", path);
	return true;
}

static char *stat_header(json *result)
{
	json *stat = json_object_new_object();

	json_set_string(stat, "name", json_get_string(result, "name", ""));
	json_set_int(stat, "size", json_get_int(result, "size", 0));
	json_set_int(stat, "mode", json_get_int(result, "mode", 0));
	json_set(stat, "mtime", json_object_get(json_get(result, "mtime")));
	json_set_string(stat, "linkTarget", json_get_string(result, "linkTarget", ""));
	char *header = base64_encode(json_text(stat), false);
	json_object_put(stat);
	return header;
}

static void reply_stat(struct request *request, json *result)
{
	char *header = stat_header(result);

	reply_header(request, "X-Docker-Container-Path-Stat", header);
	reply_empty(request, 200);
	free(header);
}

static void head_archive(struct request *request)
{
	struct worker_call call;

	if (start_archive(request, &call, "archive-stat")) {
		worker_reply(request, &call, reply_stat);
	}
}

static void download_with_stat(struct request *request, json *result)
{
	struct worker_call call;
	char *header = stat_header(result);

	if (start_archive(request, &call, "archive-get")) {
		reply_header(request, "X-Docker-Container-Path-Stat", header);
		worker_download(request, &call, "application/x-tar");
	}
	free(header);
}

static void get_archive(struct request *request)
{
	struct worker_call call;

	if (start_archive(request, &call, "archive-stat")) {
		worker_reply(request, &call, download_with_stat);
	}
}

static void reply_done(struct request *request, json *result)
{
	(void)result;
	reply_empty(request, 200);
}

static void put_archive(struct request *request)
{
	struct worker_call call;

	if (!start_archive(request, &call, "archive-put")) {
		return;
	}
	json_set_bool(call.request, "no_overwrite_dir_non_dir",
		      request_query_bool(request, "noOverwriteDirNonDir", false));
	json_set_bool(call.request, "copy_uid_gid",
		      request_query_bool(request, "copyUIDGID", false));
	if (worker_take_body(request, &call)) {
		worker_reply(request, &call, reply_done);
	} else {
		json_object_put(call.request);
		on_finished(call.finished_context);
	}
}

static void get_export(struct request *request)
{
	struct container *container = container_of_request(request);
	struct worker_call call;

	if (container && hold(request, container, &call, "export")) {
		set_rootfs(call.request, container, false);
		worker_download(request, &call, "application/octet-stream");
	}
}

static void reply_changes(struct request *request, json *result)
{
	json *changes = json_get_array(result, "changes");

	reply_json(request, 200, json_count(changes) ? json_object_get(changes) : NULL);
}

static void get_changes(struct request *request)
{
	struct container *container = container_of_request(request);
	struct worker_call call;

	if (container && hold(request, container, &call, "diff")) {
		char *upper = container_path(container, "upper");
		json_set_string(call.request, "upper", upper);
		json_set(call.request, "lowers", rootfs_lowers(container));
		free(upper);
		worker_reply(request, &call, reply_changes);
	}
}

const struct route copy_routes[5] = {
	{"HEAD", "/containers/{id}/archive", head_archive, 0},
	{"GET", "/containers/{id}/archive", get_archive, 0},
	{"PUT", "/containers/{id}/archive", put_archive, ROUTE_BODY},
	{"GET", "/containers/{id}/export", get_export, 0},
	{"GET", "/containers/{id}/changes", get_changes, 0},
};
