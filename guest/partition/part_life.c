/* SPDX-License-Identifier: Apache-2.0 */
/* state, list, kill, delete, pause, resume, update, features. */
#include "part.h"

#include "group.h"
#include "sandbox.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KILL_PATIENCE 20.0 /* seconds, for a keeper to put its partition away */

int part_open(const char *id, json **state)
{
	int dir = state_is_id(id) ? state_open(part.root, id) : -1;

	*state = dir >= 0 ? state_load(dir) : NULL;
	if (*state != NULL) {
		return dir;
	}
	if (dir >= 0) {
		part_fail("container %s: it is being created, or its creation was cut short; "
			  "`delete --force` removes it",
			  id);
		close(dir);
	} else {
		part_fail("container %.64s does not exist; `bh-partition list` shows those that "
			  "there are",
			  id);
	}
	return -1;
}

bool part_find_partition(json *state, struct hyper *hyper)
{
	const char *why;
	uint32_t id = (uint32_t)json_get_int(state, "partition", 0);

	hyper->bh.errors = stderr;
	return (bh_device_is_open(&hyper->bh.device) ||
		bh_device_open(&hyper->bh.device, NULL, &why)) &&
	       hyper_find(hyper, id, json_get_string(state, "partitionName", ""));
}

enum state_status part_status(json *state)
{
	const char *word = json_get_string(state, "status", "");
	static struct hyper hyper;

	if (!state_is_alive(state) || strcmp(word, "stopped") == 0) {
		return STATE_STOPPED;
	}
	if (part_find_partition(state, &hyper) && hyper.partition.is.state == MANAGE_PAUSED) {
		return STATE_PAUSED;
	}
	return strcmp(word, "running") == 0 ? STATE_RUNNING : STATE_CREATED;
}

int part_state(void)
{
	static struct hyper hyper;
	json *state;
	int dir = part_open(part.words[0], &state);
	enum state_status status;
	char text[24];

	if (dir < 0) {
		return 1;
	}
	status = part_status(state);
	if (status != STATE_STOPPED && part_find_partition(state, &hyper)) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)hyper_count_exits(&hyper));
		json_set_string(json_get_object(state, "annotations"), "bulkhead.partition.exits",
				text);
	}
	json_set_string(state, "status", state_words[status]);
	json_set_int(state, "pid", status == STATE_STOPPED ? 0 : json_get_int(state, "pid", 0));
	json_object_object_del(state, "pidStarted");
	json_object_object_del(state, "partition");
	json_object_object_del(state, "partitionName");
	json_object_object_del(state, "cgroup");
	printf("%s\n", json_object_to_json_string_ext(
			       state, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(state);
	close(dir);
	return 0;
}

static void list_one(const char *id, json *all)
{
	json *row = json_object_new_object();
	json *state = NULL;
	int dir = state_open(part.root, id);
	enum state_status status;

	if (dir >= 0 && (state = state_load(dir)) != NULL) {
		status = part_status(state);
		json_set_string(row, "ociVersion", json_get_string(state, "ociVersion", ""));
		json_set_string(row, "id", id);
		json_set_int(row, "pid",
			     status == STATE_STOPPED ? 0 : json_get_int(state, "pid", 0));
		json_set_string(row, "status", state_words[status]);
		json_set_string(row, "bundle", json_get_string(state, "bundle", ""));
		json_set_string(row, "created", json_get_string(state, "created", ""));
		json_set(row, "annotations",
			 json_object_get(json_get_object(state, "annotations")));
		json_set_string(row, "owner", "root");
		json_object_array_add(all, json_object_get(row));
		json_object_put(state);
	}
	json_object_put(row);
	if (dir >= 0) {
		close(dir);
	}
}

static void print_list(json *all)
{
	if (part.format != NULL && strcmp(part.format, "json") == 0) {
		printf("%s\n", json_count(all) > 0 ? json_text(all) : "null");
		return;
	}
	if (!part.is_quiet) {
		printf("%-12s %-8s %-10s %-30s %s\n", "ID", "PID", "STATUS", "BUNDLE", "CREATED");
	}
	for (size_t i = 0; i < json_count(all); i++) {
		json *row = json_object_array_get_idx(all, i);

		if (part.is_quiet) {
			printf("%s\n", json_get_string(row, "id", ""));
		} else {
			printf("%-12s %-8d %-10s %-30s %s\n", json_get_string(row, "id", ""),
			       (int)json_get_int(row, "pid", 0), json_get_string(row, "status", ""),
			       json_get_string(row, "bundle", ""),
			       json_get_string(row, "created", ""));
		}
	}
}

int part_list(void)
{
	DIR *folder = opendir(part.root);
	json *all = json_object_new_array();
	struct dirent *entry;
	char *program;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		if (state_is_id(entry->d_name)) {
			list_one(entry->d_name, all);
		}
	}
	if (folder != NULL) {
		closedir(folder);
	}
	program = part_sibling("bh-runtime");
	sandbox_list(program, part.root, all);
	free(program);
	print_list(all);
	json_object_put(all);
	return 0;
}

int part_signal_number(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (*text != '\0' && *end == '\0') {
		return number > 0 && number < NSIG ? (int)number : 0;
	}
	text += strncasecmp(text, "SIG", 3) == 0 ? 3 : 0;
	for (int i = 1; i < NSIG; i++) {
		const char *name = sigabbrev_np(i);

		if (name != NULL && strcasecmp(name, text) == 0) {
			return i;
		}
	}
	return 0;
}

static bool send_signal(int dir, uint32_t number)
{
	struct control message = {.op = CONTROL_SIGNAL, .a = number};
	struct timeval patience = {.tv_sec = 10};
	int fds[CONTROL_FDS];
	int socket = control_connect(dir);
	bool is_sent;

	if (socket < 0) {
		return false;
	}
	(void)setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	is_sent = control_send(socket, &message, NULL, 0) &&
		  control_receive(socket, &message, fds, 0) >= 0;
	close(socket);
	return is_sent;
}

int part_kill(void)
{
	const char *word = part.count > 1 ? part.words[1] : "TERM";
	int number = part_signal_number(word);
	static struct hyper hyper;
	json *state;
	int dir;
	int result = 0;

	if (number == 0) {
		return part_fail("%.32s is no signal", word);
	}
	dir = part_open(part.words[0], &state);
	if (dir < 0) {
		return 1;
	}
	if (part_status(state) == STATE_STOPPED) {
		/* Of --all nothing is left, as asked. containerd's shim looks for these words. */
		result =
			part.is_all
				? 0
				: part_fail("cannot kill %s: container not running (it is stopped)",
					    part.words[0]);
	} else if (!send_signal(dir, (uint32_t)number)) {
		if (number == SIGKILL && part_find_partition(state, &hyper)) {
			hyper_end(&hyper);
		} else {
			result = part_fail("container %s does not answer; `kill %s KILL` ends it",
					   part.words[0], part.words[0]);
		}
	}
	json_object_put(state);
	close(dir);
	return result;
}

/* By the keeper, or, where it does not do it or is gone, from here. */
static void put_away(int dir, json *state)
{
	static struct hyper hyper;
	double end = bh_seconds() + KILL_PATIENCE;

	if (state_is_alive(state)) {
		(void)send_signal(dir, SIGKILL);
	}
	while (state_is_alive(state) && bh_seconds() < end) {
		bh_sleep(0.001);
	}
	if (state_is_alive(state)) {
		(void)kill((pid_t)json_get_int(state, "pid", 0), SIGKILL);
	}
	if (part_find_partition(state, &hyper)) {
		hyper_end(&hyper);
	}
}

int part_delete_one(const char *id, bool is_forced)
{
	json *state = NULL;
	int dir = state_is_id(id) ? state_open(part.root, id) : -1;
	const char *group;

	if (dir < 0) {
		return is_forced ? 0 : part_open(id, &state);
	}
	state = state_load(dir);
	if (state == NULL && !is_forced) {
		close(dir);
		return part_open(id, &state) < 0;
	}
	if (state != NULL) {
		enum state_status status = part_status(state);

		if ((status == STATE_RUNNING || status == STATE_PAUSED) && !is_forced) {
			json_object_put(state);
			close(dir);
			return part_fail("container %s is %s; kill it first, or use --force", id,
					 state_words[status]);
		}
		put_away(dir, state);
		group = json_get_string(state, "cgroup", "");
		group_remove(*group != '\0' ? group : NULL);
		json_object_put(state);
	}
	close(dir);
	state_remove(part.root, id);
	return 0;
}

int part_delete(void)
{
	return part_delete_one(part.words[0], part.is_forced) != 0;
}

static int order(uint32_t opcode, enum state_status from, const char *what)
{
	static struct hyper hyper;
	json *state;
	int dir = part_open(part.words[0], &state);
	uint32_t status;
	int result = 0;

	if (dir < 0) {
		return 1;
	}
	if (part_status(state) != from) {
		result = part_fail("cannot %s container %s: it is %s", what, part.words[0],
				   state_words[part_status(state)]);
	} else if (!part_find_partition(state, &hyper) ||
		   (status = bh_order(&hyper.bh.device, opcode, hyper.partition.id)) != MANAGE_OK) {
		result = part_fail("cannot %s container %s: the hypervisor refuses it", what,
				   part.words[0]);
	}
	json_object_put(state);
	close(dir);
	return result;
}

int part_pause(void)
{
	return order(MANAGE_PAUSE, STATE_RUNNING, "pause");
}

int part_resume(void)
{
	return order(MANAGE_RESUME, STATE_PAUSED, "resume");
}

int part_update(void)
{
	return part_fail("a partition's CPUs and RAM are told to its kernel when it boots and stay "
			 "as they are; make a new "
			 "container with other limits");
}

int part_features(void)
{
	printf("{\"ociVersionMin\":\"1.0.0\",\"ociVersionMax\":\"1.2.0\","
	       "\"mountOptions\":[\"bind\",\"rbind\",\"ro\",\"rw\",\"nosuid\",\"nodev\",\"noexec\","
	       "\"noatime\",\"relatime\"],"
	       "\"linux\":{\"namespaces\":[\"network\"],\"cgroup\":{\"v1\":false,\"v2\":true},"
	       "\"seccomp\":{\"enabled\":false},\"apparmor\":{\"enabled\":false},\"selinux\":{"
	       "\"enabled\":false}},"
	       "\"annotations\":{\"bulkhead.runtime\":\"partition\"}}\n");
	return 0;
}
