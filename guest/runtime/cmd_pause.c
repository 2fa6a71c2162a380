/* SPDX-License-Identifier: Apache-2.0 */
/* `pause` and `resume`: the cgroup's freezer. */
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "runtime.h"
#include "state.h"

static int change(struct runtime *rt, struct state *s, bool is_pause)
{
	struct cgroup *cgroup = NULL;

	if (is_pause ? s->status != STATE_RUNNING && s->status != STATE_CREATED
		     : s->status != STATE_PAUSED) {
		return error_set(&rt->error, 0, "cannot %s container %s: it is %s",
				 is_pause ? "pause" : "resume", s->id,
				 state_status_name(s->status));
	}
	if (cgroup_reopen(&cgroup, s->cgroup, &rt->error) < 0) {
		return -1;
	}
	int result = cgroup_freeze(cgroup, is_pause, &rt->error);
	cgroup_close(cgroup);
	return result;
}

static int run(struct runtime *rt, int argc, char **argv, bool is_pause)
{
	struct state s = {.dir = -1};

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		printf("usage: %s %s ID\n", rt->program, argv[0]);
		return 0;
	}
	if (argc != 2) {
		error_set(&rt->error, 0, "%s needs one container: %s %s ID", argv[0], rt->program,
			  argv[0]);
		return 1;
	}
	int result = state_load(rt, argv[1], &s);
	if (result == 0) {
		result = change(rt, &s, is_pause);
		state_free(&s);
	}
	return result < 0 ? 1 : 0;
}

int cmd_pause(struct runtime *rt, int argc, char **argv)
{
	return run(rt, argc, argv, true);
}

int cmd_resume(struct runtime *rt, int argc, char **argv)
{
	return run(rt, argc, argv, false);
}
