/* SPDX-License-Identifier: Apache-2.0 */
/* The runtime's side of `create` and `run`. */
#include "create.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bundle.h"
#include "console.h"
#include "file.h"
#include "hooks.h"
#include "mounts.h"
#include "netdev.h"
#include "rdt.h"
#include "sealed.h"
#include "security.h"
#include "spawn_container.h"
#include "sync.h"
#include "text.h"

/* Of the Gregorian calendar, by days since 1970-01-01; the C library's would read a time zone. */
static void date_of(long days, long *year, long *month, long *day)
{
	long shifted = days + 719468; /* since 0000-03-01 */
	long era = shifted / 146097, of_era = shifted % 146097;
	long years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	long of_year = of_era - (365 * years + years / 4 - years / 100);
	long march = (5 * of_year + 2) / 153;

	*day = of_year - (153 * march + 2) / 5 + 1;
	*month = march < 10 ? march + 3 : march - 9;
	*year = years + era * 400 + (*month <= 2);
}

static char *time_now(void)
{
	struct timespec now;
	long year, month, day;

	clock_gettime(CLOCK_REALTIME, &now);
	long seconds = now.tv_sec % 86400;
	date_of(now.tv_sec / 86400, &year, &month, &day);
	return text_format("%04ld-%02ld-%02ldT%02ld:%02ld:%02ld.%09ldZ", year, month, day,
			   seconds / 3600, seconds / 60 % 60, seconds % 60, now.tv_nsec);
}

static int open_cgroup(struct container *c)
{
	struct error *e = &c->rt->error;

	if (c->rt->baseline) {
		return 0;
	}
	if (cgroup_open(&c->cgroup, c->config, c->state.id, c->rt->rootless, e) < 0) {
		return -1;
	}
	c->state.cgroup = text_copy(cgroup_path(c->cgroup));
	/* Written before anything is in it: a kill of this process leaves enough for delete. */
	return state_save(c->rt, &c->state);
}

/* Known to the state before it is made, so that a kill leaves enough for delete. */
static int make_rdt(struct container *c)
{
	struct error *e = &c->rt->error;
	json *rdt = json_get_object(c->linux_config, "intelRdt");
	int root = rdt ? rdt_open_root(e) : -1;

	if (root < 0) {
		return rdt ? -1 : 0;
	}
	c->state.rdt = rdt_own_group(root, rdt, c->state.id);
	int result = state_save(c->rt, &c->state) < 0 ? -1 : rdt_make(root, rdt, c->state.id, e);
	close(root);
	return result;
}

/* The process accepts on it until `start` connects. */
static int open_start_socket(struct container *c)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (c->run) {
		return 0;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/start",
		 c->state.dir);
	c->start_socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (c->start_socket < 0 ||
	    bind(c->start_socket, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(c->start_socket, 4) < 0) {
		return error_set(&c->rt->error, errno,
				 "cannot make the socket that waits for start");
	}
	return 0;
}

static int open_console(struct container *c)
{
	struct error *e = &c->rt->error;
	bool terminal = json_get_bool(c->process, "terminal", false);

	if (terminal && !c->console_socket && !c->run) {
		return error_set(e, 0,
				 "process.terminal is set: --console-socket must say where "
				 "the terminal goes");
	}
	if (!terminal && c->console_socket) {
		return error_set(e, 0,
				 "--console-socket is given, but process.terminal is not set");
	}
	if (c->console_socket) {
		c->console = console_connect(c->console_socket, e);
		return c->console < 0 ? -1 : 0;
	}
	return 0;
}

/* Parameters are written through it from inside: it must be what it seems. */
int create_open_proc(struct container *c, struct error *e)
{
	struct statfs fs;

	c->host_proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->host_proc < 0 || fstatfs(c->host_proc, &fs) < 0) {
		return error_set(e, errno, "cannot open /proc");
	}
	return fs.f_type == PROC_SUPER_MAGIC
		       ? 0
		       : error_set(e, 0, "/proc is no procfs; mount -t proc proc /proc");
}

static int prepare(struct container *c)
{
	struct error *e = &c->rt->error;

	if (bundle_load_filter(c, e) < 0 ||
	    capability_prepare(json_get_object(c->process, "capabilities"), &c->capabilities, e) <
		    0) {
		return -1;
	}
	if (*c->capabilities.unknown) {
		runtime_say(c->rt, "warning", "unknown capabilities are left out: %s",
			    c->capabilities.unknown);
	}
	if (!c->rt->baseline && security_is_wanted(c->process, c->linux_config) &&
	    security_check(c->process, c->linux_config, e) < 0) {
		return -1;
	}
	return create_open_proc(c, e) < 0 ? -1 : mounts_open_sources(c, e);
}

static int run_runtime_hooks(struct container *c)
{
	struct error *e = &c->rt->error;

	if (hooks_run(c->config, "prestart", &c->state, STATE_CREATING, e) < 0 ||
	    hooks_run(c->config, "createRuntime", &c->state, STATE_CREATING, e) < 0) {
		return -1;
	}
	return sync_send(c->sync[0], SYNC_GO, 0, -1);
}

static int wait_ready(struct container *c)
{
	struct error *e = &c->rt->error;

	for (;;) {
		int fd = -1;
		switch (sync_receive(c->sync[0], NULL, &fd, e)) {
		case SYNC_HOOKS:
			if (run_runtime_hooks(c) < 0) {
				return -1;
			}
			break;
		case SYNC_CONSOLE:
			c->master = fd;
			break;
		case SYNC_READY:
			return 0;
		case SYNC_ERROR:
			return -1;
		case SYNC_GO:
		case SYNC_PID:
		case SYNC_END:
			return error_set(e, 0,
					 "the container's first process ended before it was "
					 "ready");
		}
	}
}

static int write_pid_file(struct container *c)
{
	char text[16];

	if (!c->pid_file) {
		return 0;
	}
	int length = snprintf(text, sizeof(text), "%d", (int)c->pid);
	return file_replace_at(AT_FDCWD, c->pid_file, text, (size_t)length, 0644, 0) < 0
		       ? error_set(&c->rt->error, errno, "cannot write the pid file %s",
				   c->pid_file)
		       : 0;
}

bool create_starts_early(const struct container *c)
{
	return c->run && !hooks_before_start(c->config);
}

static int build(struct container *c)
{
	struct error *e = &c->rt->error;

	if (open_cgroup(c) < 0 || make_rdt(c) < 0 || prepare(c) < 0 || open_start_socket(c) < 0 ||
	    open_console(c) < 0 || sync_pair(c->sync, e) < 0 || spawn_container(c, e) < 0) {
		return -1;
	}
	close(c->sync[1]);
	c->sync[1] = -1;
	if (!create_starts_early(c) && wait_ready(c) < 0) {
		return -1;
	}
	c->state.status = c->run ? STATE_RUNNING : STATE_CREATED;
	return state_save(c->rt, &c->state) < 0 ? -1 : write_pid_file(c);
}

static void end_process(pid_t pid)
{
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

int create_undo_in(struct runtime *rt, struct cgroup *cgroup, struct state *s, json *config,
		   bool poststop)
{
	int result = 0;

	/* Mostly nothing is left in it. */
	if (cgroup && !cgroup_remove_empty(cgroup)) {
		cgroup_kill(cgroup, &rt->error);
		result = cgroup_remove(cgroup, &rt->error);
	}
	if (result == 0 && s->rdt) {
		result = rdt_leave(s->rdt, &rt->error);
	}
	if (result == 0) {
		result = state_remove(rt, s);
	}
	if (result == 0 && poststop && config) {
		hooks_run_all(rt, config, "poststop", s);
	}
	return result;
}

int create_undo(struct runtime *rt, struct state *s, json *config, bool poststop)
{
	struct cgroup *cgroup = NULL;
	int result = cgroup_reopen(&cgroup, s->cgroup, &rt->error);

	if (result == 0) {
		result = create_undo_in(rt, cgroup, s, config, poststop);
	}
	cgroup_close(cgroup);
	return result;
}

static void undo(struct container *c)
{
	struct error first = c->rt->error;

	netdev_return(c->netdevs);
	end_process(c->pid);
	c->rt->error = (struct error){0};
	create_undo(c->rt, &c->state, c->config, c->has_process);
	if (c->rt->error.text) {
		runtime_say(c->rt, "warning", "%s", c->rt->error.text);
		error_free(&c->rt->error);
	}
	c->rt->error = first;
}

int create_container(struct container *c, const char *id, const char *bundle)
{
	c->start_socket = c->console = c->host_proc = c->master = -1;
	c->sync[0] = c->sync[1] = c->state.dir = -1;
	if (bundle_load(c, bundle) < 0) {
		return -1;
	}
	struct state paths = c->state;
	if (state_create(c->rt, id, &c->state) < 0) {
		free(paths.bundle);
		free(paths.rootfs);
		json_object_put(paths.annotations);
		return -1;
	}
	c->state.bundle = paths.bundle;
	c->state.rootfs = paths.rootfs;
	c->state.annotations = paths.annotations;
	c->state.created = time_now();
	c->state.chroot = !(c->ns.made & CLONE_NEWNS) || c->no_pivot;
	if (bundle_keep(c) < 0 || build(c) < 0) {
		undo(c);
		return -1;
	}
	return 0;
}

int create_start(struct container *c)
{
	struct error *e = &c->rt->error;
	enum sync_type type;
	int fd = -1;

	/* A process that has ended already may have left its reason. */
	sync_send(c->sync[0], SYNC_GO, 0, -1);
	/* While the process builds. */
	sealed_release();
	while ((type = sync_receive(c->sync[0], NULL, &fd, e)) == SYNC_CONSOLE) {
		c->master = fd;
	}
	if (type != SYNC_END ||
	    hooks_run(c->config, "poststart", &c->state, STATE_RUNNING, e) < 0) {
		error_set(e, 0, "the container's first process ended early");
		undo(c);
		return -1;
	}
	/* It would keep the network namespace alive. */
	netdev_free(c->netdevs);
	c->netdevs = NULL;
	return 0;
}

void create_free(struct container *c)
{
	netdev_free(c->netdevs);
	namespaces_close(&c->ns);
	seccomp_free(&c->filter);
	cgroup_close(c->cgroup);
	state_free(&c->state);
	bundle_free(c);
}
