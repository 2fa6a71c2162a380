/* SPDX-License-Identifier: Apache-2.0 */
/* bh-client: docker's words for the management shell; bh calls it by their names. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option_word run_options[] = {
	{'d', "detach", OPTION_FLAG, "leave it running, print its id"},
	{'i', "interactive", OPTION_FLAG, "hand it this standard input"},
	{'t', "tty", OPTION_FLAG, "give it a terminal"},
	{0, "rm", OPTION_FLAG, "remove it when it has ended"},
	{0, "name", OPTION_VALUE, "its name"},
	{'e', "env", OPTION_LIST, "NAME=VALUE, or NAME as it is here"},
	{'v', "volume", OPTION_LIST, "FOLDER|VOLUME:PATH[:ro]"},
	{'p', "publish", OPTION_LIST, "[[ADDRESS:]HOST:]PORT[/udp]"},
	{'w', "workdir", OPTION_VALUE, "where its process starts"},
	{'u', "user", OPTION_VALUE, "USER[:GROUP]"},
	{'h', "hostname", OPTION_VALUE, "its host name"},
	{'l', "label", OPTION_LIST, "NAME=VALUE"},
	{'m', "memory", OPTION_VALUE, "limit of its RAM: 64m, 2g"},
	{0, "cpus", OPTION_VALUE, "limit of its CPU time: 1.5"},
	{0, "cpuset-cpus", OPTION_VALUE, "the CPUs it may use: 0-1,3"},
	{0, "pids-limit", OPTION_VALUE, "limit of its processes"},
	{0, "entrypoint", OPTION_VALUE, "program in place of the image's"},
	{0, "network", OPTION_VALUE, "bridge, host, none or a network's name"},
	{0, "dns", OPTION_LIST, "a name server's address"},
	{0, "dns-search", OPTION_LIST, "a domain for short names"},
	{0, "dns-option", OPTION_LIST, "an option of resolv.conf"},
	{0, "runtime", OPTION_VALUE, "container, process, partition, runc, crun"},
	{0, "restart", OPTION_VALUE, "no, always, unless-stopped, on-failure[:N]"},
	{0, "read-only", OPTION_FLAG, "its root file system is not written to"},
	{0, "tmpfs", OPTION_LIST, "PATH[:OPTIONS]"},
	{0, "privileged", OPTION_FLAG, "all capabilities and devices"},
	{0, "cap-add", OPTION_LIST, "a capability more"},
	{0, "cap-drop", OPTION_LIST, "a capability less"},
	{0, "security-opt", OPTION_LIST, "seccomp=.., apparmor=NAME, label=.., no-new-privileges"},
	{0, "init", OPTION_FLAG, "a small init as its process 1"},
	{0, NULL, OPTION_FLAG, NULL},
};
static const struct option_word exec_options[] = {
	{'d', "detach", OPTION_FLAG, "do not wait for it"},
	{'i', "interactive", OPTION_FLAG, "hand it this standard input"},
	{'t', "tty", OPTION_FLAG, "give it a terminal"},
	{'e', "env", OPTION_LIST, "NAME=VALUE"},
	{'w', "workdir", OPTION_VALUE, "where it starts"},
	{'u', "user", OPTION_VALUE, "USER[:GROUP]"},
	{0, "privileged", OPTION_FLAG, "all capabilities"},
	{0, NULL, OPTION_FLAG, NULL},
};
static const struct option_word list_options[] = {
	{'a', "all", OPTION_FLAG, "those that have ended too"},
	{'q', "quiet", OPTION_FLAG, "ids only"},
	{0, "json", OPTION_FLAG, "for programs"},
	{0, NULL, OPTION_FLAG, NULL},
};
static const struct option_word log_options[] = {
	{'f', "follow", OPTION_FLAG, "go on with what comes"},
	{'t', "timestamps", OPTION_FLAG, "when each line was written"},
	{'n', "tail", OPTION_VALUE, "so many lines from the end"},
	{0, "since", OPTION_VALUE, "a time (seconds since 1970)"},
	{0, NULL, OPTION_FLAG, NULL},
};
static const struct option_word attach_options[] = {
	{0, "no-stdin", OPTION_FLAG, "only watch"},
	{0, NULL, OPTION_FLAG, NULL},
};
static const struct option_word stop_options[] = {
	{'t', "time", OPTION_VALUE, "seconds until it is killed"},
	{'s', "signal", OPTION_VALUE, "the signal: TERM, 15"},
	{0, NULL, OPTION_FLAG, NULL},
};
static const struct option_word remove_options[] = {
	{'f', "force", OPTION_FLAG, "also when it is running or in use"},
	{'v', "volumes", OPTION_FLAG, "and its nameless volumes"},
	{0, NULL, OPTION_FLAG, NULL},
};
static const struct option_word quiet_options[] = {
	{'q', "quiet", OPTION_FLAG, "no progress"},
	{0, NULL, OPTION_FLAG, NULL},
};
static const struct option_word commit_options[] = {
	{'m', "message", OPTION_VALUE, "what has changed"},
	{'a', "author", OPTION_VALUE, "who did it"},
	{'c', "change", OPTION_LIST, "a Dockerfile's instruction"},
	{0, "pause", OPTION_VALUE, "false: leave it running meanwhile"},
	{0, NULL, OPTION_FLAG, NULL},
};
static const struct option_word login_options[] = {
	{'u', "username", OPTION_VALUE, "who"},
	{'p', "password", OPTION_VALUE,
	 "visible to all in the list of processes: better --password-stdin"},
	{0, "password-stdin", OPTION_FLAG, "read it from standard input"},
	{0, NULL, OPTION_FLAG, NULL},
};
static const struct option_word build_options[] = {
	{'t', "tag", OPTION_LIST, "NAME[:TAG] of the result"},
	{'f', "file", OPTION_VALUE, "the Dockerfile, inside the folder"},
	{0, "build-arg", OPTION_LIST, "NAME=VALUE"},
	{0, "target", OPTION_VALUE, "the stage to end with"},
	{0, "no-cache", OPTION_FLAG, "run every step again"},
	{0, "pull", OPTION_FLAG, "look for newer base images"},
	{'q', "quiet", OPTION_FLAG, "no progress"},
	{0, NULL, OPTION_FLAG, NULL},
};

#define ONE_OR_MORE 1, -1, false

const struct client_word client_words[] = {
	{"run", "IMAGE [COMMAND [ARGUMENT...]]", "run a command in a new container", run_options, 1,
	 -1, true, client_run, "bh run -it --rm busybox sh"},
	{"create", "IMAGE [COMMAND [ARGUMENT...]]", "make a container, do not start it",
	 run_options, 1, -1, true, client_create, "bh container create --name web nginx"},
	{"exec", "CONTAINER COMMAND [ARGUMENT...]", "run a command in a running container",
	 exec_options, 2, -1, true, client_exec, "bh exec -it web sh"},
	{"attach", "CONTAINER", "join its streams; Ctrl-P Ctrl-Q leaves a terminal", attach_options,
	 1, 1, false, client_attach, "bh attach web"},
	{"logs", "CONTAINER", "what it has written", log_options, 1, 1, false, client_logs,
	 "bh logs -f web"},
	{"ps", "", "containers, one a line", list_options, 0, 0, false, client_ps, "bh ps -a"},
	{"images", "", "images, one a line", list_options, 0, 0, false, client_images, "bh images"},
	{"start", "CONTAINER...", "start containers that have ended", NULL, ONE_OR_MORE,
	 client_start, "bh container start web"},
	{"stop", "CONTAINER...", "ask them to end; kill them after 10 s", stop_options, ONE_OR_MORE,
	 client_stop, "bh container stop -t 3 web"},
	{"restart", "CONTAINER...", "stop and start", stop_options, ONE_OR_MORE, client_restart,
	 "bh container restart web"},
	{"kill", "CONTAINER...", "send a signal, KILL by itself", stop_options, ONE_OR_MORE,
	 client_kill, "bh container kill -s HUP web"},
	{"pause", "CONTAINER...", "let their processes stand still", NULL, ONE_OR_MORE,
	 client_pause, "bh container pause web"},
	{"unpause", "CONTAINER...", "let them go on", NULL, ONE_OR_MORE, client_unpause,
	 "bh container unpause web"},
	{"rm", "CONTAINER...", "remove containers", remove_options, ONE_OR_MORE, client_rm,
	 "bh container rm -f web"},
	{"wait", "CONTAINER...", "wait for their ends, print their exit status", NULL, ONE_OR_MORE,
	 client_wait, "bh container wait web"},
	{"inspect", "NAME...", "all that is known of containers or images, as JSON", NULL,
	 ONE_OR_MORE, client_inspect, "bh container inspect web"},
	{"pull", "IMAGE", "fetch an image from its registry", quiet_options, 1, 1, false,
	 client_pull, "bh pull registry.local:5000/web:2"},
	{"push", "IMAGE", "send an image to its registry", quiet_options, 1, 1, false, client_push,
	 "bh push registry.local:5000/web:2"},
	{"rmi", "IMAGE...", "remove images", remove_options, ONE_OR_MORE, client_rmi,
	 "bh rmi web:1"},
	{"tag", "IMAGE NAME[:TAG]", "give an image one name more", NULL, 2, 2, false, client_tag,
	 "bh tag web registry.local:5000/web:2"},
	{"commit", "CONTAINER [NAME[:TAG]]", "make an image of a container", commit_options, 1, 2,
	 false, client_commit, "bh commit -m 'with tools' web web:2"},
	{"build", "FOLDER", "make an image by its Dockerfile", build_options, 1, 1, false,
	 client_build, "bh build -t web:3 ."},
	{"login", "[SERVER]", "keep the name and password of a registry", login_options, 0, 1,
	 false, client_login, "bh login -u me --password-stdin registry.local:5000"},
	{"logout", "[SERVER]", "forget them", NULL, 0, 1, false, client_logout,
	 "bh logout registry.local:5000"},
	{NULL, NULL, NULL, NULL, 0, 0, false, NULL, NULL},
};

static int help(FILE *out)
{
	fputs("bh container: containers of this machine, by the engine's API, in docker's words\n\n"
	      "usage: bh [container] WORD [OPTION...] [ARGUMENT...]\n\n",
	      out);
	for (const struct client_word *word = client_words; word->name; word++) {
		fprintf(out, "  %-9s %s\n", word->name, word->summary);
	}
	fputs("\n`bh container WORD --help` shows options. DOCKER_HOST=unix://PATH names another "
	      "engine than\n" HTTP_DEFAULT_SOCKET
	      ".\n\nexit status: 0 done, 1 failed, 2 wrong usage, 125 no engine; run and exec: "
	      "that of the command\n",
	      out);
	return out == stdout ? CLIENT_OK : CLIENT_USAGE;
}

int main(int argc, char **argv)
{
	struct client client;
	int result = CLIENT_OK;

	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		return help(argc < 2 ? stderr : stdout);
	}
	for (const struct client_word *word = client_words; word->name; word++) {
		if (!strcmp(word->name, argv[1])) {
			if (client_parse(&client, word, argc - 1, argv + 1, &result)) {
				result = word->run(&client);
			}
			json_object_put(client.options);
			free(client.words);
			return fflush(stdout) == 0 ? result : CLIENT_FAILED;
		}
	}
	return client_fail(CLIENT_USAGE,
			   "container %.40s: no such word; `bh container --help` lists all",
			   argv[1]);
}
