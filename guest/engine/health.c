/* SPDX-License-Identifier: Apache-2.0 */
#include "health.h"
#include "exec.h"
#include "exec_process.h"
#include "file.h"
#include "health_state.h"
#include "loop.h"
#include "moment.h"
#include "monitor.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MILLISECOND INT64_C(1000000) /* ns */

/* One run. It is freed when its monitor has reported and its end is here, or nobody waits. */
struct probe {
	struct container *container; /* NULL: forgotten; freed by the monitor's report */
	char id[ID_SIZE];
	bool is_reported; /* the monitor has told whether it started */
	bool is_recorded; /* its result counts already, or is not to count */
	bool is_killed;
	bool has_ended;
	bool is_cut; /* it wrote more than is kept */
	int code;
	pid_t pid;
	int pidfd;
	int64_t start;
	int output_fd;
	struct loop_fd *watch;
	struct text output;
	struct loop_timer *timeout;
	struct monitor_wait *wait;
};

struct health {
	json *exec; /* as the body of POST /containers/ID/exec */
	struct health_config config;
	struct health_state state;
	struct loop_timer *timer; /* until the next probe */
	struct probe *probe;      /* at work */
};

static void on_time(void *context);

static void close_output(struct probe *probe)
{
	loop_remove_fd(probe->watch);
	probe->watch = NULL;
	if (probe->output_fd >= 0) {
		close(probe->output_fd);
		probe->output_fd = -1;
	}
}

static void probe_free(struct probe *probe)
{
	close_output(probe);
	loop_cancel(probe->timeout);
	monitor_forget(probe->wait);
	file_close(probe->pidfd);
	text_free(&probe->output);
	free(probe);
}

static void remove_folder(struct container *container, const char *id)
{
	char *folder = monitor_folder(container, id);

	file_remove_tree_at(AT_FDCWD, folder);
	free(folder);
}

static void plan_next(struct container *container)
{
	struct health *health = container->health;
	int64_t pause = health_pause_after(&health->state, &health->config,
					   container->state.started, moment_now());

	if (!health->timer && !health->probe && !container->state.is_paused) {
		health->timer =
			loop_after((pause + MILLISECOND - 1) / MILLISECOND, on_time, container);
	}
}

/* `words` (may be NULL) stand before what it wrote. */
static void record(struct probe *probe, int code, const char *words)
{
	struct container *container = probe->container;
	struct health *health = container->health;
	struct text output = {0};

	if (probe->is_recorded) {
		return;
	}
	probe->is_recorded = true;
	text_puts(&output, words ? words : "");
	text_add(&output, probe->output.data ? probe->output.data : "", probe->output.length);
	text_puts(&output, probe->is_cut ? "..." : "");
	struct health_result result = {probe->start, moment_now(), code, output.data,
				       output.length};
	if (health_record(&health->state, &health->config, container->state.started, &result)) {
		char *action = text_format("health_status: %s", health_word(health->state.status));
		container_event(container, action, NULL, NULL);
		free(action);
	}
}

/* All of it is over. */
static void probe_done(struct probe *probe)
{
	struct container *container = probe->container;

	container->health->probe = NULL;
	remove_folder(container, probe->id);
	probe_free(probe);
	plan_next(container);
}

static void finish_when_over(struct probe *probe)
{
	if (probe->has_ended && probe->output_fd < 0) {
		record(probe, probe->code, NULL);
		probe_done(probe);
	}
}

/* Its whole group: a shell's children would stay, more with each probe. */
static void kill_probe(struct probe *probe)
{
	probe->is_killed = true;
	if (probe->pidfd >= 0 &&
	    syscall(SYS_pidfd_send_signal, probe->pidfd, SIGKILL, NULL, 0) == 0 &&
	    getpgid(probe->pid) == probe->pid) {
		kill(-probe->pid, SIGKILL);
	}
}

static void on_timeout(void *context)
{
	struct probe *probe = context;
	struct health *health = probe->container->health;

	probe->timeout = NULL;
	if (probe->has_ended) { /* only its output does not end */
		close_output(probe);
		finish_when_over(probe);
		return;
	}
	char *words = text_format("Health check exceeded timeout (%lldms)%s",
				  (long long)(health->config.timeout / MILLISECOND),
				  probe->output.length ? ": " : "");
	record(probe, -1, words);
	free(words);
	kill_probe(probe);
	close_output(probe);
}

static void on_output(void *context, uint32_t events)
{
	struct probe *probe = context;
	char block[HEALTH_OUTPUT];
	ssize_t count = read(probe->output_fd, block, sizeof(block));

	(void)events;
	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (count > 0) {
		size_t room = HEALTH_OUTPUT - probe->output.length;
		probe->is_cut = (size_t)count > room;
		text_add(&probe->output, block, probe->is_cut ? room : (size_t)count);
		if (!probe->is_cut) {
			return;
		}
	}
	close_output(probe);
	finish_when_over(probe);
}

static void probe_event(struct probe *probe, const char *action)
{
	json *command = json_get(probe->container->health->exec, "Cmd");

	exec_event_of(probe->container, action, probe->id, command, probe->code);
}

static void on_end(void *context, const struct monitor_end *end)
{
	struct probe *probe = context;

	probe->wait = NULL;
	probe->has_ended = true;
	probe->code = end->code;
	probe_event(probe, "exec_die");
	finish_when_over(probe);
}

static void on_started(void *context, pid_t pid, const char *error)
{
	struct probe *probe = context;
	struct container *container = probe->container;

	if (!container) { /* the container has ended meanwhile, and with it the probe */
		probe_free(probe);
		return;
	}
	probe->is_reported = true;
	if (error) {
		close_output(probe);
		text_free(&probe->output); /* the monitor tells it there too */
		record(probe, -1, error);
		probe_done(probe);
		return;
	}
	probe->pid = pid;
	probe->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	probe_event(probe, "exec_start");
	if (probe->is_killed) {
		kill_probe(probe);
	}
	char *folder = monitor_folder(container, probe->id);
	struct health *health = container->health;
	struct monitor_wait *wait = monitor_wait(folder, on_end, probe);
	if (wait && health->probe == probe) {
		probe->wait = wait;
	}
	free(folder);
}

static void probe_run(struct probe *probe, int output, const char *process)
{
	struct container *container = probe->container;
	struct monitor_attach attach = {.fd = output, .flags = "oer"};
	struct monitor_call call = {
		.container = container,
		.exec_id = probe->id,
		.process = process,
		.attaches = &attach,
		.attach_count = 1,
	};

	probe->timeout =
		loop_after((container->health->config.timeout + MILLISECOND - 1) / MILLISECOND,
			   on_timeout, probe);
	probe->watch = loop_add_fd(probe->output_fd, EPOLLIN, on_output, probe);
	monitor_start(&call, on_started, probe);
}

static void on_time(void *context)
{
	struct container *container = context;
	struct health *health = container->health;
	struct probe *probe = memory_zeroed(1, sizeof(*probe));
	int pair[2] = {-1, -1};
	char *error = NULL;

	health->timer = NULL;
	health->probe = probe;
	id_random(probe->id);
	probe->container = container;
	probe->start = moment_now();
	probe->pidfd = -1;
	probe->output_fd = -1;
	probe_event(probe, "exec_create");
	char *process = exec_write_process(container, health->exec, probe->id, &error);
	if (process &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		error = text_format("no socket for the probe's output: %s", strerror(errno));
	}
	if (error) {
		record(probe, -1, error);
		probe_done(probe);
	} else {
		probe->output_fd = pair[0];
		probe_run(probe, pair[1], process);
	}
	free(process);
	free(error);
}

static void drop_probe(struct health *health)
{
	struct probe *probe = health->probe;

	if (!probe) {
		return;
	}
	health->probe = NULL;
	remove_folder(probe->container, probe->id);
	if (probe->is_reported) {
		probe_free(probe);
		return;
	}
	probe->container = NULL;
	close_output(probe);
	loop_cancel(probe->timeout);
	probe->timeout = NULL;
}

void health_free(struct container *container)
{
	struct health *health = container->health;

	if (health) {
		loop_cancel(health->timer);
		drop_probe(health);
		health_state_free(&health->state);
		json_object_put(health->exec);
		free(health);
		container->health = NULL;
	}
}

void health_begin(struct container *container, json *spec)
{
	json *config = json_get(spec, "Config");
	json *healthcheck = json_get_object(config, "Healthcheck");
	json *command = health_command(healthcheck, json_get_array(config, "Shell"));

	health_free(container);
	if (command) {
		struct health *health = memory_zeroed(1, sizeof(*health));
		health->exec = json_object_new_object();
		json_set(health->exec, "Cmd", command);
		health_parse_config(healthcheck, &health->config);
		container->health = health;
		plan_next(container);
	}
}

void health_pause(struct container *container, bool is_paused)
{
	struct health *health = container->health;

	if (health && is_paused) {
		loop_cancel(health->timer);
		health->timer = NULL;
		if (health->probe) {
			health->probe->is_recorded = true;
			kill_probe(health->probe);
		}
	} else if (health) {
		plan_next(container);
	}
}

void health_end(struct container *container)
{
	struct health *health = container->health;

	if (health) {
		loop_cancel(health->timer);
		health->timer = NULL;
		drop_probe(health);
		health->state.status = HEALTH_UNHEALTHY; /* as Docker says of what has ended */
	}
}

json *health_view(const struct container *container)
{
	return container->health ? health_state_view(&container->health->state) : NULL;
}

const char *health_status(const struct container *container)
{
	return container->health ? health_word(container->health->state.status) : "none";
}

const char *health_suffix(const struct container *container)
{
	static const char *const words[] = {" (health: starting)", " (healthy)", " (unhealthy)"};

	return container->health ? words[container->health->state.status] : "";
}
