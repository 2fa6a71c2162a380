/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines and partition lines share the real console; a lock keeps lines whole. */
#include "console.h"

#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/spin.h"
#include "boot_abi.h"
#include "fmt.h"
#include "hv/device.h"
#include "hv/platform.h"
#include "hv/vm.h"

#define LINE_MAX    160u
#define RING_SIZE   16384u /* a power of two */
#define INPUT_BATCH 64u
#define LOCK_TRIES  1000000u
/* Beside the management partition's own console, which a person must be able to read. The rest is
 * in the partition's ring. */
#define LINES_A_MINUTE 600u

/* What a partition has written since its last newline. Guarded by `lock`. */
struct line {
	uint32_t length;
	uint32_t escape; /* ESCAPE_*: inside an escape sequence */
	uint32_t count;  /* of lines, since `minute` */
	uint64_t minute; /* TSC */
	char text[LINE_MAX];
};

static struct line lines[CONFIG_PARTITION_MAX];
static char log_bytes[RING_SIZE];
static struct console_ring log_ring = {.bytes = log_bytes, .size = RING_SIZE};
static _Atomic uint32_t lock;
static _Atomic bool is_lock_broken;
static enum log_level level_max = LOG_INFO;
static bool is_managed;              /* the raw partition is the management partition */
static const struct vm *sole_writer; /* has the real console to itself while it runs; or NULL */
static bool is_raw_open;             /* the raw partition's cursor is in the middle of a line */

/*
 * Not a ticket lock: log_write() also runs in NMI context, maybe on the CPU that holds the lock.
 * It then gives up waiting and prints anyway; a mangled line beats a dead machine.
 */
static bool take_lock(void)
{
	for (uint32_t tries = 0; tries < LOCK_TRIES; tries++) {
		uint32_t expected = 0;

		if (atomic_load_explicit(&is_lock_broken, memory_order_relaxed)) {
			return false;
		}
		if (atomic_compare_exchange_weak_explicit(&lock, &expected, 1, memory_order_acquire,
							  memory_order_relaxed)) {
			return true;
		}
		arch_cpu_pause();
	}
	return false;
}

static void release_lock(bool is_taken)
{
	if (is_taken) {
		atomic_store_explicit(&lock, 0, memory_order_release);
	}
}

void console_break_lock(void)
{
	atomic_store_explicit(&is_lock_broken, true, memory_order_relaxed);
}

void console_init(const struct boot_info *boot)
{
	level_max = (enum log_level)boot->config.log_level;
	platform_console_init(boot);
}

static void keep(struct console_ring *ring, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		ring->bytes[ring->next++ % ring->size] = text[i];
	}
}

static void emit_line(const char *text, size_t size, bool is_urgent)
{
	if (!is_urgent && sole_writer != NULL && atomic_load(&sole_writer->state) == VM_RUNNING) {
		return;
	}
	if (is_raw_open) {
		platform_console_write("\n", 1);
		is_raw_open = false;
	}
	platform_console_write(text, size);
}

void log_write(enum log_level level, const char *format, ...)
{
	static const char *const marks[] = {"error: ", "", "", ""};
	char text[LINE_MAX + 192]; /* a vCPU's exits by reason fit one line */
	va_list arguments;
	size_t length;
	bool is_taken;

	if (level > level_max) {
		return;
	}
	length = fmt_print(text, sizeof(text), "hv: %s", marks[level]);
	va_start(arguments, format);
	length += fmt_format(text + length, sizeof(text) - length - 1, format, arguments);
	va_end(arguments);
	text[length++] = '\n';
	is_taken = take_lock();
	keep(&log_ring, text, length);
	emit_line(text, length, level == LOG_ERROR);
	release_lock(is_taken);
}

enum { ESCAPE_NONE, ESCAPE_STARTED, ESCAPE_SEQUENCE };

/*
 * What a terminal is to show of a quoted byte; 0 = nothing. Escape sequences are left out (ECMA-48,
 * "Control sequences"): a partition must not steer the terminal that quotes it.
 */
static char printable(struct line *line, uint8_t byte)
{
	if (byte == 0x1b) {
		line->escape = ESCAPE_STARTED;
		return 0;
	}
	if (line->escape == ESCAPE_STARTED) {
		line->escape = byte == '[' ? ESCAPE_SEQUENCE : ESCAPE_NONE;
		return 0;
	}
	if (line->escape == ESCAPE_SEQUENCE) {
		line->escape = byte >= 0x40 && byte <= 0x7e ? ESCAPE_NONE : ESCAPE_SEQUENCE;
		return 0;
	}
	if (byte == '\r' || byte == '\0') {
		return 0;
	}
	return (byte >= 0x20 && byte != 0x7f) || byte == '\t' ? (char)byte : '?';
}

static bool may_show(struct line *line)
{
	uint64_t now = arch_tsc();

	if (now - line->minute > arch_tsc_hz() * 60) {
		line->minute = now;
		line->count = 0;
	}
	return line->count++ < LINES_A_MINUTE || !is_managed;
}

static void finish_line(struct vm *vm)
{
	struct line *line = &lines[vm->id];
	char text[CONFIG_NAME_MAX + LINE_MAX + 8];
	size_t length = fmt_print(text, sizeof(text), "[%s] %.*s\n", vm->name, (int)line->length,
				  line->text);

	if (may_show(line)) {
		emit_line(text, length, false);
	}
	line->length = 0;
}

static void put_quoted(struct vm *vm, uint8_t byte)
{
	struct line *line = &lines[vm->id];
	char shown;

	if (byte == '\n') {
		finish_line(vm);
		return;
	}
	shown = printable(line, byte);
	if (shown == 0) {
		return;
	}
	if (line->length == LINE_MAX) {
		finish_line(vm);
	}
	line->text[line->length++] = shown;
}

static void put_raw(const struct vm *vm, uint8_t byte)
{
	char raw = (char)byte;

	sole_writer = (vm->config.flags & CONFIG_PARTITION_UART0_ALONE) != 0 ? vm : NULL;
	platform_console_write(&raw, 1);
	is_raw_open = raw != '\n';
}

void console_write(struct vm *vm, const uint8_t *bytes, uint32_t size)
{
	bool is_taken = take_lock();

	if (vm->output.bytes != NULL) {
		keep(&vm->output, (const char *)bytes, size);
	}
	for (uint32_t i = 0; i < size; i++) {
		if ((vm->config.flags & CONFIG_PARTITION_OWNS_UART0) == 0) {
			put_quoted(vm, bytes[i]);
		} else {
			is_managed = vm->passthrough != NULL;
			put_raw(vm, bytes[i]);
		}
	}
	release_lock(is_taken);
}

uint32_t console_read(struct vm *vm, uint64_t *position, char *to, uint32_t size)
{
	const struct console_ring *ring = vm != NULL ? &vm->output : &log_ring;
	bool is_taken = take_lock();
	uint32_t count = 0;

	if (*position > ring->next) {
		*position = ring->next;
	} else if (ring->next - *position > ring->size) {
		*position = ring->next - ring->size;
	}
	while (count < size && *position < ring->next) {
		to[count++] = ring->bytes[(*position)++ % ring->size];
	}
	release_lock(is_taken);
	return count;
}

static bool takes_input(struct vm *vm)
{
	return vm->is_console_virtio ? virtio_console_takes_input(vm) : vuart_takes_input(vm);
}

bool console_input(struct vm *vm, uint8_t byte)
{
	if (!takes_input(vm)) {
		return false;
	}
	if (vm->is_console_virtio) {
		virtio_console_input(vm, byte);
	} else {
		vuart_input(vm, byte);
	}
	return true;
}

void console_flush(struct vm *vm)
{
	bool is_taken = take_lock();

	if (lines[vm->id].length > 0) {
		finish_line(vm);
	}
	release_lock(is_taken);
}

void console_poll_input(struct vm *vm)
{
	uint8_t byte;

	if ((vm->config.flags & CONFIG_PARTITION_OWNS_UART0) == 0) {
		return;
	}
	/* Bounded: a sender faster than this loop must not keep the CPU from its guest. */
	for (uint32_t i = 0; i < INPUT_BATCH; i++) {
		if (!takes_input(vm) || !platform_console_read(&byte)) {
			return; /* the rest waits in the real FIFO, which holds its sender up */
		}
		(void)console_input(vm, byte); /* there is room */
	}
	platform_console_rearm();
}

void console_input_again(void)
{
	platform_console_rearm();
}
