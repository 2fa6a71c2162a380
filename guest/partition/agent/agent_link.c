/* SPDX-License-Identifier: Apache-2.0 */
/* The disk as a stream of batches, and the UART as its bell. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define DISK     "/dev/vda"
#define BELL     "/dev/ttyS0"
#define PATIENCE 5000 /* ms until the disk is there */

static uint8_t incoming[FRAME_BATCH_MAX] __attribute__((aligned(4096)));
static uint8_t outgoing[FRAME_BATCH_MAX] __attribute__((aligned(4096)));
static struct frame_batch batch;
static int disk = -1;
static int bell = -1;

bool agent_link_open(void)
{
	struct termios mode;

	for (int i = 0; i < PATIENCE && (disk = open(DISK, O_RDWR | O_DIRECT | O_CLOEXEC)) < 0;
	     i++) {
		usleep(1000);
	}
	bell = open(BELL, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (disk < 0 || bell < 0) {
		return false;
	}
	if (tcgetattr(bell, &mode) == 0) {
		cfmakeraw(&mode);
		mode.c_oflag |= OPOST | ONLCR; /* the kernel's own lines */
		tcsetattr(bell, TCSANOW, &mode);
	}
	frame_begin(&batch, outgoing);
	return true;
}

int agent_link_bell(void)
{
	return bell;
}

bool agent_link_has_rung(void)
{
	char bytes[64];
	bool has_rung = false;

	while (read(bell, bytes, sizeof(bytes)) > 0) {
		has_rung = true;
	}
	return has_rung;
}

bool agent_link_receive(struct frame_reader *reader)
{
	ssize_t size =
		pread(disk, incoming, sizeof(incoming), (off_t)FRAME_IN_SECTOR * FRAME_SECTOR);

	return size == (ssize_t)sizeof(incoming) && frame_open(reader, incoming, sizeof(incoming));
}

struct frame_batch *agent_link_batch(void)
{
	return &batch;
}

void agent_link_flush(void)
{
	uint32_t size;

	if (!frame_is_empty(&batch)) {
		size = frame_end(&batch, false);
		if (pwrite(disk, outgoing, size, (off_t)FRAME_OUT_SECTOR * FRAME_SECTOR) !=
		    (ssize_t)size) {
			fprintf(stderr, "bh-agent: cannot write %s: %s\n", DISK, strerror(errno));
		}
	}
	frame_begin(&batch, outgoing);
}

void agent_link_send(uint16_t session, enum frame_kind kind, const void *data, uint32_t size)
{
	if (!frame_add(&batch, session, kind, data, size)) {
		agent_link_flush();
		(void)frame_add(&batch, session, kind, data, size);
	}
}
