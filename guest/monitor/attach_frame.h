/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of an attached stream without tty (Docker Engine API, "Attach to a container", "Stream
 * format"): one byte of stream, three of zero, four of length, the most significant first.
 */
#pragma once

#include <stdint.h>

#define ATTACH_FRAME_SIZE 8

enum attach_stream { ATTACH_STDIN = 0, ATTACH_STDOUT = 1, ATTACH_STDERR = 2 };

void attach_frame_header(enum attach_stream stream, uint32_t length,
			 unsigned char out[ATTACH_FRAME_SIZE]);
