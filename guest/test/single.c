/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel of one test, TEST_NAME, given by the build. */
#include "test.h"

#include "tests.h"

#include <stddef.h>

#define JOIN(a, b)          a##b
#define TEST_FUNCTION(name) JOIN(test_, name)
#define TEXT(name)          #name
#define TEST_TEXT(name)     TEXT(name)

const struct guest_test guest_tests[] = {
	{TEST_TEXT(TEST_NAME), TEST_FUNCTION(TEST_NAME)},
	{NULL, NULL},
};

const struct guest_test guest_endings[] = {
	{NULL, NULL},
};
