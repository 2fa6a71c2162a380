/* SPDX-License-Identifier: Apache-2.0 */
/* guest_walk.c: every paging mode over tables in a small RAM, permissions, holes. */
/* Links: arch/x86/guest_walk.c arch/fake/fake_vcpu.c */
#include "arch/upcalls.h"
#include "guest_walk.h"
#include "msr.h"
#include "regs.h"
#include "tap.h"

#include <string.h>

#define PTE_PAT_LARGE BIT(12) /* in a 2 MiB or 1 GiB leaf */

#define RAM_SIZE 0x10000u
#define LEVEL4   0x1000u
#define LEVEL3   0x2000u
#define LEVEL2   0x3000u
#define LEVEL1   0x4000u
#define DATA     0x5000u
#define LINEAR   UINT64_C(0xffffffff80403123) /* entries 511, 510, 2, 3 */

static uint8_t ram[RAM_SIZE];

enum hv_status guest_mem_read(const struct vm_arch *vm, gpa_t from, void *to, size_t size)
{
	(void)vm;
	if (from.value >= RAM_SIZE || size > RAM_SIZE - from.value) {
		return HV_RANGE;
	}
	memcpy(to, ram + from.value, size);
	return HV_OK;
}

enum hv_status guest_mem_write(const struct vm_arch *vm, gpa_t to, const void *from, size_t size)
{
	(void)vm;
	if (to.value >= RAM_SIZE || size > RAM_SIZE - to.value) {
		return HV_RANGE;
	}
	memcpy(ram + to.value, from, size);
	return HV_OK;
}

static void put64(uint64_t table, uint64_t index, uint64_t entry)
{
	memcpy(ram + table + index * 8, &entry, 8);
}

static void put32(uint64_t table, uint64_t index, uint32_t entry)
{
	memcpy(ram + table + index * 4, &entry, 4);
}

static struct guest_walk long_mode(void)
{
	memset(ram, 0, sizeof(ram));
	put64(LEVEL4, 511, LEVEL3 | PTE_P | PTE_W | PTE_U);
	put64(LEVEL3, 510, LEVEL2 | PTE_P | PTE_W | PTE_U);
	put64(LEVEL2, 2, LEVEL1 | PTE_P | PTE_W | PTE_U);
	put64(LEVEL1, 3, DATA | PTE_P | PTE_W | PTE_U);
	return (struct guest_walk){
		.cr0 = CR0_PE | CR0_PG | CR0_WP,
		.cr3 = LEVEL4 | 0x18, /* PWT and PCD are not address */
		.cr4 = CR4_PAE,
		.efer = EFER_LME | EFER_LMA | EFER_NXE,
		.address_bits = 40,
	};
}

static void expect(const struct guest_walk *walk, uint64_t linear, uint32_t access, uint64_t want)
{
	gpa_t address = gpa_from_u64(0);
	uint32_t error_code;

	TAP_EQUAL(guest_walk_translate(walk, linear, access, &address, &error_code), GUEST_WALK_OK);
	TAP_EQUAL(address.value, want);
}

static void expect_fault(const struct guest_walk *walk, uint64_t linear, uint32_t access,
			 uint32_t want)
{
	gpa_t address;
	uint32_t error_code = ~0u;

	TAP_EQUAL(guest_walk_translate(walk, linear, access, &address, &error_code),
		  GUEST_WALK_FAULT);
	TAP_EQUAL(error_code, want);
}

static void test_long(void)
{
	struct guest_walk walk = long_mode();
	gpa_t address;
	uint32_t error_code;

	expect(&walk, LINEAR, GUEST_WALK_READ, DATA | 0x123);
	put64(LEVEL2, 2, 0x40000000 | PTE_P | PTE_W | PTE_PS);
	expect(&walk, LINEAR, GUEST_WALK_WRITE, 0x40003123);
	put64(LEVEL3, 510, UINT64_C(0x8040000000) | PTE_P | PTE_PS | PTE_PAT_LARGE);
	expect(&walk, LINEAR, GUEST_WALK_READ, UINT64_C(0x8040403123));
	put64(LEVEL3, 510, 0);
	expect_fault(&walk, LINEAR, GUEST_WALK_READ, 0);
	expect_fault(&walk, LINEAR, GUEST_WALK_WRITE, PF_ERROR_W);
	expect_fault(&walk, LINEAR, GUEST_WALK_FETCH, PF_ERROR_I);
	put64(LEVEL3, 510, 0x20000 | PTE_P);
	TAP_EQUAL(guest_walk_translate(&walk, LINEAR, GUEST_WALK_READ, &address, &error_code),
		  GUEST_WALK_HOLE);
}

static void test_reserved(void)
{
	const uint32_t reserved = PF_ERROR_P | PF_ERROR_RSVD;
	struct guest_walk walk = long_mode();

	put64(LEVEL1, 3, DATA | PTE_P | BIT(40)); /* above MAXPHYADDR */
	expect_fault(&walk, LINEAR, GUEST_WALK_READ, reserved);
	put64(LEVEL1, 3, DATA | PTE_P | BIT(52)); /* ignored */
	expect(&walk, LINEAR, GUEST_WALK_READ, DATA | 0x123);
	put64(LEVEL1, 3, DATA | PTE_P | PTE_NX);
	expect(&walk, LINEAR, GUEST_WALK_READ, DATA | 0x123);
	walk.efer &= ~EFER_NXE;
	expect_fault(&walk, LINEAR, GUEST_WALK_READ, reserved);
	put64(LEVEL2, 2, 0x40002000 | PTE_P | PTE_PS); /* 2 MiB page, bit 13 */
	expect_fault(&walk, LINEAR, GUEST_WALK_READ, reserved);
	put64(LEVEL4, 511, LEVEL3 | PTE_P | PTE_PS);
	expect_fault(&walk, LINEAR, GUEST_WALK_READ, reserved);
}

/* One row of SDM 3A, "Determination of Access Rights": the pages below are RW/RO and U/S. */
static void test_rights(void)
{
	struct guest_walk walk = long_mode();

	put64(LEVEL1, 3, DATA | PTE_P | PTE_U); /* user, read-only */
	expect_fault(&walk, LINEAR, GUEST_WALK_WRITE, PF_ERROR_P | PF_ERROR_W);
	walk.cr0 &= ~CR0_WP;
	expect(&walk, LINEAR, GUEST_WALK_WRITE, DATA | 0x123);
	walk.cpl = 3;
	expect_fault(&walk, LINEAR, GUEST_WALK_WRITE, PF_ERROR_P | PF_ERROR_W | PF_ERROR_U);
	expect(&walk, LINEAR, GUEST_WALK_FETCH, DATA | 0x123);
	put64(LEVEL3, 510, LEVEL2 | PTE_P | PTE_W); /* supervisor at an upper level */
	expect_fault(&walk, LINEAR, GUEST_WALK_READ, PF_ERROR_P | PF_ERROR_U);
	put64(LEVEL3, 510, LEVEL2 | PTE_P | PTE_W | PTE_U | PTE_NX);
	expect_fault(&walk, LINEAR, GUEST_WALK_FETCH, PF_ERROR_P | PF_ERROR_U | PF_ERROR_I);
	put64(LEVEL3, 510, LEVEL2 | PTE_P | PTE_W | PTE_U);
	walk.cpl = 0;
	walk.cr4 |= CR4_SMEP | CR4_SMAP;
	expect_fault(&walk, LINEAR, GUEST_WALK_FETCH, PF_ERROR_P | PF_ERROR_I);
	expect_fault(&walk, LINEAR, GUEST_WALK_READ, PF_ERROR_P);
	walk.rflags = RFLAGS_AC;
	expect(&walk, LINEAR, GUEST_WALK_READ, DATA | 0x123);
}

static void test_pae(void)
{
	struct guest_walk walk = long_mode();

	walk.efer = 0;
	walk.cr3 = 0x1020; /* 32-byte aligned */
	put64(0x1020, 2, LEVEL2 | PTE_P);
	/* 0x80403123: pointer 2, directory 2, table 3; the upper half of a linear address is not
	 * there. */
	expect(&walk, LINEAR, GUEST_WALK_READ, DATA | 0x123);
	put64(LEVEL2, 2, 0x600000 | PTE_P | PTE_PS);
	expect(&walk, UINT64_C(0x80403123), GUEST_WALK_READ, 0x603123);
	expect_fault(&walk, 0x80603123, GUEST_WALK_FETCH, 0); /* no I bit without NXE */
	put64(0x1020, 2, 0);
	expect_fault(&walk, 0x80403123, GUEST_WALK_WRITE, PF_ERROR_W);
}

static void test_32(void)
{
	struct guest_walk walk = {
		.cr0 = CR0_PE | CR0_PG,
		.cr3 = LEVEL4,
		.cr4 = CR4_PSE,
		.address_bits = 36,
	};

	memset(ram, 0, sizeof(ram));
	put32(LEVEL4, 0x201, LEVEL1 | PTE_P | PTE_U | PTE_W);
	put32(LEVEL1, 3, DATA | PTE_P);
	expect(&walk, 0x80403123, GUEST_WALK_WRITE, DATA | 0x123); /* WP = 0 */
	walk.cpl = 3;
	expect_fault(&walk, 0x80403123, GUEST_WALK_READ, PF_ERROR_P | PF_ERROR_U);
	walk.cpl = 0;
	put32(LEVEL4, 0x201,
	      0x00c00000 | 3u << 13 | (uint32_t)(PTE_P | PTE_PS)); /* PSE-36: + 12 GiB */
	expect(&walk, 0x80403123, GUEST_WALK_READ, UINT64_C(0x300c03123));
	put32(LEVEL4, 0x202, 0);
	expect_fault(&walk, 0x80803123, GUEST_WALK_READ, 0);
	walk.cr0 = CR0_PE;
	expect(&walk, UINT64_C(0x100004321), GUEST_WALK_WRITE, 0x4321);
}

static void test_copy(void)
{
	struct guest_walk walk = long_mode();
	uint64_t linear = LINEAR - 0x123 + 0xffe; /* the last two bytes of the page */
	uint64_t at = linear;
	uint32_t error_code;
	uint8_t bytes[4] = {1, 2, 3, 4};
	uint8_t back[4] = {0};

	/* The next page is missing: nothing is written, the fault names that page. */
	TAP_EQUAL(guest_walk_copy(&walk, &at, GUEST_WALK_WRITE, bytes, 4, &error_code),
		  GUEST_WALK_FAULT);
	TAP_EQUAL(at, linear + 2);
	TAP_EQUAL(error_code, PF_ERROR_W);
	TAP_EQUAL(ram[DATA + 0xffe], 0);
	at = linear;
	TAP_EQUAL(guest_walk_copy(&walk, &at, GUEST_WALK_READ, back, 4, &error_code),
		  GUEST_WALK_FAULT);
	TAP_EQUAL(at, linear + 2);
	put64(LEVEL1, 4, 0x8000 | PTE_P | PTE_W);
	at = linear;
	TAP_EQUAL(guest_walk_copy(&walk, &at, GUEST_WALK_WRITE, bytes, 4, &error_code),
		  GUEST_WALK_OK);
	TAP_EQUAL(ram[DATA + 0xfff], 2);
	TAP_EQUAL(ram[0x8000], 3);
	at = linear;
	TAP_EQUAL(guest_walk_copy(&walk, &at, GUEST_WALK_READ, back, 4, &error_code),
		  GUEST_WALK_OK);
	TAP_EQUAL(memcmp(bytes, back, 4), 0);
	put64(LEVEL1, 4, 0x90000 | PTE_P | PTE_W); /* no RAM there */
	at = linear;
	TAP_EQUAL(guest_walk_copy(&walk, &at, GUEST_WALK_READ, back, 4, &error_code),
		  GUEST_WALK_HOLE);
}

static const struct tap_case cases[] = {
	{"four levels, 4 KiB, 2 MiB, 1 GiB", test_long},
	{"reserved bits", test_reserved},
	{"permissions", test_rights},
	{"PAE", test_pae},
	{"32-bit and no paging", test_32},
	{"copies across a page boundary", test_copy},
};
TAP_MAIN(cases)
