/* SPDX-License-Identifier: Apache-2.0 */
/* Entering a container: its cgroup, its namespaces, its root, and then the new process. */
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bundle.h"
#include "console.h"
#include "create.h"
#include "file.h"
#include "foreground.h"
#include "process.h"
#include "rdt.h"
#include "rlimit.h"
#include "rootfs.h"
#include "scheduling.h"
#include "sealed.h"
#include "security.h"
#include "sync.h"
#include "text.h"

static bool same_user_namespace(pid_t pid)
{
	char path[40];
	struct stat own, theirs;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	return stat("/proc/self/ns/user", &own) == 0 && stat(path, &theirs) == 0 &&
	       own.st_ino == theirs.st_ino && own.st_dev == theirs.st_dev;
}

static int check_status(struct exec *x, struct state *s)
{
	struct error *e = &x->c.rt->error;

	if (s->status == STATE_PAUSED && !x->ignore_paused) {
		return error_set(e, 0, "cannot exec in %s: it is paused; resume it first", s->id);
	}
	if (s->status == STATE_CREATING || s->status == STATE_STOPPED) {
		return error_set(e, 0, "cannot exec in %s: container not running (it is %s)", s->id,
				 state_status_name(s->status));
	}
	x->pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	if (x->pidfd < 0 || state_pid_start(s->pid) != s->pid_start) {
		return error_set(e, 0, "cannot exec in %s: its process has ended", s->id);
	}
	return 0;
}

int exec_open(struct runtime *rt, const char *id, struct exec *x)
{
	struct container *c = &x->c;
	char path[40];

	x->pidfd = x->root = -1;
	c->rt = rt;
	c->state.dir = c->console = c->master = c->sync[0] = c->sync[1] = c->host_proc = -1;
	if (state_load(rt, id, &c->state) < 0 || check_status(x, &c->state) < 0) {
		return -1;
	}
	c->config = state_config(rt, &c->state, &c->filter);
	if (!c->config) {
		return -1;
	}
	c->process = json_get_object(c->config, "process");
	c->linux_config = json_get_object(c->config, "linux");
	json *list = rt->baseline ? NULL : json_get_array(c->linux_config, "namespaces");
	for (size_t i = 0; i < json_count(list); i++) {
		json *entry = json_object_array_get_idx(list, i);
		c->ns.joined |= namespaces_flag(json_get_string(entry, "type", ""));
	}
	if ((c->ns.joined & CLONE_NEWUSER) && same_user_namespace(c->state.pid)) {
		c->ns.joined &= ~CLONE_NEWUSER;
	}
	snprintf(path, sizeof(path), "/proc/%d/root", (int)c->state.pid);
	if (c->state.chroot && (x->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) {
		return error_set(&rt->error, errno, "cannot open the root of %s", id);
	}
	return cgroup_reopen(&c->cgroup, c->state.cgroup, &rt->error);
}

static int make_console(struct exec *x, int *slave, struct error *e)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int master = console_open(root, json_get_object(x->process, "consoleSize"), slave, e);

	close(root);
	if (master < 0) {
		return -1;
	}
	int result = x->c.console >= 0 ? console_send(x->c.console, master, e)
				       : sync_send(x->c.sync[1], SYNC_CONSOLE, 0, master);
	close(master);
	return result;
}

static int enter(struct exec *x, struct error *e)
{
	int flags = x->c.ns.joined & ~CLONE_NEWPID;

	if (x->c.rt->rootless) {
		flags &= ~CLONE_NEWUSER;
	}
	if (flags && setns(x->pidfd, flags) < 0) {
		return error_set(e, errno, "cannot join the container's namespaces");
	}
	if (x->root >= 0 && rootfs_chroot(x->root, e) < 0) {
		return -1;
	}
	if ((x->c.ns.joined & CLONE_NEWUSER) &&
	    (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)) {
		return error_set(e, errno, "cannot become root of the user namespace");
	}
	return 0;
}

static _Noreturn void child_main(struct exec *x)
{
	struct error e = {0};
	struct process process = {0};
	bool terminal = json_get_bool(x->process, "terminal", false);
	int slave = -1, end = x->c.sync[1];

	sealed_release();
	close(x->c.sync[0]);
	if (sync_wait_go(end) < 0) {
		_exit(1);
	}
	prctl(PR_SET_DUMPABLE, 0);
	json *cpus = json_get_object(x->process, "execCPUAffinity");
	const char *final = json_get_string(cpus, "final", "");
	bool inside = scheduling_affinity(*final ? final : json_get_string(cpus, "initial", ""),
					  &e) == 0 &&
		      enter(x, &e) == 0 &&
		      (x->c.host_proc < 0 || security_apply(x->c.host_proc, x->process, &e) == 0) &&
		      (!terminal || make_console(x, &slave, &e) == 0);
	process_close_others(&x->c, (int[]){end, slave}, 2);
	if (inside && process_directory(x->process, &e) == 0 &&
	    process_find(x->process, &process, &e) == 0 &&
	    (slave >= 0 ? console_take(slave, &e) == 0 : setsid() >= 0 || errno == EPERM) &&
	    sync_send(end, SYNC_READY, 0, -1) == 0 && sync_wait_go(end) == 0) {
		process_execute(&x->c, x->process, &process, &e);
	}
	sync_send_error(end, &e);
	_exit(e.status ? e.status : 1);
}

/* Entering the user namespace first gives an ordinary user the right to enter the others. */
static _Noreturn void stage_main(struct exec *x)
{
	struct error e = {0};
	int flags = x->c.ns.joined & (CLONE_NEWUSER | CLONE_NEWPID);
	pid_t pid = -1;

	sealed_release();
	close(x->c.sync[0]);
	if ((flags & CLONE_NEWUSER && setns(x->pidfd, CLONE_NEWUSER) < 0) ||
	    (flags & CLONE_NEWPID && setns(x->pidfd, CLONE_NEWPID) < 0) ||
	    (pid = namespaces_clone(CLONE_PARENT, -1)) < 0) {
		error_set(&e, errno, "cannot join the container's namespaces");
		sync_send_error(x->c.sync[1], &e);
		_exit(1);
	}
	if (pid == 0) {
		child_main(x);
	}
	sync_send(x->c.sync[1], SYNC_PID, pid, -1);
	_exit(0);
}

static int spawn_rootless(struct exec *x)
{
	struct container *c = &x->c;
	int pid = 0;
	pid_t stage = namespaces_clone(0, -1);

	if (stage == 0) {
		stage_main(x);
	}
	if (stage < 0) {
		return error_set(&c->rt->error, errno, "cannot start a process");
	}
	enum sync_type type = sync_receive(c->sync[0], &pid, NULL, &c->rt->error);
	waitpid(stage, NULL, 0);
	if (type != SYNC_PID) {
		return error_set(&c->rt->error, 0, "the process that joins the namespaces ended");
	}
	c->pid = pid;
	return 0;
}

static int spawn(struct exec *x)
{
	struct container *c = &x->c;
	struct error *e = &c->rt->error;

	if (sync_pair(c->sync, e) < 0) {
		return -1;
	}
	if (c->rt->rootless) {
		return spawn_rootless(x);
	}
	/* Counts for the child alone, so that it may be done here. */
	if ((c->ns.joined & CLONE_NEWPID) && setns(x->pidfd, CLONE_NEWPID) < 0) {
		return error_set(e, errno, "cannot join the container's pid namespace");
	}
	c->pid = namespaces_clone(0, -1);
	if (c->pid == 0) {
		child_main(x);
	}
	return c->pid < 0 ? error_set(e, errno, "cannot start a process") : 0;
}

/* For its labels; most have none. */
static int open_proc(struct exec *x, struct error *e)
{
	if (!security_is_wanted(x->process, NULL) || x->c.rt->baseline) {
		return 0;
	}
	return security_check(x->process, NULL, e) < 0 ? -1 : create_open_proc(&x->c, e);
}

static int prepare(struct exec *x)
{
	struct container *c = &x->c;
	struct error *e = &c->rt->error;
	bool terminal = json_get_bool(x->process, "terminal", false);

	c->preserve_fds = x->preserve_fds;
	if (bundle_load_filter(c, e) < 0 ||
	    capability_prepare(json_get_object(x->process, "capabilities"), &c->capabilities, e) <
		    0) {
		return -1;
	}
	if (open_proc(x, e) < 0) {
		return -1;
	}
	if (terminal && x->detach && !x->console_socket) {
		return error_set(e, 0, "a detached process on a terminal needs --console-socket");
	}
	if (x->console_socket && terminal) {
		c->console = console_connect(x->console_socket, e);
		return c->console < 0 ? -1 : 0;
	}
	return 0;
}

static int write_pid_file(struct exec *x)
{
	char text[16];

	if (!x->pid_file) {
		return 0;
	}
	int length = snprintf(text, sizeof(text), "%d", (int)x->c.pid);
	return file_replace_at(AT_FDCWD, x->pid_file, text, (size_t)length, 0644, 0) < 0
		       ? error_set(&x->c.rt->error, errno, "cannot write the pid file %s",
				   x->pid_file)
		       : 0;
}

/* Follows the child until its program has begun. */
static int bring_up(struct exec *x)
{
	struct container *c = &x->c;
	struct error *e = &c->rt->error;
	enum sync_type type;

	close(c->sync[1]);
	c->sync[1] = -1;
	if ((c->cgroup && cgroup_join(c->cgroup, c->pid, e) < 0) ||
	    (!c->rt->baseline && rdt_enter(c->linux_config, c->state.id, c->pid, e) < 0) ||
	    rlimit_apply(x->process, c->pid, e) < 0 || sync_send(c->sync[0], SYNC_GO, 0, -1) < 0) {
		return -1;
	}
	int fd = -1;
	while ((type = sync_receive(c->sync[0], NULL, &fd, e)) == SYNC_CONSOLE) {
		c->master = fd;
	}
	if (type != SYNC_READY) {
		return error_set(e, 0, "the process ended before its program began");
	}
	if (write_pid_file(x) < 0 || sync_send(c->sync[0], SYNC_GO, 0, -1) < 0) {
		return -1;
	}
	type = sync_receive(c->sync[0], NULL, NULL, e);
	return type == SYNC_END ? 0 : error_set(e, 0, "the program did not begin");
}

int exec_run(struct exec *x)
{
	if (prepare(x) < 0) {
		return 1;
	}
	if (!x->detach) {
		foreground_begin();
	}
	if (spawn(x) < 0) {
		return 1;
	}
	if (bring_up(x) < 0) {
		error_set(&x->c.rt->error, errno, "cannot bring the process up");
		kill(x->c.pid, SIGKILL);
		waitpid(x->c.pid, NULL, 0);
		return 1;
	}
	return x->detach ? 0 : foreground_wait(x->c.pid, x->c.master);
}

void exec_close(struct exec *x)
{
	seccomp_free(&x->c.filter);
	cgroup_close(x->c.cgroup);
	state_free(&x->c.state);
	json_object_put(x->c.config);
	if (x->pidfd >= 0) {
		close(x->pidfd);
	}
}
