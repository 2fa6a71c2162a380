/* SPDX-License-Identifier: Apache-2.0 */
/* One record of a trace, in words and as JSON. */
#include "bh_trace.h"

#include "bits.h"
#include "names.h"

#include <inttypes.h>
#include <string.h>

#define DETAIL_SIZE 160u

#define EVENT_VALID    BIT32(31) /* SDM 3C, "VM-Entry Interruption-Information Field" */
#define EVENT_SHUTDOWN BIT32(30)
#define EVENT_TYPE(x)  ((x) >> 8 & 7)

static const char *const commands[MANAGE_COUNT] = {
	[MANAGE_NULL] = "null",
	[MANAGE_INFO] = "info",
	[MANAGE_PARTITION] = "partition",
	[MANAGE_VCPU] = "vcpu",
	[MANAGE_START] = "start",
	[MANAGE_STOP] = "stop",
	[MANAGE_PAUSE] = "pause",
	[MANAGE_RESUME] = "resume",
	[MANAGE_CREATE] = "create",
	[MANAGE_LOAD] = "load",
	[MANAGE_DESTROY] = "destroy",
	[MANAGE_LOG] = "log",
	[MANAGE_CONSOLE_READ] = "console-read",
	[MANAGE_CONSOLE_WRITE] = "console-write",
	[MANAGE_TRACE] = "trace",
	[MANAGE_TRACE_READ] = "trace-read",
};

static const char *const statuses[] = {
	[MANAGE_OK] = "done",
	[MANAGE_PENDING] = "pending",
	[MANAGE_UNKNOWN] = "unknown",
	[MANAGE_INVALID] = "invalid",
	[MANAGE_NO_PARTITION] = "no partition",
	[MANAGE_BUSY] = "busy",
	[MANAGE_NO_MEMORY] = "no memory",
	[MANAGE_NO_CPU] = "no CPU",
	[MANAGE_DENIED] = "denied",
	[MANAGE_BAD_ADDRESS] = "bad address",
};

/* VCPU_REQUEST_*, by bit; 0: a kick that was for nothing more than a look. */
static const char *const requests[] = {"start", "stop", "INIT", "SIPI", "NMI", "clear", "leave"};

static const char *pick(const char *const *words, uint32_t count, uint64_t index)
{
	return index < count && words[index] != NULL ? words[index] : "unknown";
}

/* What a record is about, behind its name. */
static void describe_exit(char *text, size_t size, const struct manage_trace *record)
{
	static const char *const formats[EXIT_COUNT_REASONS] = {
		[EXIT_COUNT_CPUID] = "leaf 0x%" PRIx64, [EXIT_COUNT_HYPERCALL] = "number %" PRIu64,
		[EXIT_COUNT_IO] = "port 0x%" PRIx64,    [EXIT_COUNT_RDMSR] = "MSR 0x%" PRIx64,
		[EXIT_COUNT_WRMSR] = "MSR 0x%" PRIx64,  [EXIT_COUNT_MMIO] = "address 0x%" PRIx64,
	};
	const char *format = record->reason < EXIT_COUNT_REASONS ? formats[record->reason] : NULL;

	text[0] = '\0';
	if (format != NULL) {
		snprintf(text, size, format, record->info);
	} else if (record->info != 0) {
		snprintf(text, size, "info 0x%" PRIx64, record->info);
	}
}

static void describe_command(struct trace_view *view, char *text, size_t size,
			     const struct manage_trace *record)
{
	static const uint32_t with_id = BIT32(MANAGE_PARTITION) | BIT32(MANAGE_VCPU) |
					BIT32(MANAGE_START) | BIT32(MANAGE_STOP) |
					BIT32(MANAGE_PAUSE) | BIT32(MANAGE_RESUME) |
					BIT32(MANAGE_LOAD) | BIT32(MANAGE_DESTROY) |
					BIT32(MANAGE_CONSOLE_READ) | BIT32(MANAGE_CONSOLE_WRITE);
	uint32_t opcode = trace_opcode(record);
	bool has_id = opcode < MANAGE_COUNT && (with_id >> opcode & 1) != 0;

	snprintf(text, size, "%s%s%s: %s", pick(commands, ARRAY_COUNT(commands), opcode),
		 has_id ? " " : "",
		 has_id ? view->name_of(view, (uint32_t)(record->info >> 32)) : "",
		 pick(statuses, ARRAY_COUNT(statuses), record->info & 0xffff));
}

static void describe_requests(char *text, size_t size, uint64_t bits)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < ARRAY_COUNT(requests) && used < size; i++) {
		if ((bits >> i & 1) != 0) {
			used += (size_t)snprintf(text + used, size - used, "%s%s",
						 used > 0 ? ", " : "", requests[i]);
		}
	}
}

static const char *describe(struct trace_view *view, char *text, size_t size,
			    const struct manage_trace *record)
{
	switch (record->reason) {
	case MANAGE_TRACE_REQUEST:
		describe_requests(text, size, record->info);
		return "request";
	case MANAGE_TRACE_INTERRUPT:
		snprintf(text, size, "vector 0x%02x to %s vCPU %u", (unsigned)(record->info & 0xff),
			 view->name_of(view, (uint32_t)(record->info >> 16 & 0xff)),
			 (unsigned)(record->info >> 8 & 0xff));
		return "interrupt";
	case MANAGE_TRACE_COMMAND:
		describe_command(view, text, size, record);
		return "command";
	default:
		describe_exit(text, size, record);
		return record->reason < EXIT_COUNT_REASONS ? name_find(names_exit, record->reason)
							   : "unknown";
	}
}

/* What the guest has got at the end of an exit. */
static const char *describe_event(char *text, size_t size, uint32_t event)
{
	static const char *const types[] = {
		[0] = "interrupt",          [2] = "NMI",       [3] = "exception",
		[4] = "software interrupt", [5] = "#DB debug", [6] = "software exception"};

	if ((event & EVENT_VALID) == 0) {
		snprintf(text, size, "triple fault");
	} else if (EVENT_TYPE(event) == 3) {
		snprintf(text, size, "%s", name_find(names_exception, event & 0xff));
	} else {
		snprintf(text, size, "%s 0x%02x",
			 pick(types, ARRAY_COUNT(types), EVENT_TYPE(event)), event & 0xff);
	}
	return text;
}

static double microseconds(const struct trace_view *view, uint64_t tsc)
{
	return view->hz > 0 ? (double)tsc * 1e6 / view->hz : 0;
}

static double since_base(const struct trace_view *view, uint64_t tsc)
{
	return tsc > view->base ? microseconds(view, tsc - view->base) : 0;
}

static void text_record(struct trace_view *view, uint32_t cpu, const struct manage_trace *record)
{
	char detail[DETAIL_SIZE];
	char event[DETAIL_SIZE];
	const char *name = describe(view, detail, sizeof(detail), record);
	const char *partition = view->name_of(view, record->id);

	fprintf(view->out, "%12.6f  %3u  %-16s %4u  ", since_base(view, trace_time(record)) / 1e6,
		cpu, partition, record->vcpu);
	if (record->start != 0) {
		fprintf(view->out, "%12.3f", microseconds(view, record->end - record->start));
	} else {
		fprintf(view->out, "%12s", "");
	}
	fprintf(view->out, "  %s%s%s%s%s\n", name, detail[0] != '\0' ? " " : "", detail,
		record->event != 0 ? ", then " : "",
		record->event != 0 ? describe_event(event, sizeof(event), record->event) : "");
}

/* --- JSON: "Trace Event Format" ------------------------------------------------------------------
 * Processes are partitions, threads CPUs. Perfetto takes a process or thread 0 for the idle one.
 */

static void start_event(struct trace_view *view, const char *name, const char *phase, uint32_t id,
			uint32_t cpu)
{
	fputc('\n', view->out);
	json_object(&view->json, NULL);
	json_text(&view->json, "name", name);
	json_text(&view->json, "ph", phase);
	json_number(&view->json, "pid", id + 1);
	json_number(&view->json, "tid", cpu + 1);
}

static void end_event(struct trace_view *view, const char *key, const char *value)
{
	json_object(&view->json, "args");
	json_text(&view->json, key, value);
	json_end(&view->json, '}');
	json_end(&view->json, '}');
}

static void name_track(struct trace_view *view, uint32_t cpu, uint32_t id)
{
	char name[32];

	if (view->tracks[id] == 0) {
		start_event(view, "process_name", "M", id, cpu);
		end_event(view, "name", view->name_of(view, id));
	}
	if ((view->tracks[id] & BIT(cpu)) == 0) {
		snprintf(name, sizeof(name), "CPU %u", cpu);
		start_event(view, "thread_name", "M", id, cpu);
		end_event(view, "name", name);
	}
	view->tracks[id] |= BIT(cpu);
}

static void instant(struct trace_view *view, uint32_t cpu, uint32_t id, uint64_t tsc,
		    const char *category, const char *name, const char *detail)
{
	start_event(view, name, "i", id, cpu);
	json_text(&view->json, "s", "t");
	json_text(&view->json, "cat", category);
	json_decimal(&view->json, "ts", since_base(view, tsc));
	end_event(view, "what", detail);
}

static void json_record(struct trace_view *view, uint32_t cpu, const struct manage_trace *record)
{
	char detail[DETAIL_SIZE];
	const char *name = describe(view, detail, sizeof(detail), record);

	name_track(view, cpu, record->id);
	if (record->start == 0) {
		instant(view, cpu, record->id, record->end, name, name, detail);
		return;
	}
	start_event(view, name, "X", record->id, cpu);
	json_text(&view->json, "cat", "exit");
	json_decimal(&view->json, "ts", since_base(view, record->start));
	json_decimal(&view->json, "dur", microseconds(view, record->end - record->start));
	end_event(view, "what", detail);
	if (record->event != 0) {
		describe_event(detail, sizeof(detail), record->event);
		instant(view, cpu, record->id, record->end, "injection", detail, name);
	}
}

void trace_view_start(struct trace_view *view)
{
	view->json = (struct json){.out = view->out};
	memset(view->tracks, 0, sizeof(view->tracks));
	if (view->is_json) {
		json_object(&view->json, NULL);
		json_array(&view->json, "traceEvents");
	} else {
		fprintf(view->out, "%12s  %3s  %-16s %4s  %12s  %s\n", "SECONDS", "CPU",
			"PARTITION", "VCPU", "MICROSECONDS", "WHAT");
	}
}

void trace_view_record(struct trace_view *view, uint32_t cpu, const struct manage_trace *record)
{
	if (!view->is_json) {
		text_record(view, cpu, record);
	} else if (record->id < CONFIG_PARTITION_MAX && cpu < TRACE_CPUS) {
		json_record(view, cpu, record);
	}
}

void trace_view_end(struct trace_view *view, uint64_t shown, uint64_t lost)
{
	if (!view->is_json) {
		return;
	}
	fputc('\n', view->out);
	json_end(&view->json, ']');
	json_text(&view->json, "displayTimeUnit", "ns");
	json_object(&view->json, "otherData");
	json_number(&view->json, "records", shown);
	json_number(&view->json, "lost", lost);
	json_end(&view->json, '}');
	json_end(&view->json, '}');
	fputc('\n', view->out);
}
