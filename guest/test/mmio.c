/* SPDX-License-Identifier: Apache-2.0 */
/* Instruction forms on emulated device registers: what the hypervisor's decoder must understand. */
#include "apic.h"
#include "cpu.h"
#include "paging.h"
#include "report.h"
#include "tests.h"

#include <stddef.h>

/* The timer's initial count is 32 bits, readable and writable; its interrupt is masked. */
#define REGISTER (APIC_PAGE + APIC_TIMER_INITIAL)
#define ALIAS                                                                                      \
	UINT64_C(0x60000000) /* virtual; reachable by a 32-bit displacement; also in guest.lds */
#define VALUE 0x12345678u

static volatile uint32_t *const target = (volatile uint32_t *)(uintptr_t)REGISTER;
static volatile uint8_t *const select_register = (volatile uint8_t *)(uintptr_t)IOAPIC_PAGE;

static void check_loads(void)
{
	uint64_t a = UINT64_MAX;
	uint64_t b = UINT64_MAX;
	uint64_t c = UINT64_MAX;

	*target = 0x87654321;
	__asm__ volatile("movl (%1), %k0" : "+r"(a) : "r"(target));
	__asm__ volatile("movl (%1), %%r13d; mov %%r13, %0" : "=r"(b) : "r"(target) : "r13");
	__asm__ volatile("movslq (%1), %0" : "=r"(c) : "r"(target));
	report_equal("load", a, 0x87654321);
	report_equal("load-r13", b, 0x87654321);
	report_equal("load-movsxd", c, UINT64_C(0xffffffff87654321));
}

static void check_stores(void)
{
	uint32_t a;
	uint32_t b;
	uint32_t c;

	__asm__ volatile("movl %1, (%0)" : : "r"(target), "r"(VALUE) : "memory");
	a = *target;
	__asm__ volatile("movl $0x1badcafe, (%0)" : : "r"(target) : "memory");
	b = *target;
	__asm__ volatile("mov %1, %%r10d; movl %%r10d, (%0)"
			 :
			 : "r"(target), "r"(VALUE + 1)
			 : "r10", "memory");
	c = *target;
	report_equal("store", a, VALUE);
	report_equal("store-immediate", b, 0x1badcafe);
	report_equal("store-r10", c, VALUE + 1);
}

static void check_addressing(void)
{
	uint64_t base = APIC_PAGE - 0x1000;
	uint64_t index = (APIC_TIMER_INITIAL + 0x1000) / 8;
	uint32_t value = 0;
	uint64_t fs_base = cpu_rdmsr(MSR_FS_BASE);

	__asm__ volatile("movl %2, (%0, %1, 8)" : : "r"(base), "r"(index), "r"(1) : "memory");
	report_equal("base-index", *target, 1);
	__asm__ volatile("movl %2, -0x20(%0, %1, 8)"
			 :
			 : "r"(base), "r"(index + 4), "r"(2)
			 : "memory");
	report_equal("base-index-disp8", *target, 2);
	__asm__ volatile("mov %0, %%r12; mov %1, %%r13; movl %2, 0x400(%%r12, %%r13, 4)"
			 :
			 : "r"(base), "r"((uint64_t)(APIC_TIMER_INITIAL + 0xc00) / 4), "r"(3)
			 : "r12", "r13", "memory");
	report_equal("base-index-disp32", *target, 3);
	__asm__ volatile("mov %1, %%r13; movl %2, %a0(%%r13)"
			 :
			 : "i"(APIC_TIMER_INITIAL), "r"(APIC_PAGE), "r"(4)
			 : "r13", "memory");
	report_equal("base-r13", *target, 4);
	__asm__ volatile("movl %1, %a0(, %2, 2)"
			 :
			 : "i"(0x380), "r"(5), "r"(APIC_PAGE / 2)
			 : "memory");
	report_equal("index-only", *target, 5);
	__asm__ volatile("movl %1, (%k0)" : : "r"(target), "r"(6) : "memory");
	report_equal("address-32", *target, 6);
	cpu_wrmsr(MSR_FS_BASE, APIC_PAGE);
	__asm__ volatile("movl %0, %%fs:0x380" : : "r"(7) : "memory");
	cpu_wrmsr(MSR_FS_BASE, fs_base);
	report_equal("segment-base", *target, 7);
	__asm__ volatile("movabs 0xfee00380, %%eax" : "=a"(value));
	report_equal("moffs-load", value, 7);
	__asm__ volatile("movabs %%eax, 0xfee00380" : : "a"(8) : "memory");
	report_equal("moffs-store", *target, 8);
}

/* The device page at a second virtual address, so that RIP-relative code reaches it. */
static void check_alias(void)
{
	volatile uint64_t *entry = paging_entry((const void *)(uintptr_t)ALIAS);
	uint64_t before = *entry;
	uint32_t value;

	*entry = (before & 0xfff) | APIC_PAGE;
	cpu_invlpg((const void *)(uintptr_t)ALIAS);
	__asm__ volatile("movl %0, mmio_alias_register(%%rip)" : : "r"(VALUE) : "memory");
	__asm__ volatile("movl 0x60000380, %0" : "=r"(value) : : "memory");
	report_equal("alias-absolute", value, VALUE);
	*entry = before;
	cpu_invlpg((const void *)(uintptr_t)ALIAS);
	report_equal("alias-register", *target, VALUE);
}

static void check_narrow(void)
{
	uint64_t a = UINT64_MAX;
	uint64_t b = UINT64_MAX;
	uint64_t c = UINT64_C(0x1111111111111111);
	uint64_t high = 0;

	*(volatile uint32_t *)(uintptr_t)IOAPIC_PAGE = 0x91;
	__asm__ volatile("movzbl (%1), %k0" : "+r"(a) : "r"(select_register));
	__asm__ volatile("movsbq (%1), %0" : "+r"(b) : "r"(select_register));
	__asm__ volatile("movb (%1), %b0" : "+q"(c) : "r"(select_register));
	__asm__ volatile("xor %%eax, %%eax; movb (%1), %%ah; mov %%rax, %0"
			 : "=r"(high)
			 : "r"(select_register)
			 : "rax");
	report_equal("movzx-byte", a, 0x91);
	report_equal("movsx-byte", b, UINT64_C(0xffffffffffffff91));
	report_equal("mov-byte", c, UINT64_C(0x1111111111111191));
	report_equal("mov-high-byte", high, 0x9100);
}

#define MODIFY(name, start, instruction, want)                                                     \
	do {                                                                                       \
		*target = (start);                                                                 \
		__asm__ volatile(instruction                                                       \
				 :                                                                 \
				 : "r"(target), "r"(0x0f0f0f0f)                                    \
				 : "memory", "cc", "eax");                                         \
		report_equal(name, *target, (want));                                               \
	} while (0)

static void check_modify(void)
{
	uint32_t swapped = 0x0a0b0c0d;

	MODIFY("or-register", 0x70000001u, "orl %1, (%0)", 0x7f0f0f0fu);
	MODIFY("or-immediate-8", 0x70000001u, "orl $0x10, (%0)", 0x70000011u);
	MODIFY("or-immediate-32", 0x70000001u, "orl $0x01000010, (%0)", 0x71000011u);
	MODIFY("and-register", 0x7fffffffu, "andl %1, (%0)", 0x0f0f0f0fu);
	MODIFY("and-immediate-8", 0x7fffffffu, "andl $-16, (%0)", 0x7ffffff0u);
	MODIFY("add-register", 0x10000001u, "addl %1, (%0)", 0x1f0f0f10u);
	MODIFY("add-immediate", 0x10000001u, "addl $5, (%0)", 0x10000006u);
	MODIFY("sub-immediate", 0x10000009u, "subl $5, (%0)", 0x10000004u);
	MODIFY("xor-register", 0x7fffffffu, "xorl %1, (%0)", 0x70f0f0f0u);
	MODIFY("lock-or", 0x70000001u, "lock orl %1, (%0)", 0x7f0f0f0fu);
	*target = VALUE;
	__asm__ volatile("xchgl %0, (%1)" : "+r"(swapped) : "r"(target) : "memory");
	report_equal("xchg-register", swapped, VALUE);
	report_equal("xchg-memory", *target, 0x0a0b0c0d);
}

/* Operations that read memory only, with their flags. */
static void check_compare(void)
{
	uint32_t sum = 1;
	uint32_t mask = 0xffff;
	bool is_zero;
	bool is_below;
	bool is_equal;

	*target = 0x00000100;
	__asm__ volatile("testl $0x100, (%1)" : "=@ccz"(is_zero) : "r"(target));
	report_true("test-immediate-set", !is_zero);
	__asm__ volatile("testl %2, (%1)" : "=@ccz"(is_zero) : "r"(target), "r"(0xeff));
	report_true("test-register-clear", is_zero);
	__asm__ volatile("cmpl $0x100, (%1)" : "=@cce"(is_equal) : "r"(target));
	report_true("cmp-immediate-equal", is_equal);
	__asm__ volatile("cmpl %2, (%1)" : "=@ccb"(is_below) : "r"(target), "r"(0x101));
	report_true("cmp-register-below", is_below);
	__asm__ volatile("cmpl (%1), %2" : "=@ccb"(is_below) : "r"(target), "r"(0x101));
	report_true("cmp-memory-above", !is_below);
	__asm__ volatile("addl (%1), %0" : "+r"(sum) : "r"(target) : "cc");
	report_equal("add-from-memory", sum, 0x101);
	__asm__ volatile("andl (%1), %0" : "+r"(mask) : "r"(target) : "cc");
	report_equal("and-from-memory", mask, 0x100);
}

static void check_ioapic(void)
{
	uint32_t pin = 23;

	report_equal("ioapic-pins", ioapic_read(IOAPIC_REG_VERSION) >> 16 & 0xff, 23);
	report_true("ioapic-masked-at-start",
		    (ioapic_read(IOAPIC_REG_ENTRY + 2 * pin) & IOAPIC_MASKED) != 0);
	ioapic_route(pin, 0xa5, IOAPIC_MASKED | 0x77);
	report_equal("ioapic-entry-low", ioapic_read(IOAPIC_REG_ENTRY + 2 * pin),
		     IOAPIC_MASKED | 0x77);
	report_equal("ioapic-entry-high", ioapic_read(IOAPIC_REG_ENTRY + 2 * pin + 1) >> 24, 0xa5);
	ioapic_route(pin, 0, IOAPIC_MASKED);
}

void test_mmio(void)
{
	check_ioapic();
	if (apic_is_x2apic()) {
		report_skip("forms", "the local APIC is in x2APIC mode");
		return;
	}
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	check_loads();
	check_stores();
	check_addressing();
	check_alias();
	if (report_needs_bulkhead("narrow")) { /* Bochs gives up on byte accesses to its own */
		check_narrow();
	}
	check_modify();
	check_compare();
	*target = 0;
}
