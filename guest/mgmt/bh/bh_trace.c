/* SPDX-License-Identifier: Apache-2.0 */
/* bh trace: the hypervisor's records, from all CPUs, in their order, until it is told to end. */
#include "bh_trace.h"

#include "bh_words.h"
#include "bh_signal.h"

#include "bits.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define POLL        0.005 /* seconds */
#define BATCH       2048u /* records of a CPU at a time: all it keeps */
#define UNNAMED     "-"
#define PATH_LENGTH 4096u

struct item {
	uint32_t cpu;
	struct manage_trace record;
};

struct trace {
	struct trace_view view; /* first: name_of() */
	struct bh *bh;
	uint32_t cpu_count;
	uint64_t positions[TRACE_CPUS];
	uint64_t shown;
	uint64_t lost;
	uint64_t wanted; /* partitions, a bit each */
	struct bh_partition partitions[CONFIG_PARTITION_MAX];
	struct item *items; /* of one round */
	uint32_t item_count;
	bool is_busy; /* a CPU has had much to tell */
	int lock;
	char path[PATH_LENGTH]; /* the file that becomes options.output; "": none */
};

/* What ends a person's command ends the trace, and what has been recorded is shown. */
void trace_catch_signals(void)
{
	static const int noted[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction ignore = {.sa_handler = SIG_IGN}; /* writing fails instead */

	signal_note(noted, ARRAY_COUNT(noted), NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

/* Partitions may come while it runs; one that has gone keeps its name. */
static const char *name_of(struct trace_view *view, uint32_t id)
{
	struct trace *trace = (struct trace *)view;
	struct bh_partition *partition;

	if (id >= CONFIG_PARTITION_MAX) {
		return UNNAMED;
	}
	partition = &trace->partitions[id];
	if (partition->is.config.name[0] == '\0') {
		partition->id = id;
		if (!bh_look(trace->bh, partition)) {
			return UNNAMED;
		}
	}
	return partition->is.config.name;
}

/* Whether each line printed there makes this partition leave the guest. */
static bool is_own_console(FILE *out)
{
	struct stat is;
	int file = fileno(out);

	if (file < 0 || fstat(file, &is) != 0 || !S_ISCHR(is.st_mode)) {
		return false;
	}
	return is.st_rdev == makedev(5, 1) || /* /dev/console, ttyS*, hvc* */
	       (major(is.st_rdev) == 4 && minor(is.st_rdev) >= 64) || major(is.st_rdev) == 229;
}

static int choose(struct trace *trace)
{
	const struct bh_options *options = &trace->bh->options;
	struct bh_partition list[CONFIG_PARTITION_MAX];
	uint32_t count;
	int result = bh_list(trace->bh, list, &count);

	for (uint32_t i = 0; result == BH_OK && i < count; i++) {
		trace->partitions[list[i].id] = list[i];
		/* Text alone would be about its own reading. */
		if (!trace->view.is_json &&
		    (list[i].is.config.flags & CONFIG_PARTITION_MANAGEMENT) != 0) {
			trace->wanted &= ~(UINT64_C(1) << list[i].id);
		}
	}
	if (options->name_count > 0) {
		trace->wanted = 0;
	}
	for (uint32_t i = 0; result == BH_OK && i < options->name_count; i++) {
		struct bh_partition found;

		result = bh_find(trace->bh, options->names[i], &found);
		if (result != BH_OK) {
			return result;
		}
		if (!trace->view.is_json && is_own_console(trace->view.out) &&
		    (found.is.config.flags & CONFIG_PARTITION_MANAGEMENT) != 0) {
			return bh_fail(trace->bh, BH_FAILED,
				       "cannot show %s here: each line makes this console's "
				       "partition leave the guest again; use -o FILE",
				       options->names[i]);
		}
		trace->wanted |= UINT64_C(1) << found.id;
	}
	return result;
}

/* --- where it goes ------------------------------------------------------------------------------
 */

/* A file appears when it is whole: what is there under its name is always JSON. */
static int open_output(struct trace *trace)
{
	struct bh *bh = trace->bh;
	const char *output = bh->options.output;
	int result = BH_OK;
	struct stat is;

	trace->view.out = bh->out;
	if (output == NULL || strcmp(output, "-") == 0) {
		return BH_OK;
	}
	if (stat(output, &is) != 0 || S_ISREG(is.st_mode)) {
		if ((size_t)snprintf(trace->path, PATH_LENGTH, "%s.part", output) >= PATH_LENGTH) {
			trace->path[0] = '\0';
			return bh_fail(bh, BH_FAILED, "cannot write %.40s...: its name is too long",
				       output);
		}
		output = trace->path;
	}
	trace->view.out = fopen(output, "we");
	if (trace->view.out == NULL) {
		trace->view.out = bh->out;
		result = bh_fail(bh, BH_FAILED, "cannot write %s: %s", output, strerror(errno));
		trace->path[0] = '\0'; /* there is nothing to remove */
	}
	return result;
}

static int close_output(struct trace *trace, int result)
{
	struct bh *bh = trace->bh;
	FILE *out = trace->view.out;
	bool is_written = fflush(out) == 0 && !ferror(out);

	if (out != bh->out) {
		is_written = fclose(out) == 0 && is_written;
	}
	if (result == BH_OK && is_written && trace->path[0] != '\0') {
		is_written = rename(trace->path, bh->options.output) == 0;
	}
	if (result == BH_OK && !is_written) {
		result = bh_fail(bh, BH_FAILED, "cannot write %s: %s",
				 bh->options.output != NULL ? bh->options.output : "the trace",
				 strerror(errno));
	}
	if (result != BH_OK && trace->path[0] != '\0') {
		(void)unlink(trace->path);
	}
	return result;
}

/* --- the device ---------------------------------------------------------------------------------
 */

static uint32_t switch_trace(struct bh *bh, bool is_on)
{
	struct bh_call call = {.opcode = MANAGE_TRACE, .argument = is_on ? 1 : 0};

	return bh_call(&bh->device, &call);
}

/* Whoever holds the lock is the one that traces: where it is on then, somebody was killed. */
static int switch_on(struct bh *bh)
{
	uint32_t status = switch_trace(bh, true);

	if (status == MANAGE_BUSY) {
		(void)switch_trace(bh, false);
		status = switch_trace(bh, true);
	}
	if (status == MANAGE_NO_MEMORY) {
		return bh_fail(bh, BH_FAILED,
			       "cannot trace: it needs 64 KiB of the hypervisor's pool for each "
			       "CPU; see `bh info`, and remove a partition");
	}
	return status == MANAGE_OK
		       ? BH_OK
		       : bh_fail(bh, BH_FAILED, "cannot trace: %s", words_status(status));
}

int trace_begin(struct bh *bh, int *lock)
{
	char path[PATH_LENGTH];
	int result;

	(void)mkdir(bh->folder, 0700);
	snprintf(path, sizeof(path), "%s/trace.lock", bh->folder);
	*lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*lock < 0) {
		return bh_fail(bh, BH_FAILED, "cannot trace: %s: %s", path, strerror(errno));
	}
	result = flock(*lock, LOCK_EX | LOCK_NB) == 0
			 ? switch_on(bh)
			 : bh_fail(bh, BH_FAILED,
				   "cannot trace: another `bh trace` or `bh stat --cycles` runs; "
				   "end that one first");
	if (result != BH_OK) {
		close(*lock);
	}
	return result;
}

void trace_end(struct bh *bh, int lock)
{
	(void)switch_trace(bh, false);
	close(lock);
}

/* Commands that change something are everybody's. */
static bool is_wanted(const struct trace *trace, const struct manage_trace *record)
{
	static const uint32_t looks = BIT32(MANAGE_INFO) | BIT32(MANAGE_PARTITION) |
				      BIT32(MANAGE_VCPU) | BIT32(MANAGE_LOG) |
				      BIT32(MANAGE_CONSOLE_READ) | BIT32(MANAGE_TRACE) |
				      BIT32(MANAGE_TRACE_READ);

	if (record->reason == MANAGE_TRACE_COMMAND) {
		return trace_opcode(record) >= MANAGE_COUNT ||
		       (looks >> trace_opcode(record) & 1) == 0;
	}
	return record->id < 64 && (trace->wanted >> record->id & 1) != 0;
}

static int collect(struct trace *trace, uint32_t cpu)
{
	static struct manage_trace records[BATCH];
	struct bh_call call = {.opcode = MANAGE_TRACE_READ,
			       .id = cpu,
			       .argument = trace->positions[cpu],
			       .receive = records,
			       .receive_size = sizeof(records)};
	uint32_t status = bh_call(&trace->bh->device, &call);
	uint32_t count = call.used / (uint32_t)sizeof(records[0]);

	if (status != MANAGE_OK) {
		return bh_fail(trace->bh, BH_FAILED, "the trace of CPU %u has ended: %s", cpu,
			       words_status(status));
	}
	trace->lost += call.result - call.argument - count;
	trace->positions[cpu] = call.result;
	trace->is_busy |= count > BATCH / 2;
	for (uint32_t i = 0; i < count; i++) {
		if (is_wanted(trace, &records[i])) {
			trace->items[trace->item_count++] =
				(struct item){.cpu = cpu, .record = records[i]};
		}
	}
	return BH_OK;
}

static int compare(const void *left, const void *right)
{
	uint64_t a = trace_time(&((const struct item *)left)->record);
	uint64_t b = trace_time(&((const struct item *)right)->record);

	return a < b ? -1 : a > b ? 1 : 0;
}

/* What all CPUs have recorded since the last round. */
static int take_round(struct trace *trace)
{
	uint64_t most = trace->bh->options.count != 0 ? trace->bh->options.count : UINT64_MAX;
	int result = BH_OK;

	trace->item_count = 0;
	trace->is_busy = false;
	for (uint32_t cpu = 0; result == BH_OK && cpu < trace->cpu_count; cpu++) {
		result = collect(trace, cpu);
	}
	qsort(trace->items, trace->item_count, sizeof(trace->items[0]), compare);
	for (uint32_t i = 0; i < trace->item_count && trace->shown < most; i++) {
		trace_view_record(&trace->view, trace->items[i].cpu, &trace->items[i].record);
		trace->shown++;
	}
	fflush(trace->view.out);
	return result;
}

static int follow(struct trace *trace)
{
	const struct bh_options *options = &trace->bh->options;
	bool has_end = (options->given & OPTION_SECONDS) != 0;
	double end = bh_seconds() + options->interval / 1e3;
	bool is_last;
	int result;

	do {
		double left = has_end ? end - bh_seconds() : POLL;

		if (!trace->is_busy && left > 0) {
			bh_sleep(left < POLL ? left : POLL);
		}
		is_last = signal_ended != 0 || (has_end && bh_seconds() >= end);
		result = take_round(trace);
		is_last = is_last || ferror(trace->view.out) != 0 ||
			  (options->count != 0 && trace->shown >= options->count);
	} while (result == BH_OK && !is_last);
	return result;
}

static int run(struct trace *trace)
{
	struct bh *bh = trace->bh;
	struct manage_info info;
	int result = bh_get_info(bh, &info);

	if (result != BH_OK) {
		return result;
	}
	trace->cpu_count = info.cpu_count < TRACE_CPUS ? info.cpu_count : TRACE_CPUS;
	trace->items = calloc((size_t)trace->cpu_count * BATCH, sizeof(trace->items[0]));
	if (trace->items == NULL) {
		return bh_fail(bh, BH_FAILED, "cannot trace: no memory");
	}
	trace->view.base = info.tsc;
	trace->view.hz = (double)info.tsc_hz;
	if (bh->shows_progress && (bh->options.given & OPTION_SECONDS) == 0) {
		fputs("bh: tracing until Ctrl-C\n", bh->errors);
	}
	result = trace_begin(bh, &trace->lock);
	if (result == BH_OK) {
		trace_view_start(&trace->view);
		result = follow(trace);
		trace_view_end(&trace->view, trace->shown, trace->lost);
		trace_end(bh, trace->lock);
	}
	return result;
}

int bh_trace(struct bh *bh)
{
	struct trace trace = {.view = {.name_of = name_of}, .bh = bh, .wanted = UINT64_MAX};
	bool is_text = (bh->options.given & OPTION_TEXT) != 0;
	double since = bh_seconds();
	int result;

	trace.view.is_json =
		!is_text && (bh->options.output != NULL || isatty(fileno(bh->out)) == 0);
	trace_catch_signals();
	result = open_output(&trace);
	result = result == BH_OK ? choose(&trace) : result;
	result = result == BH_OK ? run(&trace) : result;
	result = close_output(&trace, result);
	if (result == BH_OK) {
		fprintf(bh->errors, "bh: %llu records in %.1f s, %llu lost\n",
			(unsigned long long)trace.shown, bh_seconds() - since,
			(unsigned long long)trace.lost);
	}
	free(trace.items);
	return result;
}
