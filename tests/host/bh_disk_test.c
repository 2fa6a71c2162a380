/* SPDX-License-Identifier: Apache-2.0 */
/* bh disk serve: what it makes of requests, and of everything that is wrong with a file. */
/* Links: @bh tests/host/bh_bench.c tests/host/manage_bench.c */
#include "bh_bench.h"

#include "hv/guest_mem.h"
#include "hv/vm.h"
#include "manage_bench.h"
#include "tap.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <fcntl.h>
#include <unistd.h>

#define SECTORS           2048u
#define REQUEST_MAX       8u
#define BH(expected, ...) TAP_EQUAL(bench_run(__VA_ARGS__), expected)
#define SAYS(text)        TAP_CHECK(bench_says(bench_out(), text))
#define COMPLAINS(text)   TAP_CHECK(bench_says(bench_errors(), text))

/* A device's side: requests in turn, then the server is told to end. */
static struct {
	struct manage_disk_request requests[REQUEST_MAX];
	uint32_t status[REQUEST_MAX]; /* what came of them */
	uint32_t count;
	uint32_t at;   /* work */
	uint32_t late; /* this one ends by itself when it is taken */
	const char *name;
	uint8_t data[SECTORS * 512];
} device;

static enum manage_status on_disk(const struct vm_arch *caller, gpa_t at,
				  struct manage_command *command)
{
	struct manage_disk_request taken = {.sectors = SECTORS};
	struct manage_disk_done done;
	uint64_t size = 0;

	strcpy(taken.name, device.name);
	if (device.at < device.count) {
		taken.token = device.at + 1;
		taken.type = device.requests[device.at].type;
		taken.sector = device.requests[device.at].sector;
		taken.size = device.requests[device.at].size;
	}
	if (command->opcode == MANAGE_DISK_TAKE) {
		if (taken.token == 0) {
			raise(SIGTERM);
		}
		if (taken.type == MANAGE_DISK_WRITE && taken.token != 0) {
			size = taken.size - command->argument;
			size = size < MANAGE_DISK_PIECE ? size : MANAGE_DISK_PIECE;
		}
		TAP_CHECK(command->data_size >= sizeof(taken) + size);
		TAP_EQUAL(guest_mem_write(caller, at, &taken, sizeof(taken)), HV_OK);
		if (size > 0) {
			TAP_EQUAL(guest_mem_write(caller, gpa_add(at, sizeof(taken)),
						  device.data + taken.sector * 512 +
							  command->argument,
						  size),
				  HV_OK);
		}
		command->data_used = (uint32_t)(sizeof(taken) + size);
		device.at += device.late == device.at + 1;
		return MANAGE_OK;
	}
	TAP_EQUAL(guest_mem_read(caller, at, &done, sizeof(done)), HV_OK);
	if (done.token != taken.token) {
		return MANAGE_BUSY;
	}
	size = command->data_size - sizeof(done);
	TAP_CHECK(size <= MANAGE_DISK_PIECE && done.offset + size <= taken.size);
	if (size > 0) {
		TAP_EQUAL(guest_mem_read(caller, gpa_add(at, sizeof(done)),
					 device.data + taken.sector * 512 + done.offset, size),
			  HV_OK);
	}
	if (done.status != MANAGE_DISK_MORE) {
		device.status[device.at++] = done.status;
	}
	return MANAGE_OK;
}

static const char *image(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", bench_folder(), name);
	return path;
}

/* A partition "web" with a disk, and an image whose bytes tell their place. */
static void begin(void)
{
	static uint8_t bytes[SECTORS * 512];

	bench_start();
	bench_built("guest/hello-pvh.elf", "hello.elf");
	bench_file("lab.conf", "[partition web]\ncpus = 1\nmemory = 16M\nkernel = hello.elf\n"
			       "devices = block0\ndisk0 = served:1M\n"
			       "[partition plain]\ncpus = 2\nmemory = 16M\nkernel = hello.elf\n");
	BH(0, "create -f %s/lab.conf", bench_folder());
	TAP_EQUAL(bench_vm(1)->image.disk_sectors, SECTORS);
	for (uint32_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)(i * 7 + i / 512);
	}
	bench_bytes("disk.img", bytes, sizeof(bytes));
	memset(&device, 0, sizeof(device));
	device.name = "web";
	manage_bench.on_disk = on_disk;
}

static void ask(uint32_t type, uint64_t sector, uint32_t sectors)
{
	device.status[device.count] = 99;
	device.requests[device.count++] =
		(struct manage_disk_request){.type = type, .sector = sector, .size = sectors * 512};
}

static uint8_t byte_of(const char *name, long offset)
{
	FILE *file = fopen(image(name), "r");
	int byte = -1;

	TAP_CHECK(file != NULL);
	if (file != NULL) {
		fseek(file, offset, SEEK_SET);
		byte = fgetc(file);
		fclose(file);
	}
	return (uint8_t)byte;
}

static void reads_and_writes(void)
{
	begin();
	ask(MANAGE_DISK_READ, 3, 2);
	ask(MANAGE_DISK_READ, 500, 700); /* in pieces */
	ask(MANAGE_DISK_WRITE, 100, 300);
	ask(MANAGE_DISK_WRITE, 2047, 1);
	ask(MANAGE_DISK_FLUSH, 0, 0);
	ask(7, 0, 0); /* there is none such */
	memset(device.data + 100 * 512, 0x5a, 300 * 512);
	device.data[400 * 512 - 1] = 0x5b;
	memset(device.data + 2047 * 512, 0x5c, 512);
	BH(0, "disk serve -v web %s", image("disk.img"));
	SAYS("web: disk of 1 MiB, in ");
	SAYS("web: 6 requests: 351 KiB read, 150 KiB written, 1 flushes\n");
	for (uint32_t i = 0; i < 6; i++) {
		TAP_EQUAL(device.status[i], i == 5 ? MANAGE_DISK_ERROR : MANAGE_DISK_OK);
	}
	TAP_EQUAL(device.data[3 * 512], (uint8_t)(3 * 512 * 7 + 3));
	TAP_EQUAL(device.data[5 * 512 - 1], (uint8_t)((5 * 512 - 1) * 7 + 4));
	TAP_EQUAL(device.data[5 * 512], 0);
	for (uint32_t i = 500 * 512; i < 1200 * 512; i++) {
		if (device.data[i] != (uint8_t)(i * 7 + i / 512)) {
			TAP_EQUAL(device.data[i], (uint8_t)(i * 7 + i / 512));
			break;
		}
	}
	TAP_EQUAL(byte_of("disk.img", 100 * 512 - 1), (uint8_t)((100 * 512 - 1) * 7 + 99));
	TAP_EQUAL(byte_of("disk.img", 100 * 512), 0x5a);
	TAP_EQUAL(byte_of("disk.img", 400 * 512 - 1), 0x5b);
	TAP_EQUAL(byte_of("disk.img", 400 * 512), (uint8_t)(400 * 512 * 7 + 400));
	TAP_EQUAL(byte_of("disk.img", 2047 * 512), 0x5c);
}

static void read_only(void)
{
	begin();
	ask(MANAGE_DISK_WRITE, 100, 1);
	ask(MANAGE_DISK_READ, 100, 1);
	BH(0, "disk serve --read-only web %s", image("disk.img"));
	SAYS(", read-only\n");
	COMPLAINS("bh: partition web: cannot write ");
	TAP_EQUAL(device.status[0], MANAGE_DISK_ERROR);
	TAP_EQUAL(device.status[1], MANAGE_DISK_OK);
	TAP_EQUAL(byte_of("disk.img", 100 * 512), (uint8_t)(100 * 512 * 7 + 100));
}

/* The partition resets its device while the server is at work. */
static void late_answers_end_nothing(void)
{
	begin();
	ask(MANAGE_DISK_READ, 0, 1);
	ask(MANAGE_DISK_READ, 1, 1);
	ask(MANAGE_DISK_WRITE, 0, 300);
	device.late = 1;
	BH(0, "disk serve web %s", image("disk.img"));
	TAP_EQUAL(device.status[0], 99);
	TAP_EQUAL(device.status[1], MANAGE_DISK_OK);
	TAP_EQUAL(device.status[2], MANAGE_DISK_OK);
	begin();
	ask(MANAGE_DISK_WRITE, 0, 300);
	ask(MANAGE_DISK_FLUSH, 0, 0);
	device.late = 1;
	BH(0, "disk serve web %s", image("disk.img"));
	TAP_EQUAL(device.status[0], 99);
	TAP_EQUAL(device.status[1], MANAGE_DISK_OK);
}

static void files_that_do_not_fit(void)
{
	int other;

	begin();
	BH(1, "disk serve web %s", image("none.img"));
	COMPLAINS("there is no such file; `truncate -s 1M ");
	bench_file("short.img", "short");
	BH(1, "disk serve web %s", image("short.img"));
	COMPLAINS("short.img is shorter than the disk, 1 MiB; `truncate -s 1M ");
	BH(1, "disk serve web %s", bench_folder());
	COMPLAINS("bh: cannot open ");
	other = open(image("disk.img"), O_RDONLY);
	TAP_EQUAL(flock(other, LOCK_EX), 0);
	BH(1, "disk serve web %s", image("disk.img"));
	COMPLAINS("disk.img is another partition's disk");
	close(other);
	other = open(image("web.disk"), O_RDONLY);
	TAP_EQUAL(flock(other, LOCK_EX), 0);
	BH(1, "disk serve web %s", image("disk.img"));
	COMPLAINS("partition web: its disk is being served already");
	close(other);
	BH(0, "disk serve web %s", image("disk.img")); /* no lock is left */
}

static void partitions_that_do_not_fit(void)
{
	begin();
	BH(1, "disk serve plain %s", image("disk.img"));
	COMPLAINS("partition plain has no disk to serve");
	BH(3, "disk serve nobody %s", image("disk.img"));
	BH(2, "disk");
	BH(2, "disk serve web");
	COMPLAINS("bh: disk: too few arguments; usage: bh disk serve NAME FILE");
	BH(2, "disk be web x");
	COMPLAINS("disk: no such order `be`");
	device.name = "other"; /* of its id, since */
	ask(MANAGE_DISK_WRITE, 0, 1);
	BH(3, "disk serve web %s", image("disk.img"));
	COMPLAINS("partition web: it is gone");
	TAP_EQUAL(device.status[0], 99); /* nothing of another's was taken for its own */
}

/* Of a configuration: what can be made, and what cannot. */
static void disks_at_run_time(void)
{
	bench_start();
	bench_built("guest/hello-pvh.elf", "hello.elf");
	bench_file("ram.conf", "[partition web]\ncpus = 1\nmemory = 16M\nkernel = hello.elf\n"
			       "devices = block0\ndisk0 = some.img\n");
	BH(1, "create -f %s/ram.conf", bench_folder());
	COMPLAINS("`disk0 = served:SIZE` and `bh disk serve` give it one");
	begin();
	BH(0, "inspect web");
	SAYS("devices       block0 (served)\n");
}

static const struct tap_case cases[] = {
	{"reads and writes", reads_and_writes},
	{"read only", read_only},
	{"late answers end nothing", late_answers_end_nothing},
	{"files that do not fit", files_that_do_not_fit},
	{"partitions that do not fit", partitions_that_do_not_fit},
	{"disks at run time", disks_at_run_time},
};

TAP_MAIN(cases)
