/* SPDX-License-Identifier: Apache-2.0 */
/* bh console: a terminal on a partition's console. */
#include "bh_partition.h"
#include "bh_words.h"
#include "bh_signal.h"

#include "bits.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define POLL_MS    20
#define ESCAPE_KEY 0x1d /* Ctrl-] */
#define TEXT_SIZE  4096u
#define INPUT_SIZE 256u
#define IDLE_POLLS 25u /* once the input has ended: half a second without output */

struct console {
	struct bh *bh;
	struct bh_partition partition;
	uint64_t position; /* in its output */
	uint64_t event;    /* the next that has not been looked at */
	uint8_t input[INPUT_SIZE];
	uint32_t input_count; /* typed, and not taken yet */
	uint32_t idle;
	bool has_input; /* not ended */
	bool is_left;
};

static const int noted[] = {SIGTERM, SIGHUP, SIGWINCH};

/* The window's size becomes that of the partition's virtio console, if it has one. */
static void send_size(struct console *console)
{
	struct bh *bh = console->bh;
	struct bh_call call = {.opcode = MANAGE_CONSOLE_SIZE, .id = console->partition.id};
	struct winsize is;

	signal_resized = 0;
	if ((ioctl(bh->input, TIOCGWINSZ, &is) == 0 ||
	     ioctl(fileno(bh->out), TIOCGWINSZ, &is) == 0) &&
	    is.ws_col != 0 && is.ws_row != 0) {
		call.argument = is.ws_col | (uint64_t)is.ws_row << 16;
		(void)bh_call(&bh->device, &call);
	}
}

/* What the partition wrote. Returns enum bh_result. */
static int show_output(struct console *console)
{
	struct bh *bh = console->bh;
	char text[TEXT_SIZE];
	struct bh_call call = {.opcode = MANAGE_CONSOLE_READ,
			       .id = console->partition.id,
			       .argument = console->position,
			       .receive = text,
			       .receive_size = sizeof(text)};
	uint32_t status = bh_call(&bh->device, &call);

	if (status != MANAGE_OK) {
		return bh_refused(bh, "read the console of", console->partition.is.config.name,
				  status);
	}
	console->position = call.result;
	console->idle = call.used > 0 ? 0 : console->idle + 1;
	return fwrite(text, 1, call.used, bh->out) == call.used && fflush(bh->out) == 0 ? BH_OK
											: BH_FAILED;
}

/* What happened to it is said between its own lines. */
static void show_events(struct console *console, uint64_t next)
{
	struct bh *bh = console->bh;
	struct manage_event event;

	if (next - console->event > MANAGE_EVENT_COUNT) {
		console->event = next - MANAGE_EVENT_COUNT;
	}
	for (; console->event < next; console->event++) {
		if (bh_event_get(bh, console->event, &event) && event.id == console->partition.id &&
		    (event.kind == MANAGE_EVENT_STOPPED || event.kind == MANAGE_EVENT_STARTED)) {
			fprintf(bh->errors, "\r\n[%s: %s%s%s]\r\n",
				console->partition.is.config.name, words_event(event.kind),
				event.kind == MANAGE_EVENT_STOPPED ? ": " : "",
				event.kind == MANAGE_EVENT_STOPPED
					? words_cause((uint32_t)event.value)
					: "");
		}
	}
}

/* Bytes wait while the guest does not take them; of a partition that does not run they are lost. */
static void send_input(struct console *console)
{
	struct bh_call call = {.opcode = MANAGE_CONSOLE_WRITE,
			       .id = console->partition.id,
			       .send = console->input,
			       .send_size = console->input_count};
	uint32_t status;
	uint32_t taken;

	if (console->input_count == 0) {
		return;
	}
	status = bh_call(&console->bh->device, &call);
	taken = status == MANAGE_OK && call.result < console->input_count ? (uint32_t)call.result
									  : console->input_count;
	console->input_count -= taken;
	memmove(console->input, console->input + taken, console->input_count);
}

static void read_input(struct console *console)
{
	uint8_t *at = console->input + console->input_count;
	ssize_t size = read(console->bh->input, at, INPUT_SIZE - console->input_count);
	uint8_t *escape;

	if (size <= 0) {
		console->has_input = size < 0 && errno == EINTR;
		console->idle = 0;
		return;
	}
	escape = memchr(at, ESCAPE_KEY, (size_t)size);
	console->is_left = escape != NULL;
	console->input_count += (uint32_t)(escape != NULL ? escape - at : size);
}

static int serve(struct console *console)
{
	int result = BH_OK;
	uint64_t next;

	while (result == BH_OK && !console->is_left && signal_ended == 0 &&
	       (console->has_input || console->input_count > 0 || console->idle < IDLE_POLLS)) {
		bool has_room = console->input_count < INPUT_SIZE;
		struct pollfd input = {.fd = console->has_input && has_room ? console->bh->input
									    : -1,
				       .events = POLLIN};

		if (signal_resized != 0) {
			send_size(console);
		}
		next = bh_event_next(
			console->bh); /* what it wrote before its end comes before it */
		result = show_output(console);
		show_events(console, next);
		if (poll(&input, 1, POLL_MS) > 0) {
			read_input(console);
		}
		send_input(console);
	}
	return result;
}

int bh_console(struct bh *bh)
{
	static struct console console;
	struct termios before;
	struct termios raw;
	bool is_terminal = tcgetattr(bh->input, &before) == 0;
	int result;

	console = (struct console){.bh = bh, .event = bh_event_next(bh), .has_input = true};
	result = bh_find(bh, bh->options.names[0], &console.partition);
	if (result != BH_OK) {
		return result;
	}
	signal_note(noted, ARRAY_COUNT(noted), NULL);
	send_size(&console);
	if (is_terminal) {
		fprintf(bh->errors, "[console of %s; Ctrl-] leaves it]\n",
			console.partition.is.config.name);
		raw = before;
		cfmakeraw(&raw);
		tcsetattr(bh->input, TCSANOW, &raw);
	}
	result = serve(&console);
	if (is_terminal) {
		tcsetattr(bh->input, TCSANOW, &before);
		fputc('\n', bh->errors);
	}
	return result;
}
