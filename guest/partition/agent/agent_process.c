/* SPDX-License-Identifier: Apache-2.0 */
/* A process of the container, from fork to exec. */
#include "agent.h"
#include "pass_fd.h"
#include "spec.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#define GROUPS_MAX 64

/* As the records say; masks of capabilities: all, unless told. */
struct process {
	char *arguments[AGENT_ARGUMENTS + 1];
	char *environment[AGENT_ARGUMENTS + 1];
	const char *directory;
	const char *terminal;
	gid_t groups[GROUPS_MAX];
	size_t argument_count;
	size_t environment_count;
	size_t group_count;
	uid_t uid;
	gid_t gid;
	mode_t mask;
	uint64_t bounding;
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
	uint64_t ambient;
	bool has_capabilities;
	bool no_new_privileges;
};

static void report(const struct agent_child *child, struct agent_report *message, int fd)
{
	(void)pass_send(child->channel, message, sizeof(*message), &fd, fd >= 0);
}

static bool add(char *list[], size_t *count, const char *value)
{
	if (*count == AGENT_ARGUMENTS) {
		errno = E2BIG;
		return false;
	}
	list[(*count)++] = (char *)(uintptr_t)value;
	return true;
}

static bool set_limit(const char *value)
{
	unsigned long long soft;
	unsigned long long hard;
	int number;
	struct rlimit limit;

	if (sscanf(value, "%d %llu %llu", &number, &soft, &hard) != 3) {
		errno = EINVAL;
		return false;
	}
	limit = (struct rlimit){.rlim_cur = soft, .rlim_max = hard};
	return setrlimit((__rlimit_resource_t)number, &limit) == 0;
}

static void set_oom(const char *value)
{
	int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (file >= 0) {
		(void)!write(file, value, strlen(value));
		close(file);
	}
}

static bool take_mask(struct process *process, char letter, const char *value)
{
	uint64_t *mask = letter == SPEC_BOUNDING      ? &process->bounding
			 : letter == SPEC_EFFECTIVE   ? &process->effective
			 : letter == SPEC_PERMITTED   ? &process->permitted
			 : letter == SPEC_INHERITABLE ? &process->inheritable
			 : letter == SPEC_AMBIENT     ? &process->ambient
						      : NULL;

	if (mask == NULL) {
		errno = EINVAL;
		return false;
	}
	*mask = strtoull(value, NULL, 16);
	process->has_capabilities = true;
	return true;
}

static bool take_record(struct process *process, char letter, const char *value)
{
	switch (letter) {
	case SPEC_ARGUMENT:
		return add(process->arguments, &process->argument_count, value);
	case SPEC_ENVIRONMENT:
		return add(process->environment, &process->environment_count, value);
	case SPEC_DIRECTORY:
		process->directory = value;
		return true;
	case SPEC_TERMINAL:
		process->terminal = value;
		return true;
	case SPEC_UID:
		process->uid = (uid_t)strtoul(value, NULL, 10);
		return true;
	case SPEC_GID:
		process->gid = (gid_t)strtoul(value, NULL, 10);
		return true;
	case SPEC_GROUP:
		if (process->group_count < GROUPS_MAX) {
			process->groups[process->group_count++] = (gid_t)strtoul(value, NULL, 10);
		}
		return true;
	case SPEC_UMASK:
		process->mask = (mode_t)strtoul(value, NULL, 8);
		return true;
	case SPEC_NO_NEW:
		process->no_new_privileges = true;
		return true;
	case SPEC_RLIMIT:
		return set_limit(value);
	case SPEC_OOM:
		set_oom(value);
		return true;
	default:
		return take_mask(process, letter, value);
	}
}

static bool take_records(struct process *process, struct agent_records *spec,
			 struct agent_error *error)
{
	const char *value;
	char letter;

	while ((letter = agent_record(spec, &value)) != 0) {
		if (!take_record(process, letter, value)) {
			return agent_fail(error, "record %c%.80s", letter, value);
		}
	}
	if (process->argument_count == 0) {
		errno = EINVAL;
		return agent_fail(error, "no command");
	}
	return true;
}

static bool open_terminal(struct agent_child *child, const struct process *process,
			  struct agent_error *error)
{
	struct agent_report message = {.kind = AGENT_TERMINAL};
	struct winsize size = {.ws_row = 0};
	int unlock = 0;
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int slave = -1;

	if (master >= 0 && ioctl(master, TIOCSPTLCK, &unlock) == 0) {
		slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	}
	if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) != 0) {
		return agent_fail(error, "terminal");
	}
	if (sscanf(process->terminal, "%hu %hu", &size.ws_row, &size.ws_col) == 2 &&
	    size.ws_row > 0) {
		(void)ioctl(slave, TIOCSWINSZ, &size);
	}
	(void)!fchown(slave, process->uid, (gid_t)-1);
	report(child, &message, master);
	close(master);
	for (int i = 0; i < 3; i++) {
		child->fds[i] = slave;
	}
	return true;
}

static bool place_fds(const struct agent_child *child)
{
	for (int i = 0; i < 3; i++) {
		int fd = child->fds[i] == i ? fcntl(i, F_SETFD, 0) : dup2(child->fds[i], i);

		if (fd < 0) {
			return false;
		}
	}
	return syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */) == 0;
}

static bool drop_bounding(const struct process *process)
{
	for (unsigned long bit = 0; bit < 64 && prctl(PR_CAPBSET_READ, bit, 0, 0, 0) >= 0; bit++) {
		if ((process->bounding >> bit & 1) == 0 &&
		    prctl(PR_CAPBSET_DROP, bit, 0, 0, 0) != 0) {
			return false;
		}
	}
	return true;
}

static bool set_capabilities(const struct process *process)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	for (unsigned int i = 0; i < 2; i++) {
		data[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(process->effective >> (32 * i)),
			.permitted = (uint32_t)(process->permitted >> (32 * i)),
			.inheritable = (uint32_t)(process->inheritable >> (32 * i)),
		};
	}
	if (syscall(SYS_capset, &header, data) != 0) {
		return false;
	}
	for (unsigned long bit = 0; bit < 64; bit++) {
		if ((process->ambient >> bit & 1) != 0) {
			(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, bit, 0, 0);
		}
	}
	return true;
}

static bool become(const struct process *process, struct agent_error *error)
{
	if (process->has_capabilities &&
	    (!drop_bounding(process) || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)) {
		return agent_fail(error, "capabilities");
	}
	if (setgroups(process->group_count, process->groups) != 0 ||
	    setresgid(process->gid, process->gid, process->gid) != 0 ||
	    setresuid(process->uid, process->uid, process->uid) != 0) {
		return agent_fail(error, "user %u:%u", process->uid, process->gid);
	}
	if (process->has_capabilities && !set_capabilities(process)) {
		return agent_fail(error, "capabilities");
	}
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		return agent_fail(error, "no_new_privs");
	}
	return true;
}

static bool change_directory(const struct process *process, bool is_first,
			     struct agent_error *error)
{
	const char *directory = process->directory != NULL ? process->directory : "/";

	if (is_first) {
		(void)mkdir(directory, 0755);
	}
	return chdir(directory) == 0 || agent_fail(error, "directory %.120s", directory);
}

static bool prepare(struct agent_child *child, struct process *process, struct agent_error *error)
{
	bool is_first = child->init < 0;

	/* After its pid namespace comes a fork, which agent_session.c has done: this is for mounts
	 * alone. */
	if (is_first ? !agent_enter_root(child->setup, error)
		     : setns(child->init, CLONE_NEWNS) != 0 &&
			       !agent_fail(error, "enter the container")) {
		return false;
	}
	if (!take_records(process, child->spec, error) || setsid() < 0) {
		return false;
	}
	if (process->terminal != NULL && !open_terminal(child, process, error)) {
		return false;
	}
	umask(process->mask);
	return change_directory(process, is_first, error);
}

_Noreturn void agent_process(struct agent_child *child)
{
	static struct process process = {.mask = 022};
	struct agent_report message = {.kind = AGENT_FAILED, .error.status = 126};
	sigset_t none;
	char go;

	for (int number = 1; number < NSIG; number++) {
		signal(number, SIG_DFL);
	}
	sigemptyset(&none);
	if (prepare(child, &process, &message.error) && read(child->channel, &go, 1) == 1) {
		int channel = fcntl(child->channel, F_DUPFD_CLOEXEC, 10);

		child->channel = channel;
		if (place_fds(child) && become(&process, &message.error)) {
			environ = process.environment;
			sigprocmask(SIG_SETMASK, &none, NULL);
			message.kind = AGENT_EXECUTING;
			message.tsc = __rdtsc();
			report(child, &message, -1);
			execvp(process.arguments[0], process.arguments);
			message.error.status = errno == ENOENT ? 127 : 126;
			agent_fail(&message.error, "exec: \"%.120s\"", process.arguments[0]);
		}
		message.kind = AGENT_FAILED;
	}
	report(child, &message, -1);
	_exit((int)message.error.status);
}
