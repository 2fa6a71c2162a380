/* SPDX-License-Identifier: Apache-2.0 */
/* A list of what passes: everything else exits. */
#include "msr_pass.h"

#include "bits.h"
#include "str.h"
#include "virt_abi.h"

/* SDM 4, "Architectural MSRs". */
#define MSR_IA32_TSC               0x010u
#define MSR_IA32_SPEC_CTRL         0x048u
#define MSR_IA32_PRED_CMD          0x049u
#define MSR_IA32_SYSENTER_CS       0x174u
#define MSR_IA32_PAT               0x277u
#define MSR_IA32_TSC_DEADLINE      0x6e0u
#define MSR_IA32_X2APIC_VERSION    0x803u
#define MSR_IA32_X2APIC_TPR        0x808u
#define MSR_IA32_X2APIC_PPR        0x80au
#define MSR_IA32_X2APIC_EOI        0x80bu
#define MSR_IA32_X2APIC_SIVR       0x80fu
#define MSR_IA32_X2APIC_ISR0       0x810u
#define MSR_IA32_X2APIC_ESR        0x828u
#define MSR_IA32_X2APIC_LVT_TIMER  0x832u
#define MSR_IA32_X2APIC_LVT_ERROR  0x837u
#define MSR_IA32_X2APIC_INIT_COUNT 0x838u
#define MSR_IA32_X2APIC_CUR_COUNT  0x839u
#define MSR_IA32_X2APIC_DIV_CONF   0x83eu
#define MSR_IA32_X2APIC_SELF_IPI   0x83fu
#define MSR_IA32_EFER              0xc0000080u
#define MSR_IA32_STAR              0xc0000081u
#define MSR_IA32_FS_BASE           0xc0000100u
#define MSR_IA32_TSC_AUX           0xc0000103u

#define READ       1u
#define WRITE      2u
#define BOTH       (READ | WRITE)
#define X2APIC     0x80u /* needed beside MSR_PASS_*: the guest's mode */
#define RANGE_MSRS 0x2000u
#define RANGE_HIGH 0xc0000000u

/*
 * State that is the guest's own: switched by the backend, or live in the CPU while it owns the CPU.
 * And x2APIC registers that cannot reach beyond this CPU: ICR, LDR, ID, LINT0/1 and the thermal,
 * performance and CMCI entries exit: they name other CPUs or can make an NMI, SMI or INIT. PAT
 * exits under SVM: nested paging has one of its own (G_PAT), but QEMU lets the guest write the
 * host's. So does TSC, which nobody reads this way: QEMU gives 0.
 */
static const struct pass {
	uint32_t first;
	uint32_t count;
	uint32_t what;
	uint32_t needs; /* 0: always there */
} list[] = {
	{MSR_IA32_TSC, 1, READ, MSR_PASS_SWITCHED},
	{MSR_IA32_PAT, 1, BOTH, MSR_PASS_SWITCHED},
	{MSR_IA32_EFER, 1, BOTH, MSR_PASS_SWITCHED},
	{MSR_IA32_SYSENTER_CS, 3, BOTH, 0},
	{MSR_IA32_STAR, 4, BOTH, 0},    /* STAR, LSTAR, CSTAR, FMASK */
	{MSR_IA32_FS_BASE, 3, BOTH, 0}, /* FS_BASE, GS_BASE, KERNEL_GS_BASE */
	{MSR_IA32_TSC_DEADLINE, 1, BOTH, MSR_PASS_TSC_DEADLINE},
	{MSR_IA32_TSC_AUX, 1, BOTH, MSR_PASS_TSC_AUX},
	{MSR_IA32_SPEC_CTRL, 1, BOTH, MSR_PASS_SPEC_CTRL},
	{MSR_IA32_PRED_CMD, 1, WRITE, MSR_PASS_PRED_CMD},
	{MSR_IA32_X2APIC_VERSION, 1, READ, X2APIC},
	{MSR_IA32_X2APIC_TPR, 1, BOTH, X2APIC},
	{MSR_IA32_X2APIC_PPR, 1, READ, X2APIC},
	{MSR_IA32_X2APIC_EOI, 1, WRITE, X2APIC},
	{MSR_IA32_X2APIC_SIVR, 1, BOTH, X2APIC},
	{MSR_IA32_X2APIC_ISR0, 24, READ, X2APIC}, /* ISR, TMR, IRR */
	{MSR_IA32_X2APIC_ESR, 1, BOTH, X2APIC},
	{MSR_IA32_X2APIC_LVT_TIMER, 1, BOTH, X2APIC},
	{MSR_IA32_X2APIC_LVT_ERROR, 1, BOTH, X2APIC},
	{MSR_IA32_X2APIC_INIT_COUNT, 1, BOTH, X2APIC},
	{MSR_IA32_X2APIC_CUR_COUNT, 1, READ, X2APIC},
	{MSR_IA32_X2APIC_DIV_CONF, 1, BOTH, X2APIC},
	{MSR_IA32_X2APIC_SELF_IPI, 1, WRITE, X2APIC},
};

static void clear_bit(uint8_t *bitmap, uint32_t bit)
{
	bitmap[bit / 8] &= (uint8_t) ~(1u << bit % 8);
}

static void pass_one(uint8_t *bitmap, const struct msr_pass_format *format, uint32_t msr,
		     uint32_t what)
{
	uint32_t bit =
		msr % RANGE_MSRS * format->msr_bits + (msr >= RANGE_HIGH ? format->range_bits : 0);

	if ((what & READ) != 0) {
		clear_bit(bitmap, bit);
	}
	if ((what & WRITE) != 0) {
		clear_bit(bitmap, bit + format->write_bits);
	}
}

static void fill(uint8_t *bitmap, const struct msr_pass_format *format, uint32_t there)
{
	memset(bitmap, 0xff, BOOT_MSR_BITMAP_SIZE);
	for (const struct pass *pass = list; pass < list + ARRAY_COUNT(list); pass++) {
		for (uint32_t n = 0; n < pass->count && (pass->needs & ~there) == 0; n++) {
			pass_one(bitmap, format, pass->first + n, pass->what);
		}
	}
}

void msr_pass_fill(uint8_t *bitmaps, const struct msr_pass_format *format, uint32_t there)
{
	fill(bitmaps, format, there);
	fill(bitmaps + BOOT_MSR_BITMAP_SIZE, format, there | X2APIC);
}
