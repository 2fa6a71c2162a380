/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel file under test, and what the tests of its kinds do with it. For one test program. */
#pragma once

#include "kernel_image.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#define FILE_SIZE 0x10000u

static uint8_t file[FILE_SIZE];
static size_t file_size;
static struct kernel_image image;
static const char *why;

static inline enum hv_status parse(void)
{
	uint8_t *copy = malloc(file_size > 0 ? file_size : 1);
	enum hv_status status;

	memcpy(copy, file, file_size);
	status = kernel_image_parse(copy, file_size, &image, &why);
	free(copy);
	return status;
}

static inline void put16(size_t at, uint16_t value)
{
	memcpy(file + at, &value, sizeof(value));
}

static inline void put32(size_t at, uint32_t value)
{
	memcpy(file + at, &value, sizeof(value));
}

static inline void put64(size_t at, uint64_t value)
{
	memcpy(file + at, &value, sizeof(value));
}

static inline void refused(const char *expected)
{
	TAP_EQUAL(parse(), HV_INVALID);
	TAP_TEXT(why, expected);
}
