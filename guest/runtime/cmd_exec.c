/* SPDX-License-Identifier: Apache-2.0 */
/* exec: the command line, and the process object that it makes. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "exec.h"
#include "file.h"
#include "foreground.h"
#include "text.h"
#include "validate.h"

struct arguments {
	const char *process; /* file */
	const char *cwd, *user;
	const char *apparmor, *selinux; /* labels */
	json *env, *caps;
	json *groups;
	bool tty, no_new_privs, help;
	struct exec exec;
};

static const struct option OPTIONS[] = {{"process", required_argument, NULL, 'p'},
					{"detach", no_argument, NULL, 'd'},
					{"tty", no_argument, NULL, 't'},
					{"pid-file", required_argument, NULL, 'P'},
					{"console-socket", required_argument, NULL, 's'},
					{"cwd", required_argument, NULL, 'C'},
					{"env", required_argument, NULL, 'e'},
					{"user", required_argument, NULL, 'u'},
					{"additional-gids", required_argument, NULL, 'g'},
					{"cap", required_argument, NULL, 'c'},
					{"apparmor", required_argument, NULL, 'a'},
					{"process-label", required_argument, NULL, 'l'},
					{"no-new-privs", no_argument, NULL, 'n'},
					{"preserve-fds", required_argument, NULL, 'f'},
					{"ignore-paused", no_argument, NULL, 'I'},
					{"cgroup", required_argument, NULL, 'G'},
					{"help", no_argument, NULL, 'h'},
					{NULL, 0, NULL, 0}};

static void help(const struct runtime *rt)
{
	printf("Usage: %s exec [OPTIONS] ID COMMAND [ARGUMENT]...\n\n"
	       "  -p, --process FILE     the process as a JSON object, instead of COMMAND\n"
	       "  -d, --detach           do not wait for its end\n"
	       "  -t, --tty              on a terminal of its own\n"
	       "      --console-socket S socket that gets the terminal's master\n"
	       "      --pid-file FILE    the process's number is written there\n"
	       "      --cwd DIR          working directory inside\n"
	       "  -e, --env NAME=VALUE   more environment\n"
	       "  -u, --user UID[:GID]   instead of the container's\n"
	       "  -g, --additional-gids N\n"
	       "  -c, --cap NAME         one capability more\n"
	       "      --apparmor NAME    AppArmor profile instead of the container's\n"
	       "      --process-label L  SELinux label instead of the container's\n"
	       "      --no-new-privs\n"
	       "      --preserve-fds N   hand N descriptors from 3 on to the process\n"
	       "      --ignore-paused    also in a paused container\n",
	       rt->program);
}

static int read_option(struct arguments *a, int option, struct error *e)
{
	char *end;

	switch (option) {
	case 'p':
		a->process = optarg;
		break;
	case 'd':
		a->exec.detach = true;
		break;
	case 't':
		a->tty = true;
		break;
	case 'P':
		a->exec.pid_file = optarg;
		break;
	case 's':
		a->exec.console_socket = optarg;
		break;
	case 'C':
		a->cwd = optarg;
		break;
	case 'e':
		json_append_string(a->env, optarg);
		break;
	case 'u':
		a->user = optarg;
		break;
	case 'g':
		json_object_array_add(a->groups, json_object_new_int64(strtoll(optarg, &end, 10)));
		return *end ? error_status(e, 2, 0, "--additional-gids wants a number") : 0;
	case 'c':
		json_append_string(a->caps, optarg);
		break;
	case 'a':
		a->apparmor = optarg;
		break;
	case 'l':
		a->selinux = optarg;
		break;
	case 'n':
		a->no_new_privs = true;
		break;
	case 'f':
		a->exec.preserve_fds = (unsigned)strtoul(optarg, &end, 10);
		return *end || a->exec.preserve_fds > 1024
			       ? error_status(e, 2, 0, "--preserve-fds: 0 to 1024")
			       : 0;
	case 'I':
		a->exec.ignore_paused = true;
		break;
	case 'G':
		return error_status(e, 2, 0, "exec --cgroup is not supported");
	case 'h':
		a->help = true;
		break;
	default:
		return error_status(e, 2, 0, "see exec --help");
	}
	return 0;
}

/* "UID" or "UID:GID", decimal digits and nothing else. */
static int set_user(json *process, const char *text, struct error *e)
{
	unsigned long long uid, gid = 0;
	char *end;
	json *user = json_object_new_object();

	json_set(process, "user", user);
	uid = strtoull(text, &end, 10);
	bool good = *text >= '0' && *text <= '9' && (*end == '\0' || *end == ':');
	if (good && *end == ':') {
		const char *group = end + 1;
		gid = strtoull(group, &end, 10);
		good = *group >= '0' && *group <= '9' && *end == '\0';
	}
	if (!good || uid >= UINT32_MAX || gid >= UINT32_MAX) {
		return error_status(e, 2, 0, "--user %s: numbers are wanted, UID or UID:GID", text);
	}
	json_set_int(user, "uid", (int64_t)uid);
	json_set_int(user, "gid", (int64_t)gid);
	return 0;
}

static void add_capabilities(json *process, json *caps)
{
	static const char *const sets[] = {"bounding", "effective", "permitted", "inheritable",
					   "ambient"};
	json *all = json_get_object(process, "capabilities");
	bool root = !json_get_int(json_get_object(process, "user"), "uid", 0);

	if (!json_count(caps)) {
		return;
	}
	if (!all) {
		all = json_object_new_object();
		json_set(process, "capabilities", all);
	}
	/* Root gets them by execve(2) itself; others keep only ambient ones. */
	for (size_t i = 0; i < (root ? 3 : 5); i++) {
		json *set = json_get_array(all, sets[i]);
		if (!set) {
			set = json_object_new_array();
			json_set(all, sets[i], set);
		}
		for (size_t j = 0; j < json_count(caps); j++) {
			json_append_string(set, json_string_at(caps, j));
		}
	}
}

static json *process_from_file(const char *path, struct error *e)
{
	struct text text = {0};
	const char *why = "it is empty";
	json *process = NULL;

	if (file_read_at(AT_FDCWD, path, &text, CONFIG_LIMIT) < 0) {
		error_set(e, errno, "cannot read %s", path);
		return NULL;
	}
	if (text.data) {
		process = json_parse(text.data, text.length, &why);
	}
	if (!process || !json_object_is_type(process, json_type_object)) {
		error_set(e, 0, "%s is no process object: %s", path, process ? "no object" : why);
		json_object_put(process);
		process = NULL;
	}
	text_free(&text);
	return process;
}

/* The container's own process with what the options change. */
static json *process_from_options(struct arguments *a, json *config, char **command,
				  struct error *e)
{
	json *process = NULL;
	json *args = json_object_new_array();

	json_object_deep_copy(json_get_object(config, "process"), &process, NULL);
	for (; *command; command++) {
		json_append_string(args, *command);
	}
	json_set(process, "args", args);
	json_set_bool(process, "terminal", a->tty);
	json_object_object_del(process, "oomScoreAdj");
	if (a->cwd) {
		json_set_string(process, "cwd", a->cwd);
	}
	if (a->no_new_privs) {
		json_set_bool(process, "noNewPrivileges", true);
	}
	if (a->user && set_user(process, a->user, e) < 0) {
		json_object_put(process);
		return NULL;
	}
	if (json_count(a->groups)) {
		json_set(json_get_object(process, "user"), "additionalGids",
			 json_object_get(a->groups));
	}
	json *env = json_get_array(process, "env");
	if (!env) {
		env = json_object_new_array();
		json_set(process, "env", env);
	}
	for (size_t i = 0; i < json_count(a->env); i++) {
		json_append_string(env, json_string_at(a->env, i));
	}
	add_capabilities(process, a->caps);
	return process;
}

/* What a process of a file does not name is the container's: nothing may be without its bounds for
 * want of a word. */
static void inherit(json *process, json *own)
{
	static const char *const keys[] = {"capabilities", "apparmorProfile", "selinuxLabel"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		json *value = json_get(own, keys[i]);
		if (value && !json_get(process, keys[i])) {
			json_set(process, keys[i], json_object_get(value));
		}
	}
}

static int run(struct runtime *rt, struct arguments *a, char **operands)
{
	struct error *e = &rt->error;

	if (!operands[0] || (!a->process && !operands[1])) {
		error_set(e, 0, "exec wants a container id and a command");
		return 2;
	}
	if (exec_open(rt, operands[0], &a->exec) < 0) {
		return 1;
	}
	json *process = a->process ? process_from_file(a->process, e)
				   : process_from_options(a, a->exec.c.config, operands + 1, e);
	if (process && a->process && a->tty) {
		json_set_bool(process, "terminal", true);
	}
	if (process) {
		inherit(process, a->exec.c.process);
		if (a->apparmor) {
			json_set_string(process, "apparmorProfile", a->apparmor);
		}
		if (a->selinux) {
			json_set_string(process, "selinuxLabel", a->selinux);
		}
	}
	a->exec.process = process;
	int status = 1;
	if (process && validate_process(process, e) == 0) {
		status = exec_run(&a->exec);
	}
	json_object_put(process);
	return status;
}

int cmd_exec(struct runtime *rt, int argc, char **argv)
{
	struct arguments a = {.env = json_object_new_array(),
			      .caps = json_object_new_array(),
			      .groups = json_object_new_array()};
	int status = 2;

	for (int option;
	     (option = getopt_long(argc, argv, "+p:dte:u:g:c:h", OPTIONS, NULL)) != -1;) {
		if (read_option(&a, option, &rt->error) < 0) {
			return 2;
		}
	}
	if (a.help) {
		help(rt);
		return 0;
	}
	status = run(rt, &a, argv + optind);
	exec_close(&a.exec);
	json_object_put(a.env);
	json_object_put(a.caps);
	json_object_put(a.groups);
	return status;
}
