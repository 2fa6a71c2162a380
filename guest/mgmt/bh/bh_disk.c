/* SPDX-License-Identifier: Apache-2.0 */
/* bh disk serve: a file is the disk of a partition. */
#include "bh_partition.h"
#include "bh_words.h"
#include "bh_signal.h"

#include "bits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR_SIZE 512u
#define SIZE_TEXT   40u

/* The device has no interrupt: a word of its window is looked at, without any exit, the less often
 * the longer nothing has come. Seconds. */
#define SPIN       0.0001
#define SLEEP_MIN  0.00002
#define SLEEP_MAX  0.004
#define SLEEP_PART 8   /* of the time since the last request */
#define LOOK_EVERY 1.0 /* whether the partition is still there */

struct server {
	struct bh *bh;
	struct bh_partition partition;
	const char *path;
	int file;
	int lock;
	bool is_read_only;
	int error; /* the last that was said */
	uint64_t requests;
	uint64_t read; /* bytes */
	uint64_t written;
	uint64_t flushes;
	struct {
		struct manage_disk_request request;
		uint8_t data[MANAGE_DISK_PIECE];
	} taken;
	struct {
		struct manage_disk_done done;
		uint8_t data[MANAGE_DISK_PIECE];
	} sent;
};

static const int noted[] = {SIGTERM, SIGINT, SIGHUP};

static uint64_t kick_of(const struct server *server)
{
	return *(volatile uint64_t *)&server->bh->device.window->disk_kicks[server->partition.id];
}

static uint32_t take(struct server *server, uint32_t offset)
{
	struct bh_call call = {.opcode = MANAGE_DISK_TAKE,
			       .id = server->partition.id,
			       .argument = offset,
			       .receive = &server->taken,
			       .receive_size = sizeof(server->taken)};

	return bh_call(&server->bh->device, &call);
}

static uint32_t done(struct server *server, uint32_t status, uint32_t offset, uint32_t size)
{
	struct bh_call call = {.opcode = MANAGE_DISK_DONE,
			       .id = server->partition.id,
			       .send = &server->sent,
			       .send_size = (uint32_t)sizeof(server->sent.done) + size};

	server->sent.done.token = server->taken.request.token;
	server->sent.done.offset = offset;
	server->sent.done.status = status;
	return bh_call(&server->bh->device, &call);
}

/* The guest is told of an I/O error; the reason is said here, once. */
static uint32_t fail(struct server *server, const char *what)
{
	if (server->error != errno) {
		server->error = errno;
		bh_fail(server->bh, BH_FAILED, "partition %s: cannot %s %s: %s (said once)",
			server->partition.is.config.name, what, server->path, strerror(errno));
	}
	return done(server, MANAGE_DISK_ERROR, 0, 0);
}

static bool read_all(const struct server *server, uint8_t *to, uint32_t size, uint64_t at)
{
	while (size > 0) {
		ssize_t piece = pread(server->file, to, size, (off_t)at);

		if (piece <= 0) {
			errno = piece == 0 ? ENXIO : errno; /* it has become shorter */
			return false;
		}
		to += piece;
		at += (uint64_t)piece;
		size -= (uint32_t)piece;
	}
	return true;
}

static bool write_all(const struct server *server, const uint8_t *from, uint32_t size, uint64_t at)
{
	while (size > 0) {
		ssize_t piece = pwrite(server->file, from, size, (off_t)at);

		if (piece <= 0) {
			errno = piece == 0 ? ENOSPC : errno;
			return false;
		}
		from += piece;
		at += (uint64_t)piece;
		size -= (uint32_t)piece;
	}
	return true;
}

/* Each returns enum manage_status; MANAGE_BUSY: nobody waits for the request any more. */
static uint32_t do_read(struct server *server)
{
	const struct manage_disk_request *request = &server->taken.request;
	uint32_t status = MANAGE_OK;
	uint32_t offset = 0;

	do {
		uint32_t left = request->size - offset;
		uint32_t size = left < MANAGE_DISK_PIECE ? left : MANAGE_DISK_PIECE;

		if (!read_all(server, server->sent.data, size,
			      request->sector * SECTOR_SIZE + offset)) {
			return fail(server, "read");
		}
		status =
			done(server, size < left ? MANAGE_DISK_MORE : MANAGE_DISK_OK, offset, size);
		offset += size;
	} while (status == MANAGE_OK && offset < request->size);
	server->read += offset;
	return status;
}

static uint32_t do_write(struct server *server)
{
	const struct manage_disk_request request = server->taken.request;
	uint32_t status = MANAGE_OK;
	uint32_t offset = 0;

	if (server->is_read_only) {
		errno = EROFS;
		return fail(server, "write");
	}
	while (status == MANAGE_OK && offset < request.size) {
		uint32_t left = request.size - offset;
		uint32_t size = left < MANAGE_DISK_PIECE ? left : MANAGE_DISK_PIECE;

		if (!write_all(server, server->taken.data, size,
			       request.sector * SECTOR_SIZE + offset)) {
			return fail(server, "write");
		}
		offset += size;
		if (offset < request.size) {
			status = take(server, offset);
			if (server->taken.request.token != request.token) {
				return MANAGE_BUSY;
			}
		}
	}
	server->written += offset;
	return status == MANAGE_OK ? done(server, MANAGE_DISK_OK, 0, 0) : status;
}

static uint32_t do_flush(struct server *server)
{
	server->flushes++;
	return fdatasync(server->file) == 0 ? done(server, MANAGE_DISK_OK, 0, 0)
					    : fail(server, "flush");
}

static uint32_t do_request(struct server *server)
{
	server->requests++;
	switch (server->taken.request.type) {
	case MANAGE_DISK_READ:
		return do_read(server);
	case MANAGE_DISK_WRITE:
		return do_write(server);
	case MANAGE_DISK_FLUSH:
		return do_flush(server);
	default: /* of a later hypervisor */
		return done(server, MANAGE_DISK_ERROR, 0, 0);
	}
}

/* Until the partition has told of requests, or it is time to look after it. */
static void wait_kick(const struct server *server, uint64_t kick, double last)
{
	double start = bh_seconds();
	double now = start;

	while (signal_ended == 0 && kick_of(server) == kick && now - start < LOOK_EVERY) {
		double pause = (now - last) / SLEEP_PART;

		if (now - last > SPIN) {
			bh_sleep(pause < SLEEP_MIN   ? SLEEP_MIN
				 : pause > SLEEP_MAX ? SLEEP_MAX
						     : pause);
		}
		now = bh_seconds();
	}
}

static int serve(struct server *server)
{
	const char *name = server->partition.is.config.name;
	double last = bh_seconds();

	while (signal_ended == 0) {
		uint64_t kick = kick_of(server);
		uint32_t status = take(server, 0);

		if (status == MANAGE_NO_PARTITION ||
		    (status == MANAGE_OK &&
		     strncmp(server->taken.request.name, name, CONFIG_NAME_MAX) != 0)) {
			return bh_fail(server->bh, BH_NO_PARTITION,
				       "partition %s: it is gone, and its disk with it; %s is "
				       "complete",
				       name, server->path);
		}
		if (status == MANAGE_OK && server->taken.request.token != 0) {
			status = do_request(server);
			last = bh_seconds();
		} else if (status == MANAGE_OK) {
			wait_kick(server, kick, last);
		}
		if (status != MANAGE_OK && status != MANAGE_BUSY) {
			return bh_refused(server->bh, "serve the disk of", name, status);
		}
	}
	return BH_OK;
}

/* One server for a disk. */
static int lock_disk(struct server *server)
{
	const char *name = server->partition.is.config.name;
	char path[512];

	(void)mkdir(server->bh->folder, 0700);
	snprintf(path, sizeof(path), "%s/%s.disk", server->bh->folder, name);
	server->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (server->lock < 0) {
		return bh_fail(server->bh, BH_FAILED, "cannot write %s: %s; make room there", path,
			       strerror(errno));
	}
	if (flock(server->lock, LOCK_EX | LOCK_NB) != 0) {
		return bh_fail(server->bh, BH_FAILED,
			       "partition %s: its disk is being served already; end that `bh disk "
			       "serve` first",
			       name);
	}
	return BH_OK;
}

static int open_file(struct server *server, uint64_t wanted)
{
	struct bh *bh = server->bh;
	int flags = server->is_read_only ? O_RDONLY : O_RDWR;
	char size[SIZE_TEXT];
	off_t end_at;

	flags |= (bh->options.given & OPTION_SYNC) != 0 ? O_DSYNC : 0;
	server->file = open(server->path, flags | O_CLOEXEC);
	if (server->file < 0) {
		return errno == ENOENT
			       ? bh_fail(bh, BH_FAILED,
					 "%s: there is no such file; `truncate -s %" PRIu64
					 "M %s` makes an empty one",
					 server->path, wanted >> 20, server->path)
			       : bh_fail(bh, BH_FAILED, "cannot open %s: %s; give another file",
					 server->path, strerror(errno));
	}
	end_at = lseek(server->file, 0, SEEK_END);
	if (end_at < 0 || (uint64_t)end_at < wanted) {
		return bh_fail(bh, BH_FAILED,
			       "%s is shorter than the disk, %s; `truncate -s %" PRIu64
			       "M %s` makes it longer",
			       server->path, words_size(size, sizeof(size), wanted), wanted >> 20,
			       server->path);
	}
	if (flock(server->file, (server->is_read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
		return bh_fail(bh, BH_FAILED,
			       "%s is another partition's disk; give a file of its own, or "
			       "--read-only to both",
			       server->path);
	}
	return BH_OK;
}

static int start(struct server *server)
{
	struct bh *bh = server->bh;
	const char *name = bh->options.names[1];
	int result = bh_find(bh, name, &server->partition);
	char size[SIZE_TEXT];
	uint64_t wanted;
	uint32_t status;

	if (result != BH_OK) {
		return result;
	}
	if ((server->partition.is.config.devices & CONFIG_DEVICE_SERVED0) == 0) {
		return bh_fail(bh, BH_FAILED,
			       "partition %s has no disk to serve; `devices = block0` and `disk0 = "
			       "served:SIZE` in its configuration give it one",
			       name);
	}
	result = lock_disk(server);
	status = result == BH_OK ? take(server, 0) : MANAGE_OK;
	if (status != MANAGE_OK) {
		return bh_refused(bh, "serve the disk of", name, status);
	}
	wanted = server->taken.request.sectors * SECTOR_SIZE;
	result = result == BH_OK ? open_file(server, wanted) : result;
	if (result == BH_OK) {
		fprintf(bh->out, "%s: disk of %s, in %s%s\n", name,
			words_size(size, sizeof(size), wanted), server->path,
			server->is_read_only ? ", read-only" : "");
		fflush(bh->out);
	}
	return result;
}

int bh_disk(struct bh *bh)
{
	static struct server server;
	int result;

	if (strcmp(bh->options.names[0], "serve") != 0) {
		return bh_fail(bh, BH_USAGE,
			       "disk: no such order `%.40s`; usage: bh disk serve "
			       "NAME FILE",
			       bh->options.names[0]);
	}
	server = (struct server){.bh = bh,
				 .path = bh->options.names[2],
				 .file = -1,
				 .lock = -1,
				 .is_read_only = (bh->options.given & OPTION_READ_ONLY) != 0};
	signal_note(noted, ARRAY_COUNT(noted), NULL);
	(void)prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul); /* nanoseconds */
	result = start(&server);
	if (result == BH_OK) {
		result = serve(&server);
		if ((bh->options.given & OPTION_VERBOSE) != 0) {
			fprintf(bh->out,
				"%s: %" PRIu64 " requests: %" PRIu64 " KiB read, %" PRIu64
				" KiB written, %" PRIu64 " flushes\n",
				bh->options.names[1], server.requests, server.read >> 10,
				server.written >> 10, server.flushes);
		}
		if (!server.is_read_only && fsync(server.file) != 0 && errno != EINVAL) {
			result = bh_fail(bh, BH_FAILED, "cannot flush %s: %s", server.path,
					 strerror(errno));
		}
	}
	if (server.file >= 0) {
		close(server.file);
	}
	if (server.lock >= 0) {
		close(server.lock);
	}
	return result;
}
