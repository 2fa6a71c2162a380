/* SPDX-License-Identifier: Apache-2.0 */
/* symbol.c: an address finds the last symbol at or below it. */
/* Links: hv/symbol.c hv/lib/str.c */
#include "arch/upcalls.h"
#include "boot_abi.h"
#include "tap.h"

extern const uint32_t symbol_count;
extern const uint32_t symbol_limit;
extern const uint32_t symbol_offsets[];
extern const char symbol_names[];

const uint32_t symbol_count = 3;
const uint32_t symbol_limit = 0x2000;
const uint32_t symbol_offsets[] = {0x10, 0x40, 0x100};
const char symbol_names[] = "first\0second\0third\0";

static void test_found(void)
{
	uint64_t offset = 0;

	TAP_TEXT(symbol_find(HV_VIRT_BASE + 0x10, &offset), "first");
	TAP_EQUAL(offset, 0);
	TAP_TEXT(symbol_find(HV_VIRT_BASE + 0x3f, &offset), "first");
	TAP_EQUAL(offset, 0x2f);
	TAP_TEXT(symbol_find(HV_VIRT_BASE + 0x40, &offset), "second");
	TAP_EQUAL(offset, 0);
	TAP_TEXT(symbol_find(HV_VIRT_BASE + 0x1234, &offset), "third");
	TAP_EQUAL(offset, 0x1134);
}

static void test_none(void)
{
	uint64_t offset = 7;

	TAP_CHECK(symbol_find(HV_VIRT_BASE + 0xf, &offset) == NULL);
	TAP_CHECK(symbol_find(HV_VIRT_BASE + 0x2000, &offset) == NULL);
	TAP_CHECK(symbol_find(0x1234, &offset) == NULL);
	TAP_EQUAL(offset, 7);
}

static const struct tap_case cases[] = {
	{"an address finds the symbol it lies in", test_found},
	{"outside the code there is none", test_none},
};
TAP_MAIN(cases)
