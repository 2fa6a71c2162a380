/* SPDX-License-Identifier: Apache-2.0 */
/* Port I/O: sizes, string forms, faults inside them, ports that nobody owns. */
#include "console.h"
#include "cpu.h"
#include "paging.h"
#include "report.h"
#include "str.h"
#include "tests.h"
#include "trap.h"

#include <stddef.h>

#define SCRATCH      (UART_PORT + UART_SCR)
#define PORT_UNOWNED 0x1234u
#define BUFFER_SIZE  8192u
#define PAGE         4096u

static const uint16_t unowned[] = {0x0220, 0x0300, 0x02e8, 0x1234, 0x5000, 0xfffc};
static uint8_t buffer[BUFFER_SIZE] __attribute__((aligned(4096)));

static void check_unowned(void)
{
	uint32_t wrong_count = 0;

	for (size_t i = 0; i < sizeof(unowned) / sizeof(unowned[0]); i++) {
		cpu_outb(unowned[i], 0x5a);
		cpu_outw(unowned[i], 0x5a5a);
		cpu_outl(unowned[i], 0x5a5a5a5a);
		wrong_count += cpu_inb(unowned[i]) != UINT8_MAX;
		wrong_count += cpu_inw(unowned[i]) != UINT16_MAX;
		wrong_count += cpu_inl(unowned[i]) != UINT32_MAX;
	}
	report_equal("unowned-ones", wrong_count, 0);
}

/* IN changes AL or AX only; IN EAX clears the upper half (SDM 2A, "IN"). */
static void check_widths(void)
{
	uint64_t a = UINT64_C(0x1122334455667788);
	uint64_t b = a;
	uint64_t c = a;

	__asm__ volatile("inb %w1, %b0" : "+a"(a) : "d"(PORT_UNOWNED));
	__asm__ volatile("inw %w1, %w0" : "+a"(b) : "d"(PORT_UNOWNED));
	__asm__ volatile("inl %w1, %k0" : "+a"(c) : "d"(PORT_UNOWNED));
	report_equal("in-al", a, UINT64_C(0x11223344556677ff));
	report_equal("in-ax", b, UINT64_C(0x112233445566ffff));
	report_equal("in-eax", c, UINT32_MAX);
}

static void check_immediate(void)
{
	uint8_t value;

	__asm__ volatile("outb %%al, $0xee; inb $0xee, %%al" : "=a"(value) : "a"(1));
	report_equal("immediate-port", value, UINT8_MAX);
}

static void check_scratch(void)
{
	uint32_t wrong_count = 0;

	for (uint32_t value = 0; value < 256; value++) {
		cpu_outb(SCRATCH, (uint8_t)value);
		wrong_count += cpu_inb(SCRATCH) != value;
	}
	report_equal("scratch", wrong_count, 0);
}

struct string_result {
	uint64_t pointer;
	uint64_t count;
};

#define STRING_IN(name, instruction)                                                               \
	static struct string_result name(void *to, uint64_t count, uint16_t port)                  \
	{                                                                                          \
		struct string_result r = {(uintptr_t)to, count};                                   \
		__asm__ volatile(instruction                                                       \
				 : "+D"(r.pointer), "+c"(r.count)                                  \
				 : "d"(port)                                                       \
				 : "memory");                                                      \
		return r;                                                                          \
	}

#define STRING_OUT(name, instruction)                                                              \
	static struct string_result name(const void *from, uint64_t count, uint16_t port)          \
	{                                                                                          \
		struct string_result r = {(uintptr_t)from, count};                                 \
		__asm__ volatile(instruction                                                       \
				 : "+S"(r.pointer), "+c"(r.count)                                  \
				 : "d"(port)                                                       \
				 : "memory");                                                      \
		return r;                                                                          \
	}

STRING_IN(rep_insb, "rep insb")
STRING_IN(rep_insw, "rep insw")
STRING_IN(rep_insl, "rep insl")
STRING_IN(rep_insb_down, "std; rep insb; cld")
STRING_IN(rep_insb_32, "addr32 rep insb")
STRING_IN(insb_once, "insb")
STRING_OUT(rep_outsb, "rep outsb")
STRING_OUT(rep_outsw, "rep outsw")
STRING_OUT(rep_outsl, "rep outsl")
STRING_OUT(rep_outsb_down, "std; rep outsb; cld")
STRING_OUT(outsb_once, "outsb")
STRING_OUT(rep_outsb_fs, "fs rep outsb")

static bool is_filled(const uint8_t *bytes, uint32_t count, uint8_t value)
{
	for (uint32_t i = 0; i < count; i++) {
		if (bytes[i] != value) {
			return false;
		}
	}
	return true;
}

/* `bytes` of ones from `to` on, zeros round them, pointer and count as they should be. */
static void check_in(const char *check, struct string_result r, const uint8_t *to, uint32_t bytes,
		     uint64_t pointer)
{
	bool is_right = is_filled(to, bytes, 0xff) && to[-1] == 0 && to[bytes] == 0;

	if (!is_right || r.count != 0 || r.pointer != pointer) {
		report_fail(check, "data %d, pointer 0x%llx, count 0x%llx", is_right,
			    (unsigned long long)r.pointer, (unsigned long long)r.count);
	} else {
		report_true(check, true);
	}
	memset(buffer, 0, sizeof(buffer));
}

static void check_ins(void)
{
	uint8_t *to = buffer + PAGE - 10; /* crosses a page */
	uint64_t end = (uintptr_t)to;

	memset(buffer, 0, sizeof(buffer));
	check_in("rep-insb", rep_insb(to, 23, PORT_UNOWNED), to, 23, end + 23);
	check_in("rep-insw", rep_insw(to + 1, 13, PORT_UNOWNED), to + 1, 26, end + 27);
	check_in("rep-insl", rep_insl(to + 3, 7, PORT_UNOWNED), to + 3, 28, end + 31);
	check_in("rep-insb-down", rep_insb_down(to + 22, 23, PORT_UNOWNED), to, 23, end - 1);
	check_in("rep-insb-long", rep_insb(buffer + 1, 5000, PORT_UNOWNED), buffer + 1, 5000,
		 (uintptr_t)buffer + 5001);
	check_in("rep-insb-none", rep_insb(to, 0, PORT_UNOWNED), to, 0, end);
	/* ECX counts and EDI points; the upper halves of both registers are cleared. */
	check_in("rep-insb-address-32", rep_insb_32(to, UINT64_C(0x700000005), PORT_UNOWNED), to, 5,
		 end + 5);
	cpu_outb(SCRATCH, 0xa7);
	insb_once(to, 1, SCRATCH);
	report_true("insb", to[0] == 0xa7 && to[1] == 0);
}

static void check_outs(void)
{
	uint8_t *from = buffer + PAGE - 3;
	uint64_t fs_base = cpu_rdmsr(MSR_FS_BASE);
	struct string_result r;

	for (uint32_t i = 0; i < 8; i++) {
		from[i] = (uint8_t)(0x30 + i);
	}
	r = rep_outsb(from, 6, SCRATCH);
	report_true("rep-outsb",
		    r.count == 0 && r.pointer == (uintptr_t)from + 6 && cpu_inb(SCRATCH) == 0x35);
	r = rep_outsb_down(from + 5, 6, SCRATCH);
	report_true("rep-outsb-down",
		    r.count == 0 && r.pointer == (uintptr_t)from - 1 && cpu_inb(SCRATCH) == 0x30);
	outsb_once(from + 3, 9, SCRATCH);
	report_equal("outsb", cpu_inb(SCRATCH), 0x33);
	r = rep_outsw(from, 3, PORT_UNOWNED);
	report_true("rep-outsw", r.count == 0 && r.pointer == (uintptr_t)from + 6);
	r = rep_outsl(from, 2, PORT_UNOWNED);
	report_true("rep-outsl", r.count == 0 && r.pointer == (uintptr_t)from + 8);
	cpu_wrmsr(MSR_FS_BASE, 4);
	rep_outsb_fs(from, 2, SCRATCH);
	cpu_wrmsr(MSR_FS_BASE, fs_base);
	report_equal("rep-outsb-segment", cpu_inb(SCRATCH), 0x35);
}

/* The second page is not there: what fits is done, then #PF, registers in between. */
static uint64_t fault_count;
static uint64_t fault_pointer;
static uint64_t fault_cr2;

static void on_page_fault(struct trap_frame *frame)
{
	fault_count = frame->rcx;
	fault_pointer = frame->rdi;
	fault_cr2 = cpu_read_cr2();
	paging_set_present(buffer + PAGE, true);
}

static void check_fault(void)
{
	uint8_t *to = buffer + PAGE - 6;
	struct string_result r;

	memset(buffer, 0, sizeof(buffer));
	fault_count = 0;
	paging_split(buffer);
	paging_set_present(buffer + PAGE, false);
	trap_set_handler(TRAP_PF, on_page_fault);
	r = rep_insb(to, 11, PORT_UNOWNED);
	trap_set_handler(TRAP_PF, NULL);
	report_equal("fault-count", fault_count, 5);
	report_equal("fault-pointer", fault_pointer, (uintptr_t)buffer + PAGE);
	report_equal("fault-cr2", fault_cr2, (uintptr_t)buffer + PAGE);
	report_equal("fault-cr2-kept", cpu_read_cr2(), (uintptr_t)buffer + PAGE);
	check_in("fault-resumed", r, to, 11, (uintptr_t)to + 11);
}

static void do_in_user(void *argument)
{
	(void)argument;
	cpu_inb(SCRATCH);
}

void test_port_io(void)
{
	if (report_needs_bulkhead("unowned-ones")) { /* real machines own some of them */
		check_unowned();
	}
	check_widths();
	check_immediate();
	check_scratch();
	check_ins();
	check_outs();
	check_fault();
	report_trap("cpl3", trap_try_user(do_in_user, NULL), TRAP_GP);
}
