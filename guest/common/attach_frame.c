/* SPDX-License-Identifier: Apache-2.0 */
#include "attach_frame.h"

#include <endian.h>
#include <string.h>

void attach_frame_header(enum attach_stream stream, uint32_t length,
			 unsigned char out[ATTACH_FRAME_SIZE])
{
	uint32_t big_endian = htobe32(length);

	memset(out, 0, ATTACH_FRAME_SIZE);
	out[0] = (unsigned char)stream;
	memcpy(out + 4, &big_endian, sizeof(big_endian));
}

bool attach_frames_read(struct attach_frames *frames, const char *bytes, size_t length,
			bool (*take)(void *context, enum attach_stream stream, const char *bytes,
				     size_t length),
			void *context)
{
	while (length) {
		if (!frames->left) {
			frames->header[frames->header_length++] = (unsigned char)*bytes++;
			length--;
			if (frames->header_length == ATTACH_FRAME_SIZE) {
				uint32_t big_endian;
				memcpy(&big_endian, frames->header + 4, sizeof(big_endian));
				frames->left = be32toh(big_endian);
				frames->header_length = 0;
			}
			continue;
		}
		size_t count = length < frames->left ? length : frames->left;
		if (!take(context, (enum attach_stream)frames->header[0], bytes, count)) {
			return false;
		}
		frames->left -= count;
		bytes += count;
		length -= count;
	}
	return true;
}
