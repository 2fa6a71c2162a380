/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of an attached stream without tty (Docker Engine API, "Attach to a container", "Stream
 * format"): one byte of stream, three of zero, four of length, the most significant first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ATTACH_FRAME_SIZE 8

enum attach_stream { ATTACH_STDIN = 0, ATTACH_STDOUT = 1, ATTACH_STDERR = 2 };

void attach_frame_header(enum attach_stream stream, uint32_t length,
			 unsigned char out[ATTACH_FRAME_SIZE]);

/* A reader of frames, which may be cut anywhere; it begins zeroed. */
struct attach_frames {
	unsigned char header[ATTACH_FRAME_SIZE];
	size_t header_length;
	size_t left; /* of the frame */
};

/* Gives the content to `take` as it comes. False: `take` did not want it. */
bool attach_frames_read(struct attach_frames *frames, const char *bytes, size_t length,
			bool (*take)(void *context, enum attach_stream stream, const char *bytes,
				     size_t length),
			void *context);
