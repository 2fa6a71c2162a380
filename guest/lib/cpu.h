/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions the compiler has no name for, register bits, and per-vCPU descriptor tables. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CPU_COUNT_MAX 16u

/* SDM 3A, "Control Registers". */
#define CR0_MP         (1u << 1)
#define CR0_EM         (1u << 2)
#define CR0_TS         (1u << 3)
#define CR0_WP         (1u << 16)
#define CR0_AM         (1u << 18)
#define CR0_NW         (1u << 29)
#define CR0_CD         (1u << 30)
#define CR4_TSD        (1u << 2)
#define CR4_DE         (1u << 3)
#define CR4_PAE        (1u << 5)
#define CR4_OSFXSR     (1u << 9)
#define CR4_OSXMMEXCPT (1u << 10)
#define CR4_VMXE       (1u << 13)
#define CR4_SMXE       (1u << 14)
#define CR4_OSXSAVE    (1u << 18)

#define RFLAGS_TF (1u << 8)
#define RFLAGS_IF (1u << 9)
#define RFLAGS_AC (1u << 18)

#define CPU_SELECTOR_CODE 0x08u
#define CPU_SELECTOR_DATA 0x10u

/* SDM 4, "Model-Specific Registers"; APM 2, "MSR Cross-Reference". */
#define MSR_TSC                 0x10u
#define MSR_APIC_BASE           0x1bu
#define MSR_FEATURE_CONTROL     0x3au
#define MSR_BIOS_UPDT_TRIG      0x79u
#define MSR_BIOS_SIGN_ID        0x8bu
#define MSR_MTRRCAP             0xfeu
#define MSR_SYSENTER_CS         0x174u
#define MSR_SYSENTER_ESP        0x175u
#define MSR_SYSENTER_EIP        0x176u
#define MSR_DEBUGCTL            0x1d9u
#define MSR_MISC_ENABLE         0x1a0u
#define MSR_PAT                 0x277u
#define MSR_MTRR_DEF_TYPE       0x2ffu
#define MSR_TSC_DEADLINE        0x6e0u
#define MSR_X2APIC_BASE         0x800u
#define MSR_EFER                0xc0000080u
#define MSR_STAR                0xc0000081u
#define MSR_LSTAR               0xc0000082u
#define MSR_CSTAR               0xc0000083u
#define MSR_SFMASK              0xc0000084u
#define MSR_FS_BASE             0xc0000100u
#define MSR_GS_BASE             0xc0000101u
#define MSR_KERNEL_GS_BASE      0xc0000102u
#define MSR_TSC_AUX             0xc0000103u
#define MSR_KVM_WALL_CLOCK_NEW  0x4b564d00u
#define MSR_KVM_SYSTEM_TIME_NEW 0x4b564d01u

#define EFER_SCE  (1u << 0)
#define EFER_LME  (1u << 8)
#define EFER_LMA  (1u << 10)
#define EFER_NXE  (1u << 11)
#define EFER_SVME (1u << 12)

struct cpuid_result {
	uint32_t eax;
	uint32_t ebx;
	uint32_t ecx;
	uint32_t edx;
};

static inline struct cpuid_result cpu_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_result r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf)
			 : "memory");
	return r;
}

static inline uint64_t cpu_rdmsr(uint32_t number)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number) : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void cpu_wrmsr(uint32_t number, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(number), "a"((uint32_t)(value & UINT32_MAX)),
			   "d"((uint32_t)(value >> 32))
			 : "memory");
}

static inline uint64_t cpu_rdtsc(void)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline uint64_t cpu_xgetbv(uint32_t index)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index));
	return (uint64_t)high << 32 | low;
}

static inline void cpu_xsetbv(uint32_t index, uint64_t value)
{
	__asm__ volatile("xsetbv"
			 :
			 : "c"(index), "a"((uint32_t)(value & UINT32_MAX)),
			   "d"((uint32_t)(value >> 32)));
}

#define CPU_REGISTER(name)                                                                         \
	static inline uint64_t cpu_read_##name(void)                                               \
	{                                                                                          \
		uint64_t value;                                                                    \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(value) : : "memory");                \
		return value;                                                                      \
	}                                                                                          \
	static inline void cpu_write_##name(uint64_t value)                                        \
	{                                                                                          \
		__asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");                    \
	}

CPU_REGISTER(cr0)
CPU_REGISTER(cr2)
CPU_REGISTER(cr3)
CPU_REGISTER(cr4)
CPU_REGISTER(cr8)
CPU_REGISTER(dr0)
CPU_REGISTER(dr1)
CPU_REGISTER(dr2)
CPU_REGISTER(dr3)
CPU_REGISTER(dr6)
CPU_REGISTER(dr7)

#define CPU_PORT(suffix, type, form)                                                               \
	static inline type cpu_in##suffix(uint16_t port)                                           \
	{                                                                                          \
		type value;                                                                        \
		__asm__ volatile("in" #suffix " %1, %0" : "=a"(value) : "Nd"(port) : "memory");    \
		return value;                                                                      \
	}                                                                                          \
	static inline void cpu_out##suffix(uint16_t port, type value)                              \
	{                                                                                          \
		__asm__ volatile("out" #suffix " %0, %1" : : "a"(value), "Nd"(port) : "memory");   \
	}

CPU_PORT(b, uint8_t, )
CPU_PORT(w, uint16_t, )
CPU_PORT(l, uint32_t, )

static inline void cpu_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void cpu_cli(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void cpu_sti(void)
{
	__asm__ volatile("sti" : : : "memory");
}

/* Sleeps with interrupts on; no interrupt can come between STI and HLT. */
static inline void cpu_sti_hlt(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}

static inline void cpu_invlpg(const void *address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline uint64_t cpu_rflags(void)
{
	uint64_t value;

	__asm__ volatile("pushfq; pop %0" : "=r"(value) : : "memory");
	return value;
}

/* Interrupts off; gives back whether they were on. */
static inline bool cpu_irq_save(void)
{
	bool was_on = (cpu_rflags() & RFLAGS_IF) != 0;

	cpu_cli();
	return was_on;
}

static inline void cpu_irq_restore(bool was_on)
{
	if (was_on) {
		cpu_sti();
	}
}

/* Loads GDT, TSS and IDT of vCPU `index`; each vCPU first of all. */
void cpu_init(uint32_t index);

/* The vCPU that runs this: by the TSS that is loaded, so that GS stays free for tests. */
uint32_t cpu_index(void);

/* Top of the stack that CPL 3 code of this vCPU gets. */
uint64_t cpu_user_stack(void);

bool cpu_is_amd(void);

/* Maximum basic (0), hypervisor (0x40000000) or extended (0x80000000) leaf; 0: there is none. */
uint32_t cpu_cpuid_max(uint32_t base);
