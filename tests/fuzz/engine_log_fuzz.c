/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz entry of the reader of container logs: the input is a log file, the first byte how many
 * entries of its end are asked for. */
/* Links: guest/engine/log_reader.c guest/engine/moment.c guest/common/timestamp.c guest/common/text.c guest/common/json.c */
/* Libraries: -ljson-c */
#include "fuzz.h"

#include "log_reader.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];

static void remove_file(void)
{
	unlink(path);
}

static void make_file(const uint8_t *data, size_t size)
{
	if (!*path) {
		snprintf(path, sizeof(path), "/dev/shm/engine_log_fuzz.%d", (int)getpid());
		atexit(remove_file);
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

static size_t count_entries(int64_t tail)
{
	struct log_reader *reader = log_reader_open(path, tail);
	struct log_entry entry;
	size_t count = 0;
	size_t sum = 0;

	while (log_reader_next(reader, &entry)) {
		for (size_t i = 0; i < entry.length; i++) {
			sum += (unsigned char)entry.bytes[i];
		}
		count++;
	}
	FUZZ_CHECK(sum < SIZE_MAX);
	log_reader_close(reader);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t tail = size ? data[0] % 8 : 0;

	make_file(data, size);
	size_t all = count_entries(-1);
	size_t last = count_entries(tail);
	FUZZ_CHECK(last <= all && last <= (size_t)tail);
	return 0;
}
