/* SPDX-License-Identifier: Apache-2.0 */
/* What happens inside the new namespaces. */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "console.h"
#include "create.h"
#include "file.h"
#include "hooks.h"
#include "process.h"
#include "rootfs.h"
#include "sealed.h"
#include "security.h"
#include "sync.h"
#include "sysctl.h"
#include "text.h"

static int become_root(struct container *c, struct error *e)
{
	if (!((c->ns.made | c->ns.joined) & CLONE_NEWUSER)) {
		return 0;
	}
	if (setgroups(0, NULL) < 0 && errno != EPERM) {
		return error_set(e, errno, "cannot drop the groups in the user namespace");
	}
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) {
		return error_set(e, errno,
				 "cannot become root of the user namespace; it must map "
				 "user and group 0");
	}
	return 0;
}

static int set_names(struct container *c, struct error *e)
{
	const char *host = json_get_string(c->config, "hostname", "");
	const char *domain = json_get_string(c->config, "domainname", "");

	if (*host && sethostname(host, strlen(host)) < 0) {
		return error_set(e, errno, "cannot set the hostname %s", host);
	}
	if (*domain && setdomainname(domain, strlen(domain)) < 0) {
		return error_set(e, errno, "cannot set the domainname %s", domain);
	}
	return 0;
}

static int enter_namespaces(struct container *c, struct error *e)
{
	if (!namespaces_need_stage(&c->ns) && namespaces_join(&c->ns, ~0, e) < 0) {
		return -1;
	}
	if ((c->ns.made & CLONE_NEWCGROUP) && unshare(CLONE_NEWCGROUP) < 0) {
		return error_set(e, errno, "cannot make a cgroup namespace");
	}
	return 0;
}

/* The terminal is made while the host's tree is still there to bind it. */
static int make_console(struct container *c, int root, int *slave, struct error *e)
{
	if (!json_get_bool(c->process, "terminal", false)) {
		return 0;
	}
	int master = console_open(root, json_get_object(c->process, "consoleSize"), slave, e);
	if (master < 0 || console_bind(root, *slave, e) < 0) {
		return -1;
	}
	int result = c->console >= 0 ? console_send(c->console, master, e)
				     : sync_send(c->sync[1], SYNC_CONSOLE, 0, master);
	close(master);
	return result;
}

static int run_hooks(struct container *c, struct error *e)
{
	if (!hooks_before_start(c->config)) {
		return 0;
	}
	if (sync_send(c->sync[1], SYNC_HOOKS, 0, -1) < 0 || sync_wait_go(c->sync[1]) < 0) {
		return error_set(e, 0, "the runtime has gone");
	}
	struct state state = c->state;
	state.pid = c->rt->baseline ? getpid() : 1;
	return hooks_run(c->config, "createContainer", &state, STATE_CREATING, e);
}

static int build(struct container *c, int *slave, struct error *e)
{
	bool own_mounts = c->ns.made & CLONE_NEWNS;

	if (enter_namespaces(c, e) < 0 || become_root(c, e) < 0 || set_names(c, e) < 0) {
		return -1;
	}
	int root = own_mounts ? rootfs_prepare(c, e) : rootfs_open(c, e);
	if (root < 0 || (own_mounts && make_console(c, root, slave, e) < 0) ||
	    sysctl_apply(c, e) < 0 || run_hooks(c, e) < 0) {
		return -1;
	}
	if (own_mounts ? rootfs_protect(c, root, e) < 0 || rootfs_enter(c, root, e) < 0
		       : rootfs_chroot(root, e) < 0) {
		return -1;
	}
	close(root);
	return 0;
}

/* Waits for `start`, over the socket or, for run, over the pair. Returns where to say failures. */
static int wait_start(struct container *c)
{
	if (c->start_socket < 0) {
		return sync_wait_go(c->sync[1]) < 0 ? -1 : c->sync[1];
	}
	close(c->sync[1]);
	for (;;) {
		int from = accept4(c->start_socket, NULL, NULL, SOCK_CLOEXEC);
		if (from >= 0 && sync_wait_go(from) == 0) {
			return from;
		}
		if (from < 0 && errno != EINTR && errno != ECONNABORTED) {
			return -1;
		}
		if (from >= 0) {
			close(from);
		}
	}
}

/* The container's processes must have a right to it. */
static int join_keyring(struct container *c, struct error *e)
{
	const char *label = json_get_string(c->process, "selinuxLabel", "");

	if (c->no_new_keyring) {
		return 0;
	}
	if (*label && security_label_keys(c->host_proc, label, e) < 0) {
		return -1;
	}
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	return *label ? security_label_keys(c->host_proc, NULL, e) : 0;
}

static int prepare(struct container *c, struct process *process, struct error *e)
{
	int slave = -1;

	if (!c->begins_at_once && sync_wait_go(c->sync[1]) < 0) {
		return error_set(e, 0, "the runtime has gone");
	}
	/* Nobody in a joined namespace may look into this while it has the runtime's rights; after
	 * the maps were written, which needs it open. */
	prctl(PR_SET_DUMPABLE, 0);
	if (join_keyring(c, e) < 0 || build(c, &slave, e) < 0 ||
	    (security_is_wanted(c->process, NULL) &&
	     security_apply(c->host_proc, c->process, e) < 0)) {
		return -1;
	}
	process_close_others(c, (int[]){c->sync[1], c->start_socket, slave}, 3);
	if (process_directory(c->process, e) < 0 || process_find(c->process, process, e) < 0) {
		return -1;
	}
	if (slave >= 0 ? console_take(slave, e) < 0 : (setsid() < 0 && errno != EPERM)) {
		return error_set(e, errno, "cannot start a session");
	}
	return 0;
}

void init_main(struct container *c)
{
	struct error e = {0};
	struct process process = {0};

	sealed_release();
	close(c->sync[0]);
	close(c->state.dir);
	if (prepare(c, &process, &e) < 0 ||
	    (!create_starts_early(c) && sync_send(c->sync[1], SYNC_READY, 0, -1) < 0)) {
		sync_send_error(c->sync[1], &e);
		_exit(1);
	}
	int report = wait_start(c);
	if (report < 0) {
		_exit(1);
	}
	struct state state = c->state;
	state.pid = c->rt->baseline ? getpid() : 1;
	if (hooks_run(c->config, "startContainer", &state, STATE_CREATED, &e) == 0) {
		process_execute(c, c->process, &process, &e);
	}
	sync_send_error(report, &e);
	_exit(e.status ? e.status : 1);
}
