/* SPDX-License-Identifier: Apache-2.0 */
/* GET /containers/ID/stats */
#include "cgroup.h"
#include "container_routes.h"
#include "file.h"
#include "http.h"
#include "loop.h"
#include "moment.h"
#include "text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATS_INTERVAL 1000 /* ms */
#define STATS_BACKLOG  (256u * 1024)

struct sample {
	int64_t moment;
	int64_t machine_cpu; /* ns of all CPUs since the start */
	struct cgroup_usage usage;
};

struct stats {
	char id[ID_SIZE];
	struct stream *stream; /* NULL: one reply */
	struct request *request;
	struct loop_timer *timer;
	struct sample before;
};

static int64_t machine_cpu(void)
{
	struct text text = {0};
	int64_t sum = 0;

	if (file_read_at(AT_FDCWD, "/proc/stat", &text, 4 * 1024 * 1024) == 0) {
		char *next = text.data + 4;
		/* user nice system idle iowait irq softirq steal; guest is part of user. */
		for (int i = 0; i < 8; i++) {
			sum += strtoll(next, &next, 10);
		}
	}
	text_free(&text);
	return sum * (MOMENT_SECOND / sysconf(_SC_CLK_TCK));
}

static void take_sample(struct container *container, struct sample *sample)
{
	memset(sample, 0, sizeof(*sample));
	sample->moment = moment_now();
	if (container && container->state.is_running) {
		sample->machine_cpu = machine_cpu();
		cgroup_read_usage(container->state.pid, container->id, &sample->usage);
	}
}

static json *cpu_view(const struct sample *sample)
{
	json *view = json_object_new_object();
	json *usage = json_object_new_object();
	json *throttling = json_object_new_object();

	json_set_int(usage, "total_usage", sample->usage.cpu_total);
	json_set_int(usage, "usage_in_kernelmode", sample->usage.cpu_system);
	json_set_int(usage, "usage_in_usermode", sample->usage.cpu_user);
	json_set(view, "cpu_usage", usage);
	if (sample->machine_cpu) {
		json_set_int(view, "system_cpu_usage", sample->machine_cpu);
		json_set_int(view, "online_cpus", sysconf(_SC_NPROCESSORS_ONLN));
	}
	json_set_int(throttling, "periods", sample->usage.periods);
	json_set_int(throttling, "throttled_periods", sample->usage.throttled_periods);
	json_set_int(throttling, "throttled_time", sample->usage.throttled_time);
	json_set(view, "throttling_data", throttling);
	return view;
}

static json *memory_view(const struct cgroup_usage *usage)
{
	json *view = json_object_new_object();
	json *details = json_object_new_object();

	if (usage->memory) {
		json_set_int(details, "inactive_file", usage->inactive_file);
		json_set_int(details, "total_inactive_file", usage->inactive_file);
		json_set_int(view, "usage", usage->memory);
		json_set_int(view, "limit", usage->memory_limit);
	}
	json_set(view, "stats", details);
	return view;
}

static json *pids_view(const struct cgroup_usage *usage)
{
	json *view = json_object_new_object();

	if (usage->pids) {
		json_set_int(view, "current", usage->pids);
		if (usage->pids_limit) {
			json_set_int(view, "limit", usage->pids_limit);
		}
	}
	return view;
}

static void add_block(json *list, const char *operation, int64_t bytes)
{
	json *entry = json_object_new_object();

	json_set_int(entry, "major", 0);
	json_set_int(entry, "minor", 0);
	json_set_string(entry, "op", operation);
	json_set_int(entry, "value", bytes);
	json_object_array_add(list, entry);
}

static json *block_view(const struct cgroup_usage *usage)
{
	json *view = json_object_new_object();
	json *list = json_object_new_array();

	if (usage->read_bytes || usage->written_bytes) {
		add_block(list, "read", usage->read_bytes);
		add_block(list, "write", usage->written_bytes);
	}
	json_set(view, "io_service_bytes_recursive", list);
	return view;
}

/* A line of /proc/PID/net/dev: name: 8 numbers received, 8 sent. */
static void add_interface(json *networks, const char *line)
{
	static const char *const keys[] = {"rx_bytes", "rx_packets", "rx_errors", "rx_dropped",
					   NULL,       NULL,         NULL,        NULL,
					   "tx_bytes", "tx_packets", "tx_errors", "tx_dropped"};
	const char *colon = strchr(line, ':');
	char name[32];

	line += strspn(line, " ");
	if (!colon || colon - line >= (int)sizeof(name) || !strncmp(line, "lo:", 3)) {
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(colon - line), line);
	json *view = json_object_new_object();
	char *next = (char *)(uintptr_t)(colon + 1);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		int64_t value = strtoll(next, &next, 10);
		if (keys[i]) {
			json_set_int(view, keys[i], value);
		}
	}
	json_set(networks, name, view);
}

static json *networks_view(pid_t pid)
{
	char *path = text_format("/proc/%d/net/dev", (int)pid);
	struct text text = {0};
	json *networks = json_object_new_object();

	if (file_read_at(AT_FDCWD, path, &text, 1024 * 1024) == 0) {
		for (char *line = text.data; line && *line;) {
			char *end = strchr(line, '\n');
			if (end) {
				*end = '\0';
			}
			add_interface(networks, line);
			line = end ? end + 1 : NULL;
		}
	}
	text_free(&text);
	free(path);
	return networks;
}

static json *stats_view(struct container *container, const struct sample *now,
			const struct sample *before)
{
	json *view = json_object_new_object();
	char *name = text_format("/%s", container->name);

	json_set_string(view, "name", name);
	json_set_string(view, "id", container->id);
	json_set(view, "read", moment_json(now->moment));
	json_set(view, "preread", moment_json(before->moment));
	json_set(view, "pids_stats", pids_view(&now->usage));
	json_set(view, "blkio_stats", block_view(&now->usage));
	json_set_int(view, "num_procs", 0);
	json_set(view, "storage_stats", json_object_new_object());
	json_set(view, "cpu_stats", cpu_view(now));
	json_set(view, "precpu_stats", cpu_view(before));
	json_set(view, "memory_stats", memory_view(&now->usage));
	if (container->state.is_running) {
		json_set(view, "networks", networks_view(container->state.pid));
	}
	free(name);
	return view;
}

static void on_gone(void *context)
{
	struct stats *stats = context;

	loop_cancel(stats->timer);
	free(stats);
}

static void on_tick(void *context)
{
	struct stats *stats = context;
	struct container *container = container_find(stats->id, NULL);
	struct sample now;

	stats->timer = NULL;
	take_sample(container, &now);
	json *view = container ? stats_view(container, &now, &stats->before) : NULL;
	if (stats->request) {
		if (view) {
			reply_json(stats->request, 200, view);
		} else {
			reply_error(stats->request, 404, "No such container: %s", stats->id);
		}
		free(stats);
		return;
	}
	if (!view || stream_pending(stats->stream) > STATS_BACKLOG) {
		json_object_put(view);
		stream_end(stats->stream);
		free(stats);
		return;
	}
	stream_json(stats->stream, view);
	json_object_put(view);
	stats->before = now;
	stats->timer = loop_after(STATS_INTERVAL, on_tick, stats);
}

static void get_stats(struct request *request)
{
	struct container *container = container_of_request(request);

	if (!container) {
		return;
	}
	struct stats *stats = memory_zeroed(1, sizeof(*stats));
	memcpy(stats->id, container->id, ID_SIZE);
	if (request_query_bool(request, "stream", true)) {
		stats->stream =
			reply_stream(request, 200, "application/json", on_gone, NULL, stats);
		if (stats->stream) {
			on_tick(stats);
		} else {
			free(stats);
		}
		return;
	}
	stats->request = request;
	if (request_query_bool(request, "one-shot", false) || !container->state.is_running) {
		on_tick(stats);
		return;
	}
	/* Two samples make the CPU's share. */
	take_sample(container, &stats->before);
	stats->timer = loop_after(STATS_INTERVAL, on_tick, stats);
}

const struct route stats_routes[1] = {
	{"GET", "/containers/{id}/stats", get_stats, 0},
};
