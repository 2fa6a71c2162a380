/* SPDX-License-Identifier: Apache-2.0 */
#include "volume.h"
#include "body_check.h"
#include "db.h"
#include "engine.h"
#include "event.h"
#include "file.h"
#include "filter.h"
#include "http.h"
#include "moment.h"
#include "name.h"
#include "query.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

bool volume_exists(const char *name)
{
	return db_number("SELECT count(*) FROM volume WHERE name = ?", "t", name) > 0;
}

char *volume_path(const char *name)
{
	return engine_root_path("volumes/%s/_data", name);
}

static void send_event(const char *name, const char *action)
{
	event_send("volume", action, name, NULL, json_pair("driver", "local"));
}

bool volume_make(const char *name, bool is_anonymous, json *labels, json *options)
{
	if (volume_exists(name)) {
		return true;
	}
	char *path = volume_path(name);
	int result = file_make_dirs(path, 0755);
	free(path);
	if (result < 0) {
		engine_log("cannot make the volume %s: %s", name, strerror(errno));
		return false;
	}
	if (!db_end(db_begin(!is_anonymous) == 0 &&
		    db_run("INSERT INTO volume (name, created, anonymous, labels, options)"
			   " VALUES (?,?,?,?,?)",
			   "tiitt", name, moment_now(), (int64_t)is_anonymous,
			   labels ? json_text(labels) : "{}",
			   options ? json_text(options) : "{}") == 0)) {
		return false;
	}

	send_event(name, "create");
	return true;
}

static int volume_remove(const char *name)
{
	if (db_number("SELECT count(*) FROM container_volume WHERE volume = ?", "t", name) > 0) {
		errno = EBUSY;
		return -1;
	}
	if (!db_end(db_begin(true) == 0 &&
		    db_run("DELETE FROM volume WHERE name = ?", "t", name) == 0)) {
		errno = EIO;
		return -1;
	}
	char *path = engine_root_path("volumes/%s", name);
	if (file_remove_tree_at(AT_FDCWD, path) < 0) {
		engine_log("cannot remove %s: %s", path, strerror(errno));
	}
	free(path);
	send_event(name, "destroy");
	return 0;
}

void volume_remove_anonymous(json *mounts)
{
	for (size_t i = 0; i < json_count(mounts); i++) {
		json *mount = json_at(mounts, i);
		const char *name = json_get_string(mount, "Name", "");
		if (!strcmp(json_get_string(mount, "Type", ""), "volume") &&
		    db_number("SELECT anonymous FROM volume WHERE name = ?", "t", name)) {
			volume_remove(name);
		}
	}
}

/* Columns: name, created, labels, options. */
static json *describe(sqlite3_stmt *query)
{
	json *volume = json_object_new_object();

	json_set(volume, "CreatedAt", moment_json(db_int(query, 1)));
	json_set_string(volume, "Driver", "local");
	json_set(volume, "Labels", db_json(query, 2));
	json_set_owned(volume, "Mountpoint", volume_path(db_text(query, 0)));
	json_set_string(volume, "Name", db_text(query, 0));
	json_set(volume, "Options", db_json(query, 3));
	json_set_string(volume, "Scope", "local");
	return volume;
}

static json *load_volume(const char *name)
{
	sqlite3_stmt *query = db_query(
		"SELECT name, created, labels, options FROM volume WHERE name = ?", "t", name);
	json *volume = db_step(query) ? describe(query) : NULL;

	db_done(query);
	return volume;
}

static json *list_matching(json *filter)
{
	json *list = json_object_new_array();
	sqlite3_stmt *query =
		db_query("SELECT name, created, labels, options,"
			 " (SELECT count(*) FROM container_volume WHERE volume = name)"
			 " FROM volume ORDER BY name",
			 "");

	while (db_step(query)) {
		json *volume = describe(query);
		json *usage = json_object_new_object();
		bool is_dangling = db_int(query, 4) == 0;
		json_set_int(usage, "RefCount", db_int(query, 4));
		json_set_int(usage, "Size", -1);
		json_set(volume, "UsageData", usage);
		if (filter_match_part(filter, "name", db_text(query, 0)) &&
		    filter_match(filter, "driver", "local") &&
		    filter_match_labels(filter, "label", json_get(volume, "Labels")) &&
		    filter_bool(filter, "dangling", is_dangling) == is_dangling) {
			json_object_array_add(list, json_object_get(volume));
		}
		json_object_put(volume);
	}
	db_done(query);
	return list;
}

json *volume_list(void)
{
	return list_matching(NULL);
}

static void get_volumes(struct request *request)
{
	json *filter = query_filter(request, NULL);

	if (!filter) {
		return;
	}
	json *reply = json_object_new_object();
	json_set(reply, "Volumes", list_matching(filter));
	json_set(reply, "Warnings", json_object_new_array());
	json_object_put(filter);
	reply_json(request, 200, reply);
}

static void get_volume(struct request *request)
{
	json *volume = load_volume(request_parameter(request, 0));

	if (!volume) {
		reply_error(request, 404, "get %s: no such volume", request_parameter(request, 0));
		return;
	}
	reply_json(request, 200, volume);
}

static void create_volume(struct request *request)
{
	json *body = request_body(request);
	const char *name = json_get_string(body, "Name", "");
	const char *driver = json_get_string(body, "Driver", "local");

	char id[ID_SIZE];

	if (reply_wrong(request, 400, body_check_volume(body))) {
		return;
	}
	if (*name && !name_is_valid(name)) {
		reply_error(
			request, 400,
			"create %s: \"%s\" includes invalid characters for a local volume name, "
			"only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed",
			name, name);
		return;
	}
	if (*driver && strcmp(driver, "local") != 0) {
		reply_error(request, 400, "create %s: there is no volume driver %s, only local",
			    name, driver);
		return;
	}
	bool is_anonymous = !*name;
	name = is_anonymous ? id_random(id) : name;
	if (!volume_make(name, is_anonymous, json_get_object(body, "Labels"),
			 json_get_object(body, "DriverOpts"))) {
		reply_error(request, 500, "create %s: cannot make the volume", name);
		return;
	}
	reply_json(request, 201, load_volume(name));
}

static void delete_volume(struct request *request)
{
	const char *name = request_parameter(request, 0);

	if (!volume_exists(name)) {
		if (request_query_bool(request, "force", false)) {
			reply_empty(request, 204);
		} else {
			reply_error(request, 404, "get %s: no such volume", name);
		}
	} else if (volume_remove(name) == 0) {
		reply_empty(request, 204);
	} else if (errno == EBUSY) {
		reply_error(request, 409, "remove %s: volume is in use", name);
	} else {
		reply_error(request, 500, "remove %s: %s", name, strerror(errno));
	}
}

/* Since API 1.42 the named ones only with the filter all=true. */
static void prune_volumes(struct request *request)
{
	static const char *const known[] = {"all", "label", "label!", "until", NULL};
	int64_t until;
	json *filter = prune_filter(request, known, &until);

	if (!filter) {
		return;
	}
	bool all = request_version(request) < 142 || filter_bool(filter, "all", false);
	json *removed = json_object_new_array();
	json *names = json_object_new_array();
	sqlite3_stmt *query =
		db_query("SELECT name, created, labels, options, anonymous FROM volume"
			 " WHERE name NOT IN (SELECT volume FROM container_volume)",
			 "");
	while (db_step(query)) {
		json *labels = db_json(query, 2);
		if ((all || db_int(query, 4)) && prune_matches(filter, labels) &&
		    db_int(query, 1) < until) {
			json_append_string(names, db_text(query, 0));
		}
		json_object_put(labels);
	}
	db_done(query);
	for (size_t i = 0; i < json_count(names); i++) {
		if (volume_remove(json_string_at(names, i)) == 0) {
			json_append_string(removed, json_string_at(names, i));
		}
	}
	json_object_put(names);
	json_object_put(filter);
	prune_reply(request, "VolumesDeleted", removed, 0);
}

const struct route volume_routes[5] = {
	{"GET", "/volumes", get_volumes, 0},
	{"POST", "/volumes/create", create_volume, 0},
	{"POST", "/volumes/prune", prune_volumes, 0},
	{"GET", "/volumes/{name}", get_volume, 0},
	{"DELETE", "/volumes/{name}", delete_volume, 0},
};
