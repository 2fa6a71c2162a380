/* SPDX-License-Identifier: Apache-2.0 */
/* bh log, events. */
#include "bh_partition.h"
#include "bh_table.h"
#include "bh_words.h"

#include <inttypes.h>

#define POLL     0.02 /* seconds */
#define LOG_SIZE 16384u

/* Prints from call->argument on, and not beyond `end`. */
static int print_log(struct bh *bh, struct bh_call *call, uint64_t end)
{
	const char *text = call->receive;
	uint32_t status = bh_call(&bh->device, call);
	uint64_t excess;
	size_t size;

	if (status != MANAGE_OK) {
		return bh_fail(bh, BH_FAILED, "cannot read the log: %s", words_status(status));
	}
	excess = call->result > end ? call->result - end : 0;
	size = excess < call->used ? call->used - excess : 0;
	call->argument = call->result;
	return fwrite(text, 1, size, bh->out) == size && fflush(bh->out) == 0 ? BH_OK : BH_FAILED;
}

int bh_log(struct bh *bh)
{
	static char text[LOG_SIZE];
	struct bh_call call = {.opcode = MANAGE_LOG,
			       .argument = UINT64_MAX,
			       .receive = text,
			       .receive_size = sizeof(text)};
	bool is_endless = (bh->options.given & OPTION_FOLLOW) != 0;
	int result;
	uint64_t end;

	result = print_log(bh, &call, 0); /* nothing, but where it ends now */
	end = is_endless ? UINT64_MAX : call.result;
	call.argument = 0;
	while (result == BH_OK && call.argument < end) {
		result = print_log(bh, &call, end);
		if (is_endless && call.used == 0) {
			bh_sleep(POLL);
		}
	}
	return result;
}

static const char *name_of(struct bh *bh, uint32_t id, struct bh_partition *partition)
{
	partition->id = id;
	return bh_look(bh, partition) ? partition->is.config.name : "-";
}

static void print_event(struct bh *bh, const struct manage_event *event)
{
	double seconds = bh_milliseconds(bh, 0, event->tsc) / 1e3;
	struct bh_partition partition;
	const char *name = name_of(bh, event->id, &partition);

	if ((bh->options.given & OPTION_JSON) != 0) {
		struct json json = {.out = bh->out};

		json_object(&json, NULL);
		json_number(&json, "sequence", event->sequence);
		json_decimal(&json, "seconds", seconds);
		json_text(&json, "event", words_event(event->kind));
		json_number(&json, "id", event->id);
		json_text(&json, "name", name);
		json_number(&json, "value", event->value);
		json_end(&json, '}');
		fputc('\n', bh->out);
	} else {
		fprintf(bh->out, "%12.6f  %-8s (id %u) %s%s%s\n", seconds, name, event->id,
			words_event(event->kind), event->kind == MANAGE_EVENT_STOPPED ? ": " : "",
			event->kind == MANAGE_EVENT_STOPPED ? words_cause((uint32_t)event->value)
							    : "");
	}
}

int bh_events(struct bh *bh)
{
	uint64_t next = bh_event_next(bh);
	uint64_t at = next > MANAGE_EVENT_COUNT ? next - MANAGE_EVENT_COUNT : 1;
	bool is_endless = (bh->options.given & OPTION_FOLLOW) != 0;
	struct manage_event event;

	do {
		for (next = bh_event_next(bh); at < next; at++) {
			if (bh_event_get(bh, at, &event)) {
				print_event(bh, &event);
			}
		}
		fflush(bh->out);
		if (is_endless) {
			bh_sleep(POLL);
		}
	} while (is_endless && !ferror(bh->out));
	return BH_OK;
}
