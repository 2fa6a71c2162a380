/* SPDX-License-Identifier: Apache-2.0 */
#include "container.h"
#include "db.h"
#include "engine.h"
#include "event.h"
#include "health.h"
#include "http.h"
#include "resolv.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static struct container *containers;

struct container *container_first(void)
{
	return containers;
}

struct container *container_by_name(const char *name)
{
	name += *name == '/';
	for (struct container *one = containers; one; one = one->next) {
		if (!strcmp(one->name, name)) {
			return one;
		}
	}
	return NULL;
}

struct container *container_find(const char *name, bool *is_ambiguous)
{
	struct container *found = NULL;
	size_t length = strlen(name);

	if (is_ambiguous) {
		*is_ambiguous = false;
	}
	for (struct container *one = containers; one; one = one->next) {
		if (!strcmp(one->id, name)) {
			return one;
		}
	}
	found = container_by_name(name);
	if (found || !id_is_hex(name)) {
		return found;
	}
	for (struct container *one = containers; one; one = one->next) {
		if (strncmp(one->id, name, length) != 0) {
			continue;
		}
		if (found) {
			if (is_ambiguous) {
				*is_ambiguous = true;
			}
			return NULL;
		}
		found = one;
	}
	return found;
}

struct container *container_of_request(struct request *request)
{
	bool is_ambiguous;
	const char *name = request_parameter(request, 0);
	struct container *container = container_find(name, &is_ambiguous);

	if (is_ambiguous) {
		reply_error(request, 400, "multiple IDs found with provided prefix: %s", name);
	} else if (!container) {
		reply_error(request, 404, "No such container: %s", name);
	}
	return container;
}

json *container_spec(const struct container *container)
{
	sqlite3_stmt *query =
		db_query("SELECT spec FROM container WHERE id = ?", "t", container->id);
	json *spec = db_step(query) ? db_json(query, 0) : json_object_new_object();

	db_done(query);
	return spec;
}

static enum restart_policy policy_of(const char *name)
{
	if (!strcmp(name, "always")) {
		return RESTART_ALWAYS;
	}
	if (!strcmp(name, "unless-stopped")) {
		return RESTART_UNLESS_STOPPED;
	}
	return strcmp(name, "on-failure") ? RESTART_NO : RESTART_ON_FAILURE;
}

static void replace(char **place, const char *text)
{
	free(*place);
	*place = text_copy(text);
}

static void container_apply_spec(struct container *container, json *spec)
{
	json *config = json_get(spec, "Config");
	json *host = json_get(spec, "HostConfig");
	json *restart = json_get(host, "RestartPolicy");

	replace(&container->image_name, json_get_string(config, "Image", ""));
	replace(&container->runtime, json_get_string(host, "Runtime", ""));
	json_object_put(container->dns);
	container->dns = resolv_forwarded(json_get(host, "Dns"));
	container->has_tty = json_get_bool(config, "Tty", false);
	container->has_stdin = json_get_bool(config, "OpenStdin", false);
	container->has_stdin_once = json_get_bool(config, "StdinOnce", false);
	container->is_auto_removed = json_get_bool(host, "AutoRemove", false);
	container->restart_policy = policy_of(json_get_string(restart, "Name", ""));
	container->restart_max = (int)json_get_int(restart, "MaximumRetryCount", 0);
}

int container_store_spec(struct container *container, json *spec)
{
	container_apply_spec(container, spec);
	return db_run("UPDATE container SET spec = ? WHERE id = ?", "tt", json_text(spec),
		      container->id);
}

static json *state_object(const struct container_state *state)
{
	json *object = json_object_new_object();

	json_set_bool(object, "running", state->is_running);
	json_set_bool(object, "paused", state->is_paused);
	json_set_bool(object, "restarting", state->is_restarting);
	json_set_bool(object, "dead", state->is_dead);
	json_set_bool(object, "oom", state->is_oom_killed);
	json_set_bool(object, "by_hand", state->is_stopped_by_hand);
	json_set_int(object, "pid", state->pid);
	json_set_int(object, "code", state->exit_code);
	json_set_string(object, "error", state->error);
	json_set_int(object, "started", state->started);
	json_set_int(object, "finished", state->finished);
	json_set_int(object, "restarts", state->restart_count);
	return object;
}

static void state_parse(json *object, struct container_state *state)
{
	const char *error = json_get_string(object, "error", NULL);

	state->is_running = json_get_bool(object, "running", false);
	state->is_paused = json_get_bool(object, "paused", false);
	state->is_restarting = json_get_bool(object, "restarting", false);
	state->is_dead = json_get_bool(object, "dead", false);
	state->is_oom_killed = json_get_bool(object, "oom", false);
	state->is_stopped_by_hand = json_get_bool(object, "by_hand", false);
	state->pid = (pid_t)json_get_int(object, "pid", 0);
	state->exit_code = (int)json_get_int(object, "code", 0);
	state->error = error ? text_copy(error) : NULL;
	state->started = json_get_int(object, "started", 0);
	state->finished = json_get_int(object, "finished", 0);
	state->restart_count = (int)json_get_int(object, "restarts", 0);
}

int container_store_state(struct container *container)
{
	json *object = state_object(&container->state);
	int result = db_run("UPDATE container SET state = ? WHERE id = ?", "tt", json_text(object),
			    container->id);

	json_object_put(object);
	return result;
}

int container_store_name(struct container *container, const char *name)
{
	if (!db_end(db_begin(true) == 0 && db_run("UPDATE container SET name = ? WHERE id = ?",
						  "tt", name, container->id) == 0)) {
		return -1;
	}
	replace(&container->name, name);
	return 0;
}

static void append(struct container *container)
{
	struct container **place = &containers;

	while (*place) {
		place = &(*place)->next;
	}
	*place = container;
}

static int insert_volumes(const char *id, json *mounts)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < json_count(mounts); i++) {
		json *mount = json_at(mounts, i);
		if (!strcmp(json_get_string(mount, "Type", ""), "volume")) {
			result = db_run("INSERT OR IGNORE INTO container_volume (container, volume)"
					" VALUES (?,?)",
					"tt", id, json_get_string(mount, "Name", ""));
		}
	}
	return result;
}

int container_insert(struct container *container, json *spec)
{
	json *state = state_object(&container->state);

	container_apply_spec(container, spec);
	/* What is removed at its end needs not survive a loss of power: its end was then. */
	bool ok = db_end(db_begin(!container->is_auto_removed) == 0 &&
			 db_run("INSERT INTO container (id, name, image, created, spec, state)"
				" VALUES (?,?,?,?,?,?)",
				"tttitt", container->id, container->name,
				*container->image ? container->image : NULL, container->created,
				json_text(spec), json_text(state)) == 0 &&
			 insert_volumes(container->id, json_get(spec, "Mounts")) == 0);

	json_object_put(state);
	if (ok) {
		append(container);
	}
	return ok ? 0 : -1;
}

void container_free(struct container *container)
{
	free(container->name);
	free(container->image);
	free(container->image_name);
	free(container->runtime);
	json_object_put(container->dns);
	free(container->state.error);
	health_free(container);
	free(container);
}

int container_delete(struct container *container)
{
	struct container **place = &containers;

	if (db_run("DELETE FROM container WHERE id = ?", "t", container->id) < 0) {
		return -1;
	}
	while (*place && *place != container) {
		place = &(*place)->next;
	}
	if (*place) {
		*place = container->next;
	}
	container_free(container);
	return 0;
}

int container_load_all(void)
{
	sqlite3_stmt *query = db_query(
		"SELECT id, name, image, created, spec, state FROM container ORDER BY created", "");

	while (db_step(query)) {
		struct container *container = memory_zeroed(1, sizeof(*container));
		strncpy(container->id, db_text(query, 0), ID_LENGTH);
		container->name = text_copy(db_text(query, 1));
		container->image = text_copy(db_text(query, 2));
		container->created = db_int(query, 3);
		json *spec = db_json(query, 4);
		json *state = db_json(query, 5);

		container_apply_spec(container, spec);
		state_parse(state, &container->state);
		json_object_put(spec);
		json_object_put(state);
		append(container);
	}
	db_done(query);
	return 0;
}

const char *container_status(const struct container *container)
{
	const struct container_state *state = &container->state;

	if (state->is_dead) {
		return container->is_removing ? "removing" : "dead";
	}
	if (state->is_running) {
		return state->is_paused ? "paused" : "running";
	}
	if (state->is_restarting) {
		return "restarting";
	}
	return state->started || state->error ? "exited" : "created";
}

char *container_path(const struct container *container, const char *relative)
{
	return engine_root_path("containers/%s%s%s", container->id, *relative ? "/" : "", relative);
}

char *container_run_path(const struct container *container, const char *relative)
{
	return engine_run_path("containers/%s%s%s", container->id, *relative ? "/" : "", relative);
}

void container_event_with(struct container *container, const char *action, json *extra)
{
	json *attributes = json_object_new_object();
	json *spec = container_spec(container);
	json *labels = json_get_object(json_get(spec, "Config"), "Labels");

	if (labels) {
		json_object_object_foreach(labels, label, text)
		{
			json_set(attributes, label, json_object_get(text));
		}
	}
	json_set_string(attributes, "image", container->image_name);
	json_set_string(attributes, "name", container->name);
	json_object_object_foreach(extra, key, value)
	{
		json_set(attributes, key, json_object_get(value));
	}
	event_send("container", action, container->id, container->image_name, attributes);
	json_object_put(extra);
	json_object_put(spec);
}

void container_event(struct container *container, const char *action, const char *key,
		     const char *value)
{
	json *extra = json_object_new_object();

	if (key) {
		json_set_string(extra, key, value);
	}
	container_event_with(container, action, extra);
}
