/* SPDX-License-Identifier: Apache-2.0 */
/* Starting the first process: one clone3(2), or a process between where namespaces demand it. */
#include "spawn_container.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "file.h"
#include "init.h"
#include "netdev.h"
#include "rdt.h"
#include "rlimit.h"
#include "sealed.h"
#include "sync.h"
#include "usermap.h"

/* The cgroup namespace is made by the process itself, once it is in its cgroup. */
static int made_at_clone(const struct container *c)
{
	return c->ns.made & ~CLONE_NEWCGROUP;
}

static bool maps_in_stage(const struct container *c)
{
	return (c->ns.made & CLONE_NEWUSER) && (c->ns.made & CLONE_NEWTIME);
}

static int stage_namespaces(struct container *c, struct error *e)
{
	if (namespaces_join(&c->ns, ~0, e) < 0) {
		return -1;
	}
	if (maps_in_stage(c)) {
		if (unshare(CLONE_NEWUSER) < 0) {
			return error_set(e, errno, "cannot make a user namespace");
		}
		if (sync_send(c->sync[1], SYNC_PID, 0, -1) < 0 || sync_wait_go(c->sync[1]) < 0) {
			return error_set(e, 0, "the runtime has gone");
		}
	}
	if (c->ns.made & CLONE_NEWTIME) {
		if (unshare(CLONE_NEWTIME) < 0) {
			return error_set(e, errno, "cannot make a time namespace");
		}
		return namespaces_time_offsets(c->linux_config, e);
	}
	return 0;
}

static _Noreturn void stage_main(struct container *c)
{
	struct error e = {0};
	int flags = made_at_clone(c) & ~CLONE_NEWTIME;

	sealed_release();
	close(c->sync[0]);
	if (stage_namespaces(c, &e) < 0) {
		sync_send_error(c->sync[1], &e);
		_exit(1);
	}
	if (maps_in_stage(c)) {
		flags &= ~CLONE_NEWUSER;
	}
	pid_t pid = namespaces_clone(flags | CLONE_PARENT, -1);
	if (pid == 0) {
		init_main(c);
	}
	if (pid < 0) {
		error_set(&e, errno, "cannot make the namespaces");
		sync_send_error(c->sync[1], &e);
		_exit(1);
	}
	sync_send(c->sync[1], SYNC_PID, pid, -1);
	_exit(0);
}

static int write_maps(struct container *c, pid_t pid, struct error *e)
{
	return usermap_write(pid, json_get_array(c->linux_config, "uidMappings"),
			     json_get_array(c->linux_config, "gidMappings"), e);
}

static int receive_pid(struct container *c, int *pid, struct error *e)
{
	enum sync_type type = sync_receive(c->sync[0], pid, NULL, e);

	return type == SYNC_PID ? 0
				: error_set(e, 0, "the process that makes the namespaces ended");
}

static int spawn_by_stage(struct container *c, struct error *e)
{
	int result = -1, pid = 0;
	pid_t stage = namespaces_clone(0, -1);

	if (stage == 0) {
		stage_main(c);
	}
	if (stage < 0) {
		return error_set(e, errno, "cannot start a process");
	}
	if (!maps_in_stage(c) || (receive_pid(c, &pid, e) == 0 && write_maps(c, stage, e) == 0 &&
				  sync_send(c->sync[0], SYNC_GO, 0, -1) == 0)) {
		result = receive_pid(c, &pid, e);
	}
	if (result == 0) {
		c->pid = pid;
	} else {
		kill(stage, SIGKILL);
	}
	waitpid(stage, NULL, 0);
	return result;
}

static int spawn_at_once(struct container *c, bool *in_cgroup, struct error *e)
{
	int cgroup = c->cgroup ? cgroup_fd(c->cgroup) : -1;
	bool needs_maps = c->ns.made & CLONE_NEWUSER;

	/* Kernel parameters, which it sets, may be those of a device that must be moved first. */
	c->begins_at_once = !needs_maps && !netdev_is_wanted(c->linux_config);
	c->pid = namespaces_clone(made_at_clone(c), cgroup);
	if (c->pid < 0 && cgroup >= 0) {
		/* Where the caller may not put it there at birth, it may be moved yet. */
		c->begins_at_once = false;
		c->pid = namespaces_clone(made_at_clone(c), cgroup = -1);
	}
	if (c->pid == 0) {
		init_main(c);
	}
	if (c->pid < 0) {
		c->pid = 0;
		return error_set(e, errno,
				 "cannot make the namespaces; a new user namespace is "
				 "needed without root");
	}
	*in_cgroup = cgroup >= 0;
	return needs_maps ? write_maps(c, c->pid, e) : 0;
}

static int set_oom_score(struct container *c, struct error *e)
{
	char path[48], value[24];
	json *score = json_get(c->process, "oomScoreAdj");

	if (!score) {
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)c->pid);
	snprintf(value, sizeof(value), "%d", json_object_get_int(score));
	if (file_put_at(AT_FDCWD, path, value) == 0 || (c->rt->rootless && errno == EACCES)) {
		return 0;
	}
	return error_set(e, errno, "cannot set process.oomScoreAdj to %s", value);
}

static int move_netdevs(struct container *c, struct error *e)
{
	char path[40];
	int joined = namespaces_joined_fd(&c->ns, CLONE_NEWNET);

	if (!netdev_is_wanted(c->linux_config)) {
		return 0;
	}
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)c->pid);
	int netns =
		joined >= 0 ? fcntl(joined, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
	return netns < 0 ? error_set(e, errno, "cannot open the container's network namespace")
			 : netdev_move(c->linux_config, netns, &c->netdevs, e);
}

int spawn_container(struct container *c, struct error *e)
{
	bool in_cgroup = false;
	int spawned = namespaces_need_stage(&c->ns) ? spawn_by_stage(c, e)
						    : spawn_at_once(c, &in_cgroup, e);

	c->has_process = c->pid > 0;
	if (spawned < 0 || (c->cgroup && !in_cgroup && cgroup_join(c->cgroup, c->pid, e) < 0)) {
		return -1;
	}
	c->state.pid = c->pid;
	c->state.pid_start = state_pid_start(c->pid);
	if (move_netdevs(c, e) < 0) {
		return -1;
	}
	if (!c->begins_at_once && sync_send(c->sync[0], SYNC_GO, 0, -1) < 0) {
		return error_set(e, errno, "the container's first process has ended");
	}
	/* While it builds its file system; it waits for the runtime before it begins its program.
	 */
	if (c->cgroup &&
	    cgroup_apply(c->cgroup, json_get_object(c->linux_config, "resources"), e) < 0) {
		return -1;
	}
	if (json_get(c->linux_config, "intelRdt") &&
	    rdt_enter(c->linux_config, c->state.id, c->pid, e) < 0) {
		return -1;
	}
	return rlimit_apply(c->process, c->pid, e) < 0 ? -1 : set_oom_score(c, e);
}
