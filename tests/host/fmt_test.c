/* SPDX-License-Identifier: Apache-2.0 */
/* fmt.c: the printf subset against the C library's printf. */
/* Links: hv/lib/fmt.c */
#include "fmt.h"
#include "tap.h"

#include <stdio.h>

#define SAME(...)                                                                                  \
	do {                                                                                       \
		char ours[64];                                                                     \
		char theirs[64];                                                                   \
		size_t length = fmt_print(ours, 64, __VA_ARGS__);                                  \
		int expected = snprintf(theirs, 64, __VA_ARGS__);                                  \
		TAP_TEXT(ours, theirs);                                                            \
		TAP_EQUAL(length, expected);                                                       \
	} while (0)

static void test_numbers(void)
{
	SAME("%d %d %u", -5, 7, 4000000000u);
	SAME("%x %x %lx", 0xbeefu, 0xbeefu, 0xfeedfacecafebeeful);
	SAME("%ld %zu %llu", INT64_MIN, (size_t)12, 18446744073709551615ull);
	SAME("[%5d] [%-5d] [%05d]", 42, 42, 42);
	SAME("[%16lx] [%016lx]", 0x1234ul, 0x1234ul);
	SAME("[%*d]", 6, 9);
}

static void test_text(void)
{
	SAME("[%s] [%8s] [%-8s] [%.2s] [%.*s]", "abc", "abc", "abc", "abc", 1, "abc");
	SAME("%s%s%%", "o", "k");
}

static void test_cut(void)
{
	char text[4] = "zzz";

	TAP_EQUAL(fmt_print(text, sizeof(text), "%s", "abcdef"), 3);
	TAP_TEXT(text, "abc");
	TAP_EQUAL(fmt_print(text, 1, "%d", 123), 0);
	TAP_TEXT(text, "");
	TAP_EQUAL(fmt_print(NULL, 0, "%d", 123), 0);
}

static const struct tap_case cases[] = {
	{"numbers as printf writes them", test_numbers},
	{"text as printf writes it", test_text},
	{"long output is cut and terminated", test_cut},
};
TAP_MAIN(cases)
