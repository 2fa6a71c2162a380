/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest_mmio.c against the CPU that runs the test: each instruction is executed on real memory, and
 * emulated on a device that holds the same value; registers, flags and memory must agree.
 */
/* Links: arch/x86/guest_mmio.c arch/x86/guest_fetch.c arch/x86/guest_walk.c arch/x86/guest_io.c arch/x86/guest_alu.c arch/x86/decode.c hv/lib/fmt.c hv/lib/str.c arch/fake/fake_vcpu.c */
#include "arch/upcalls.h"
#include "fake.h"
#include "guest_cpuid.h"
#include "msr.h"
#include "regs.h"
#include "tap.h"
#include "virt_internal.h"

#include <string.h>

#define RAM_SIZE 0x10000u
#define LEVEL4   0x1000u
#define LEVEL3   0x2000u
#define CODE     0x3000u
#define BUFFER   0x4000u
#define DEVICE   UINT64_C(0x80000)
#define FLAGS    (RFLAGS_CF | RFLAGS_PF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

static uint8_t ram[RAM_SIZE];
static struct guest_cpuid cpuid;
static struct vm_arch vm = {.cpuid = &cpuid};
static struct vcpu_arch vcpu;

enum hv_status guest_mem_read(const struct vm_arch *of, gpa_t from, void *to, size_t size)
{
	(void)of;
	if (from.value >= RAM_SIZE || size > RAM_SIZE - from.value) {
		return HV_RANGE;
	}
	memcpy(to, ram + from.value, size);
	return HV_OK;
}

enum hv_status guest_mem_write(const struct vm_arch *of, gpa_t to, const void *from, size_t size)
{
	(void)of;
	if (to.value >= RAM_SIZE || size > RAM_SIZE - to.value) {
		return HV_RANGE;
	}
	memcpy(ram + to.value, from, size);
	return HV_OK;
}

void virt_inject_pf(struct vcpu_arch *target, uint64_t address, uint32_t error_code)
{
	arch_vcpu_set(target, VCPU_CR2, address);
	arch_vcpu_inject(target, EXCEPTION_PF, true, error_code);
}

enum virt_result virt_crash(struct vm_exit *exit, const char *why)
{
	exit->kind = VM_EXIT_CRASH;
	exit->why = why;
	return VIRT_RETURN;
}

/* RDI is the memory operand; RAX, RBX, RCX and RDX are free. */
struct state {
	uint64_t rax, rbx, rcx, rdx, rdi, rflags;
	uint64_t memory[2];
};

/* One native function and the bytes of the same instruction. */
#define INSTRUCTION(id, text)                                                                      \
	extern const uint8_t bytes_##id[], bytes_##id##_end[];                                     \
	__attribute__((noinline)) static void native_##id(struct state *s)                         \
	{                                                                                          \
		s->rdi = (uint64_t)s->memory;                                                      \
		__asm__ volatile("pushq %5\n\tpopfq\n\t" text "\n\tpushfq\n\tpopq %5\n"            \
				 ".pushsection .rodata\nbytes_" #id ":\n\t" text "\nbytes_" #id    \
				 "_end:\n.popsection\n"                                            \
				 : "+a"(s->rax), "+b"(s->rbx), "+c"(s->rcx), "+d"(s->rdx),         \
				   "+D"(s->rdi), "+r"(s->rflags)                                   \
				 :                                                                 \
				 : "memory", "cc");                                                \
		s->rdi -= (uint64_t)s->memory;                                                     \
	}

/* clang-format off */
#define INSTRUCTIONS(X)                                                                           \
	X(i01, "movb %%al, (%%rdi)") X(i02, "movw %%bx, (%%rdi)") X(i03, "movl %%ecx, (%%rdi)")         \
	X(i04, "movq %%rdx, (%%rdi)") X(i05, "movb %%ah, (%%rdi)") X(i06, "movb (%%rdi), %%ch")         \
	X(i07, "movb (%%rdi), %%dl") X(i08, "movw (%%rdi), %%ax") X(i09, "movl (%%rdi), %%ebx")         \
	X(i10, "movq (%%rdi), %%rcx") X(i11, "movl $0x87654321, (%%rdi)")                            \
	X(i12, "movq $-5, (%%rdi)") X(i13, "movb $0x80, (%%rdi)") X(i14, "movzbl (%%rdi), %%eax")     \
	X(i15, "movzwq (%%rdi), %%rbx") X(i16, "movsbw (%%rdi), %%cx") X(i17, "movsbq (%%rdi), %%rdx")  \
	X(i18, "movswl (%%rdi), %%eax") X(i19, "movslq (%%rdi), %%rbx") X(i20, "xchgl %%eax, (%%rdi)")  \
	X(i21, "xchgb %%bh, (%%rdi)") X(i22, "xchgq %%rdx, (%%rdi)") X(i23, "addl %%eax, (%%rdi)")      \
	X(i24, "addq (%%rdi), %%rbx") X(i25, "adcw %%cx, (%%rdi)") X(i26, "sbbb (%%rdi), %%dl")         \
	X(i27, "subl $0x12, (%%rdi)") X(i28, "andl $-16, (%%rdi)") X(i29, "orw $0x8001, (%%rdi)")    \
	X(i30, "xorq %%rax, (%%rdi)") X(i31, "cmpl %%ebx, (%%rdi)") X(i32, "cmpb (%%rdi), %%cl")        \
	X(i33, "testl %%eax, (%%rdi)") X(i34, "testw $0x8000, (%%rdi)") X(i35, "notl (%%rdi)")        \
	X(i36, "negb (%%rdi)") X(i37, "incw (%%rdi)") X(i38, "decq (%%rdi)")                         \
	X(i39, "lock xaddl %%ecx, (%%rdi)") X(i40, "lock cmpxchgl %%ebx, (%%rdi)")                    \
	X(i41, "cmpxchgb %%cl, (%%rdi)") X(i42, "cmpxchgq %%rdx, (%%rdi)") X(i43, "btl $7, (%%rdi)")   \
	X(i44, "lock btsl $31, (%%rdi)") X(i45, "btrq $40, (%%rdi)") X(i46, "btcw $3, (%%rdi)")      \
	X(i47, "andb %%dh, (%%rdi)") X(i48, "orb (%%rdi), %%ah") X(i49, "movntil %%eax, (%%rdi)")       \
	X(i50, "stosl") X(i51, "stosb") X(i52, "stosq")
/* clang-format on */
INSTRUCTIONS(INSTRUCTION)

static const struct {
	void (*native)(struct state *s);
	const uint8_t *bytes;
	const uint8_t *end;
	const char *text;
} instructions[] = {
#define ROW(id, text) {native_##id, bytes_##id, bytes_##id##_end, text},
	INSTRUCTIONS(ROW)};

static void setup(void)
{
	uint64_t entry = LEVEL3 | PTE_P | PTE_W;

	memset(ram, 0, sizeof(ram));
	memcpy(ram + LEVEL4, &entry, 8);
	entry = PTE_P | PTE_W | PTE_PS; /* the first GiB, to itself */
	memcpy(ram + LEVEL3, &entry, 8);
	fake_vcpu_reset_all();
	cpuid.extended[8].eax = 40;
	memset(&vcpu, 0, sizeof(vcpu));
	TAP_EQUAL(arch_vcpu_init(&vcpu, &vm, 0), HV_OK);
	arch_vcpu_set(&vcpu, VCPU_CR0, CR0_PE | CR0_PG);
	arch_vcpu_set(&vcpu, VCPU_CR3, LEVEL4);
	arch_vcpu_set(&vcpu, VCPU_CR4, CR4_PAE);
	arch_vcpu_set(&vcpu, VCPU_EFER, EFER_LME | EFER_LMA);
	arch_vcpu_set(&vcpu, VCPU_CS_ATTRIBUTES, 0xa09b);
}

/* The exit, as the backends report it, and the device's side, as hv does it. */
static bool emulate(const uint8_t *bytes, const uint8_t *end, bool is_write, uint64_t *device)
{
	struct vm_exit exit = {.kind = VM_EXIT_STAGE2};
	uint64_t mask;
	uint64_t value;

	memcpy(ram + CODE, bytes, (size_t)(end - bytes));
	vcpu.rip = CODE;
	exit.stage2 = (struct exit_stage2){.address = gpa_from_u64(DEVICE), .is_write = is_write};
	if (guest_mmio_exit(&vcpu, &exit) != VIRT_RETURN || exit.kind != VM_EXIT_MMIO) {
		return false;
	}
	mask = size_mask(exit.mmio.size);
	value = exit.mmio.kind != MMIO_WRITE ? *device & mask : 0;
	arch_mmio_apply(&vcpu, &exit.mmio, &value);
	if (exit.mmio.kind != MMIO_READ) {
		*device = (*device & ~mask) | (value & mask);
	}
	arch_vcpu_skip(&vcpu);
	return true;
}

static bool is_same(size_t i, const struct state *start)
{
	struct state real = *start;
	struct state mine = *start;

	setup();
	instructions[i].native(&real);
	vcpu.gpr[VCPU_RAX] = mine.rax;
	vcpu.gpr[VCPU_RBX] = mine.rbx;
	vcpu.gpr[VCPU_RCX] = mine.rcx;
	vcpu.gpr[VCPU_RDX] = mine.rdx;
	vcpu.gpr[VCPU_RDI] = DEVICE;
	arch_vcpu_set(&vcpu, VCPU_RFLAGS, mine.rflags);
	return emulate(instructions[i].bytes, instructions[i].end, true, &mine.memory[0]) &&
	       vcpu.rip == CODE + (uint64_t)(instructions[i].end - instructions[i].bytes) &&
	       vcpu.gpr[VCPU_RAX] == real.rax && vcpu.gpr[VCPU_RBX] == real.rbx &&
	       vcpu.gpr[VCPU_RCX] == real.rcx && vcpu.gpr[VCPU_RDX] == real.rdx &&
	       vcpu.gpr[VCPU_RDI] - DEVICE == real.rdi && mine.memory[0] == real.memory[0] &&
	       ((arch_vcpu_get(&vcpu, VCPU_RFLAGS) ^ real.rflags) & FLAGS) == 0;
}

static void test_against_cpu(void)
{
	static const uint64_t values[] = {0, 0x8000000080008080, 0x7fffffff7fff7f7f,
					  0x0123456789abcdef, ~0ull};

	for (size_t i = 0; i < ARRAY_COUNT(instructions); i++) {
		for (size_t j = 0; j < ARRAY_COUNT(values) * ARRAY_COUNT(values); j++) {
			struct state start = {
				.rax = values[j % ARRAY_COUNT(values)],
				.rbx = 0x1122334455667788,
				.rcx = 0x99aabbccddeeff00,
				.rdx = values[(j + 1) % ARRAY_COUNT(values)],
				.rflags = RFLAGS_FIXED | (j & 1),
				.memory = {values[j / ARRAY_COUNT(values)], 0},
			};

			if (!is_same(i, &start)) {
				tap_note("%s differs, input %zu", instructions[i].text, j);
				TAP_CHECK(false);
				break;
			}
		}
	}
}

/* REP: one element an exit, the instruction is left when RCX is 0. */
static void test_repeat(void)
{
	static const uint8_t rep_stosw[] = {0xf3, 0x66, 0xab};
	static const uint8_t rep_movsb[] = {0xf3, 0xa4};
	uint64_t device = 0;

	setup();
	vcpu.gpr[VCPU_RAX] = 0x1234;
	vcpu.gpr[VCPU_RCX] = 2;
	vcpu.gpr[VCPU_RDI] = DEVICE;
	TAP_CHECK(emulate(rep_stosw, rep_stosw + 3, true, &device));
	TAP_EQUAL(vcpu.rip, CODE);
	TAP_CHECK(emulate(rep_stosw, rep_stosw + 3, true, &device));
	TAP_EQUAL(vcpu.rip, CODE + 3);
	TAP_EQUAL(vcpu.gpr[VCPU_RCX], 0);
	TAP_EQUAL(vcpu.gpr[VCPU_RDI], DEVICE + 4);
	TAP_EQUAL(device, 0x1234);
	/* RAM to device, then device to RAM, downwards. */
	ram[BUFFER] = 0x77;
	vcpu.gpr[VCPU_RCX] = 1;
	vcpu.gpr[VCPU_RSI] = BUFFER;
	vcpu.gpr[VCPU_RDI] = DEVICE;
	TAP_CHECK(emulate(rep_movsb, rep_movsb + 2, true, &device));
	TAP_EQUAL(device & 0xff, 0x77);
	device = 0x99;
	arch_vcpu_set(&vcpu, VCPU_RFLAGS, RFLAGS_DF);
	vcpu.gpr[VCPU_RCX] = 2;
	vcpu.gpr[VCPU_RSI] = DEVICE;
	vcpu.gpr[VCPU_RDI] = BUFFER + 1;
	TAP_CHECK(emulate(rep_movsb, rep_movsb + 2, false, &device));
	TAP_EQUAL(ram[BUFFER + 1], 0x99);
	TAP_EQUAL(vcpu.gpr[VCPU_RDI], BUFFER);
	TAP_EQUAL(vcpu.gpr[VCPU_RSI], DEVICE - 1);
	TAP_EQUAL(vcpu.rip, CODE);
}

/* What cannot be answered stops the guest, and says why. */
static void test_crashes(void)
{
	static const uint8_t movaps[] = {0x0f, 0x29, 0x07};
	static const uint8_t movsb[] = {0xa4};
	struct vm_exit exit = {.kind = VM_EXIT_STAGE2, .stage2 = {.is_fetch = true}};

	setup();
	TAP_EQUAL(guest_mmio_exit(&vcpu, &exit), VIRT_RETURN);
	TAP_EQUAL(exit.kind, VM_EXIT_CRASH);
	TAP_TEXT(exit.why, "fetch from a hole");
	exit = (struct vm_exit){.kind = VM_EXIT_STAGE2, .stage2 = {.is_walk = true}};
	TAP_EQUAL(guest_mmio_exit(&vcpu, &exit), VIRT_RETURN);
	TAP_TEXT(exit.why, "page table in a hole");
	memcpy(ram + CODE, movaps, sizeof(movaps));
	vcpu.rip = CODE;
	exit = (struct vm_exit){.kind = VM_EXIT_STAGE2, .stage2 = {.address = {DEVICE}}};
	TAP_EQUAL(guest_mmio_exit(&vcpu, &exit), VIRT_RETURN);
	TAP_EQUAL(exit.kind, VM_EXIT_CRASH);
	memcpy(ram + CODE, movsb, sizeof(movsb));
	vcpu.gpr[VCPU_RSI] = DEVICE;
	vcpu.gpr[VCPU_RDI] = DEVICE + 16;
	exit = (struct vm_exit){.kind = VM_EXIT_STAGE2,
				.stage2 = {.address = {DEVICE}, .is_write = true}};
	TAP_EQUAL(guest_mmio_exit(&vcpu, &exit), VIRT_RETURN);
	TAP_TEXT(exit.why, "string move between two devices");
}

/* The other side of MOVS is not there: #PF, and the device has seen nothing. */
static void test_fault(void)
{
	static const uint8_t movsb[] = {0xa4};
	struct vm_exit exit = {.kind = VM_EXIT_STAGE2,
			       .stage2 = {.address = {DEVICE}, .is_write = true}};

	setup();
	memcpy(ram + CODE, movsb, sizeof(movsb));
	vcpu.rip = CODE;
	vcpu.gpr[VCPU_RSI] = UINT64_C(0x40000010); /* second GiB: not mapped */
	vcpu.gpr[VCPU_RDI] = DEVICE;
	TAP_EQUAL(guest_mmio_exit(&vcpu, &exit), VIRT_RESUME);
	TAP_EQUAL(fake_vcpu_of(&vcpu)->injected[0].vector, EXCEPTION_PF);
	TAP_EQUAL(fake_vcpu_of(&vcpu)->injected[0].error_code, 0);
	TAP_EQUAL(arch_vcpu_get(&vcpu, VCPU_CR2), 0x40000010);
	TAP_EQUAL(fake_vcpu_of(&vcpu)->skip_count, 0);
}

/* The RAM side of MOVS is gone once the device has been read: #PF, and nothing has moved. */
static void test_late_fault(void)
{
	static const uint8_t movsb[] = {0xa4};
	struct vm_exit exit = {.kind = VM_EXIT_STAGE2, .stage2 = {.address = {DEVICE}}};
	uint64_t value = 0x55;

	setup();
	memcpy(ram + CODE, movsb, sizeof(movsb));
	vcpu.rip = CODE;
	vcpu.gpr[VCPU_RSI] = DEVICE;
	vcpu.gpr[VCPU_RDI] = BUFFER;
	TAP_EQUAL(guest_mmio_exit(&vcpu, &exit), VIRT_RETURN);
	TAP_EQUAL(exit.mmio.kind, MMIO_READ);
	memset(ram + LEVEL3, 0, 8);
	arch_mmio_apply(&vcpu, &exit.mmio, &value);
	arch_vcpu_skip(&vcpu);
	TAP_EQUAL(fake_vcpu_of(&vcpu)->injected[0].vector, EXCEPTION_PF);
	TAP_EQUAL(fake_vcpu_of(&vcpu)->injected[0].error_code, PF_ERROR_W);
	TAP_EQUAL(arch_vcpu_get(&vcpu, VCPU_CR2), BUFFER);
	TAP_EQUAL(vcpu.rip, CODE);
	TAP_EQUAL(vcpu.gpr[VCPU_RDI], BUFFER);
	TAP_EQUAL(vcpu.gpr[VCPU_RSI], DEVICE);
	TAP_EQUAL(ram[BUFFER], 0);
}

static const struct tap_case cases[] = {
	{"every instruction as this CPU executes it", test_against_cpu},
	{"REP", test_repeat},
	{"crashes", test_crashes},
	{"a fault on the other side of MOVS", test_fault},
	{"a fault there after the device was read", test_late_fault},
};
TAP_MAIN(cases)
