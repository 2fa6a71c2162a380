/* SPDX-License-Identifier: Apache-2.0 */
/* From a bundle to a partition that is kept. */
#include "part.h"

#include "group.h"
#include "spec.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#define SHORT_ID 12 /* characters, as docker shows them */

static struct relay relay;

/* The ID, or the start of a long one, in the characters that a partition's name has. */
static void name_it(char name[CONFIG_NAME_MAX + 1], const char *id)
{
	size_t length = strlen(id);

	length = length > CONFIG_NAME_MAX ? SHORT_ID : length;
	for (size_t i = 0; i < length; i++) {
		bool is_kept = strchr("+.", id[i]) == NULL;

		name[i] = is_kept ? id[i] : '_';
	}
	name[length] = '\0';
}

struct copying {
	struct tree *tree;
	int root;
};

static bool copy(void *context, const char *source, const char *destination)
{
	struct copying *copying = context;

	return tree_add_copy(copying->tree, copying->root, source, destination);
}

static bool plan(struct bundle *bundle, struct tree *tree)
{
	struct copying copying = {.tree = tree, .root = bundle->root};

	tree_begin(tree, "c");
	if (!tree_add_root(tree, bundle->root) || !bundle_each_copy(bundle, copy, &copying)) {
		part_fail("cannot list the container's files: %s", tree->error);
		return false;
	}
	tree_finish(tree);
	relay.hyper.tsc[STAGE_PLANNED] = bh_tsc();
	return true;
}

static bool make(struct bundle *bundle, const char *id)
{
	static struct tree tree;
	char *kernel = bundle->kernel != NULL ? text_copy(bundle->kernel) : part_sibling("vmlinuz");
	char *agent = part_sibling("bh-agent.cpio");
	struct hyper_wish wish = {.limits = bundle->limits,
				  .has_network = bundle->has_network,
				  .kernel = kernel,
				  .agent = agent,
				  .cmdline = bundle->cmdline,
				  .tree = &tree};
	bool is_ok;

	name_it(wish.name, id);
	is_ok = plan(bundle, &tree) && hyper_open(&relay.hyper) && hyper_make(&relay.hyper, &wish);
	tree_drop(&tree);
	free(kernel);
	free(agent);
	return is_ok;
}

static void describe(struct bundle *bundle, const char *id)
{
	const struct config_partition *config = &relay.hyper.partition.is.config;
	json *annotations = json_get_object(bundle->config, "annotations");
	char *now = state_now();
	char text[64];

	relay.state = json_object_new_object();
	json_set_string(relay.state, "ociVersion",
			json_get_string(bundle->config, "ociVersion", "1.0.2"));
	json_set_string(relay.state, "id", id);
	json_set_string(relay.state, "status", "created");
	json_set_int(relay.state, "pid", getpid());
	json_set_int(relay.state, "pidStarted", (int64_t)state_start_time(getpid()));
	json_set_string(relay.state, "bundle", bundle->path);
	json_set_string(relay.state, "created", now);
	json_set_int(relay.state, "partition", relay.hyper.partition.id);
	json_set_string(relay.state, "partitionName", config->name);
	annotations = annotations != NULL ? json_object_get(annotations) : json_object_new_object();
	json_set(relay.state, "annotations", annotations);
	snprintf(text, sizeof(text), "%u", relay.hyper.partition.id);
	json_set_string(annotations, "bulkhead.partition.id", text);
	json_set_string(annotations, "bulkhead.partition.name", config->name);
	hyper_cpus(&relay.hyper, text);
	json_set_string(annotations, "bulkhead.partition.cpus", text);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)config->memory);
	json_set_string(annotations, "bulkhead.partition.memory", text);
	free(now);
}

static bool enter_group(struct bundle *bundle, char **path)
{
	char *error = NULL;

	if (group_enter(bundle->config, path, &error)) {
		return true;
	}
	part_fail("%s", error);
	free(error);
	return false;
}

static bool prepare(struct bundle *bundle, const char *id, int terminal)
{
	char *group = NULL;
	int fds[3];

	relay.signals = part_signals();
	relay.listener = control_listen(relay.dir);
	if (relay.listener < 0) {
		part_fail("cannot make a socket in %s/%s: %s", part.root, id, strerror(errno));
		return false;
	}
	for (uint32_t i = 0; i < RELAY_CLIENTS; i++) {
		relay.clients[i].socket = -1;
	}
	if (!enter_group(bundle, &group) || !make(bundle, id)) {
		return false;
	}
	describe(bundle, id);
	json_set_string(relay.state, "cgroup", group != NULL ? group : "");
	free(group);
	if (!hyper_start(&relay.hyper) || !state_save(relay.dir, relay.state)) {
		hyper_end(&relay.hyper);
		return false;
	}
	part_take_stdio(fds);
	for (int i = 0; terminal >= 0 && i < 3; i++) { /* it stands for all three */
		close(fds[i]);
		fds[i] = i < 2 ? fcntl(terminal, F_DUPFD_CLOEXEC, 3) : -1;
	}
	(void)relay_session_open(&relay, FRAME_MAIN, fds, terminal >= 0);
	relay_send_spec(&relay, FRAME_MAIN, bundle->setup.data, bundle->setup.length, FRAME_SETUP);
	relay_send_spec(&relay, FRAME_MAIN, bundle->spec.data, bundle->spec.length, FRAME_RUN);
	return true;
}

_Noreturn void part_keep(struct bundle *bundle, const char *id, int dir, int report, int terminal)
{
	relay.bundle = bundle;
	relay.dir = dir;
	relay.hyper.bh.errors = stderr;
	relay.hyper.tsc[STAGE_BEGUN] = part.began;
	relay.hyper.tsc[STAGE_BUNDLE] = bh_tsc();
	(void)setsid();
	(void)prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul); /* nanoseconds */
	if (terminal >= 0 && part.console_socket != NULL) {
		(void)ioctl(terminal, TIOCSCTTY, 0);
		part_terminal_bytes(terminal);
	}
	if (!prepare(bundle, id, terminal) || write(report, "k", 1) != 1) {
		_exit(1);
	}
	close(report);
	_exit(relay_run(&relay));
}
