/* SPDX-License-Identifier: Apache-2.0 */
#include "attach_logs.h"
#include "attach_frame.h"
#include "log_reader.h"
#include "loop.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK 65536 /* bytes between two looks at other work */

struct attach_logs {
	int fd;
	struct loop_fd *watch;
	struct log_reader *reader;
	bool with_stdout;
	bool with_stderr;
	bool is_raw;
	bool is_read; /* to its end */
	struct text block;
	size_t sent; /* of the block */
	attach_logs_fn done;
	void *context;
};

static void finish(struct attach_logs *logs, bool is_there)
{
	loop_remove_fd(logs->watch);
	if (!is_there) {
		close(logs->fd);
	}
	logs->done(logs->context, is_there ? logs->fd : -1);
	log_reader_close(logs->reader);
	text_free(&logs->block);
	free(logs);
}

static void add_entry(struct attach_logs *logs, const struct log_entry *entry)
{
	unsigned char header[ATTACH_FRAME_SIZE];

	if (entry->is_stderr ? !logs->with_stderr : !logs->with_stdout) {
		return;
	}
	if (!logs->is_raw) {
		attach_frame_header(entry->is_stderr ? ATTACH_STDERR : ATTACH_STDOUT,
				    (uint32_t)entry->length, header);
		text_add(&logs->block, (const char *)header, sizeof(header));
	}
	text_add(&logs->block, entry->bytes, entry->length);
}

static void read_block(struct attach_logs *logs)
{
	struct log_entry entry;
	size_t seen = 0;

	logs->block.length = 0;
	logs->sent = 0;
	while (seen < BLOCK && !logs->is_read) {
		logs->is_read = !log_reader_next(logs->reader, &entry);
		if (!logs->is_read) {
			seen += entry.length + 1;
			add_entry(logs, &entry);
		}
	}
}

static void on_room(void *context, uint32_t events)
{
	struct attach_logs *logs = context;

	(void)events;
	if (logs->sent == logs->block.length) {
		read_block(logs);
	}
	if (logs->sent < logs->block.length) {
		ssize_t count = send(logs->fd, logs->block.data + logs->sent,
				     logs->block.length - logs->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (count < 0 && errno != EAGAIN && errno != EINTR) {
			finish(logs, false);
			return;
		}
		logs->sent += count > 0 ? (size_t)count : 0;
	}
	if (logs->is_read && logs->sent == logs->block.length) {
		finish(logs, true);
	}
}

void attach_logs_send(struct container *container, int fd, const char *flags, attach_logs_fn done,
		      void *context)
{
	struct attach_logs *logs = memory_zeroed(1, sizeof(*logs));
	char *name = text_format("%s-json.log", container->id);
	char *path = container_path(container, name);

	logs->fd = fd;
	logs->reader = log_reader_open(path, -1);
	logs->with_stdout = strchr(flags, 'o') != NULL;
	logs->with_stderr = strchr(flags, 'e') != NULL;
	logs->is_raw = strchr(flags, 'r') != NULL;
	logs->done = done;
	logs->context = context;
	logs->watch = loop_add_fd(fd, EPOLLOUT, on_room, logs);
	free(path);
	free(name);
}
