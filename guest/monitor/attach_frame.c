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
