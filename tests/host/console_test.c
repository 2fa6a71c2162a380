/* SPDX-License-Identifier: Apache-2.0 */
/* hv/console.c: whole lines with their partition's name; raw output; no orders to the terminal. */
/* Links: hv/console.c hv/lib/fmt.c arch/fake/fake_cpu.c arch/fake/fake_vcpu.c arch/fake/fake_mem.c arch/fake/fake_lapic.c arch/fake/fake_clock.c arch/fake/fake_port.c */
#include "console.h"

#include "boot_abi.h"
#include "fake.h"
#include "hv/platform.h"
#include "hv/vm.h"
#include "tap.h"

#include <string.h>

static char output[4096];
static size_t output_size;
static struct boot_info boot;
static struct vm alpha = {.id = 0, .name = "alpha"};
static struct vm beta = {.id = 1, .name = "beta"};
static struct vm owner = {
	.id = 2, .name = "owner", .config = {.flags = CONFIG_PARTITION_OWNS_UART0}};
static struct vm hermit = {
	.id = 3,
	.name = "hermit",
	.config = {.flags = CONFIG_PARTITION_OWNS_UART0 | CONFIG_PARTITION_UART0_ALONE}};
static uint32_t input_left;
static uint32_t input_taken;
static uint32_t input_virtio;
static uint32_t input_virtio_room = UINT32_MAX;
static uint32_t input_room = UINT32_MAX; /* what the UART takes, of input_taken */
static uint32_t rearm_count;

void platform_console_init(const struct boot_info *info)
{
	(void)info;
}

void platform_console_write(const char *text, size_t size)
{
	for (size_t i = 0; i < size && output_size < sizeof(output) - 1; i++) {
		output[output_size++] = text[i];
	}
	output[output_size] = '\0';
}

bool platform_console_read(uint8_t *byte)
{
	*byte = 'k';
	return input_left-- > 0;
}

void platform_console_rearm(void)
{
	rearm_count++;
}

bool vuart_takes_input(struct vm *vm)
{
	(void)vm;
	return input_taken < input_room;
}

bool virtio_console_takes_input(struct vm *vm)
{
	(void)vm;
	return input_virtio < input_virtio_room;
}

void vuart_input(struct vm *vm, uint8_t byte)
{
	TAP_CHECK(vm == &owner && byte == 'k');
	input_taken++;
}

void virtio_console_input(struct vm *vm, uint8_t byte)
{
	TAP_CHECK(vm == &owner && byte == 'k');
	input_virtio++;
}

static void start(enum config_log_level level)
{
	fake_reset();
	boot.config.log_level = level;
	console_init(&boot);
	output_size = 0;
	output[0] = '\0';
}

static void say(struct vm *vm, const char *text)
{
	console_write(vm, (const uint8_t *)text, (uint32_t)__builtin_strlen(text));
}

static void lines_stay_whole(void)
{
	start(CONFIG_LOG_INFO);
	say(&alpha, "one ");
	say(&beta, "two\r\n");
	log_info("between %u", 3u);
	say(&alpha, "line\n");
	TAP_TEXT(output, "[beta] two\nhv: between 3\n[alpha] one line\n");
	start(CONFIG_LOG_INFO);
	say(&alpha, "no newline");
	console_flush(&alpha);
	console_flush(&alpha);
	TAP_TEXT(output, "[alpha] no newline\n");
}

static void long_lines_are_cut_into_lines(void)
{
	char text[401];

	start(CONFIG_LOG_INFO);
	memset(text, 'x', 400);
	text[400] = '\0';
	say(&alpha, text);
	say(&alpha, "\n");
	TAP_EQUAL(output_size, 400 + 3 * 9); /* three lines: name, newline */
	TAP_EQUAL(strncmp(output, "[alpha] xxx", 11), 0);
}

static void the_terminal_takes_no_orders(void)
{
	start(CONFIG_LOG_INFO);
	say(&alpha, "\x1b[31mred\x1b[0m \x1b]0;title \x07 \x7f end\n");
	TAP_TEXT(output, "[alpha] red 0;title ? ? end\n");
}

static void the_owner_writes_raw(void)
{
	start(CONFIG_LOG_INFO);
	say(&owner, "login: \x1b[1m");
	TAP_TEXT(output, "login: \x1b[1m");
	say(&alpha, "hello\n");
	TAP_TEXT(output, "login: \x1b[1m\n[alpha] hello\n");
	say(&owner, "x\r\n");
	say(&alpha, "again\n");
	TAP_TEXT(output, "login: \x1b[1m\n[alpha] hello\nx\r\n[alpha] again\n");
}

/* Last of all: it stays the sole writer. */
static void the_sole_writer_is_not_disturbed(void)
{
	uint64_t position = UINT64_MAX;
	char log[4096];

	start(CONFIG_LOG_INFO);
	(void)console_read(NULL, &position, log, 0); /* to the log's end */
	atomic_store(&hermit.state, VM_RUNNING);
	say(&alpha, "first\n");
	say(&hermit, "# ");
	say(&alpha, "hello\n");
	log_notice("n");
	say(&hermit, "ls\r# ls");
	TAP_TEXT(output, "[alpha] first\n# ls\r# ls");
	log_error("bad");
	TAP_TEXT(output, "[alpha] first\n# ls\r# ls\nhv: error: bad\n");
	log[console_read(NULL, &position, log, sizeof(log) - 1)] = '\0';
	TAP_TEXT(log, "hv: n\nhv: error: bad\n");
	atomic_store(&hermit.state, VM_STOPPED);
	log_notice("stopped");
	TAP_TEXT(output, "[alpha] first\n# ls\r# ls\nhv: error: bad\nhv: stopped\n");
}

static void levels_are_kept(void)
{
	start(CONFIG_LOG_NOTICE);
	log_debug("d");
	log_info("i");
	log_notice("n");
	log_error("e");
	TAP_TEXT(output, "hv: n\nhv: error: e\n");
}

static void input_is_bounded(void)
{
	start(CONFIG_LOG_INFO);
	input_left = 1000;
	input_taken = 0;
	rearm_count = 0;
	console_poll_input(&owner);
	TAP_EQUAL(input_taken, 64);
	TAP_EQUAL(rearm_count, 1); /* what is left must interrupt again: its edge has gone by */
	input_left = 3;
	console_poll_input(&owner);
	TAP_EQUAL(input_taken, 67);
	TAP_EQUAL(rearm_count, 1);
	input_left = 3;
	console_poll_input(&alpha);
	TAP_EQUAL(input_taken, 67);
}

static void input_waits_for_room(void)
{
	start(CONFIG_LOG_INFO);
	input_taken = 0;
	input_left = 20;
	input_room = 7;
	rearm_count = 0;
	console_poll_input(&owner);
	TAP_EQUAL(input_taken, 7);
	TAP_EQUAL(input_left, 13); /* not lost: still in the real UART */
	TAP_EQUAL(rearm_count, 0);
	console_input_again();
	TAP_EQUAL(rearm_count, 1);
	input_room = UINT32_MAX;
	console_poll_input(&owner);
	TAP_EQUAL(input_taken, 20);
}

static void input_goes_where_output_came_from(void)
{
	start(CONFIG_LOG_INFO);
	input_taken = 0;
	input_left = 5;
	owner.is_console_virtio = true;
	console_poll_input(&owner);
	TAP_EQUAL(input_virtio, 5);
	TAP_EQUAL(input_taken, 0);
	input_left = 5;
	input_virtio_room = 7; /* buffers of its driver, of input_virtio */
	console_poll_input(&owner);
	TAP_EQUAL(input_virtio, 7);
	TAP_EQUAL(input_left, 3);
	TAP_CHECK(!console_input(&owner, 'k'));
	owner.is_console_virtio = false;
}

/* A partition that floods its console leaves the management partition's readable. */
static void floods_are_cut_beside_the_management_partition(void)
{
	static const struct boot_passthrough real;

	start(CONFIG_LOG_INFO);
	fake_clock.tsc = fake_clock.tsc_hz * 1000;
	for (uint32_t i = 0; i < 700; i++) {
		say(&alpha, "x\n");
		output_size = 0;
	}
	say(&alpha, "all is shown\n");
	TAP_TEXT(output, "[alpha] all is shown\n");
	owner.passthrough = &real;
	say(&owner, "~#\n");
	output_size = 0;
	say(&alpha, "too much\n");
	say(&beta, "shown\n");
	log_info("and");
	say(&owner, "this\n");
	TAP_TEXT(output, "[beta] shown\nhv: and\nthis\n");
	fake_clock.tsc = fake_clock.tsc_hz * 1061;
	output_size = 0;
	say(&alpha, "again\n");
	TAP_TEXT(output, "[alpha] again\n");
	owner.passthrough = NULL;
	say(&owner, "\n");
}

static const struct tap_case cases[] = {
	{"lines stay whole", lines_stay_whole},
	{"long lines are cut into lines", long_lines_are_cut_into_lines},
	{"the terminal takes no orders", the_terminal_takes_no_orders},
	{"the owner of the UART writes raw", the_owner_writes_raw},
	{"levels are kept", levels_are_kept},
	{"input is taken in bounded pieces", input_is_bounded},
	{"input waits for room", input_waits_for_room},
	{"floods are cut beside the management partition",
	 floods_are_cut_beside_the_management_partition},
	{"input goes where output came from", input_goes_where_output_came_from},
	{"the sole writer is not disturbed", the_sole_writer_is_not_disturbed},
};

TAP_MAIN(cases)
