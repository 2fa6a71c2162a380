/* SPDX-License-Identifier: Apache-2.0 */
/* The MSRs of which guests see something else than the real one, or nothing. */
#include "msr_list.h"

/* Numbers as in the manuals that msr_list.h names. */
#define MSR_IA32_TSC             0x010u
#define MSR_IA32_FEATURE_CONTROL 0x03au
#define MSR_IA32_SPEC_CTRL       0x048u
#define MSR_IA32_PRED_CMD        0x049u
#define MSR_IA32_MCG_CAP         0x179u
#define MSR_IA32_MCG_STATUS      0x17au
#define MSR_IA32_TSC_DEADLINE    0x6e0u
#define MSR_IA32_XSS             0xda0u
#define MSR_IA32_STAR            0xc0000081u
#define MSR_IA32_LSTAR           0xc0000082u
#define MSR_IA32_CSTAR           0xc0000083u
#define MSR_IA32_FMASK           0xc0000084u
#define MSR_IA32_KERNEL_GS_BASE  0xc0000102u
#define MSR_IA32_TSC_AUX         0xc0000103u
#define MSR_AMD_TSEG_ADDRESS     0xc0010112u
#define MSR_AMD_TSEG_MASK        0xc0010113u
#define MSR_AMD_INT_PENDING      0xc0010055u
#define MSR_AMD_MMIO_CONFIG_BASE 0xc0010058u
#define MSR_AMD_NB_CFG           0xc001001fu
#define MSR_AMD_DC_CFG           0xc0011022u
#define MSR_AMD_BU_CFG2          0xc001102au
#define MSR_AMD_BU_CFG           0xc0011023u
#define MSR_AMD_TOP_MEM          0xc001001au
#define MSR_AMD_TOP_MEM2         0xc001001du
#define MSR_VM_CR                0xc0010114u

#define FEATURE_CONTROL_LOCK      BIT(0)
#define DEBUGCTL_LBR              BIT(0)
#define DEBUGCTL_BTF              BIT(1)
#define MISC_ENABLE_VALUE         (MISC_ENABLE_BTS_UNAVAILABLE | MISC_ENABLE_PEBS_UNAVAILABLE)
#define DE_CFG_LFENCE_SERIALIZING BIT(1)
#define SPEC_CTRL_ALLOWED         (BIT(0) | BIT(1) | BIT(2) | BIT(7)) /* IBRS, STIBP, SSBD, PSFD */
#define PRED_CMD_IBPB             BIT(0)

/*
 * RDCL_NO, IBRS_ALL, RSBA, SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO, IF_PSCHANGE_MC_NO, TAA_NO,
 * SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, FB_CLEAR, RRSBA, BHI_NO, PBRSB_NO, GDS_NO, RFDS_NO: facts about
 * the CPU. Left out: bits that announce further MSRs (TSX_CTRL, FB_CLEAR_CTRL, energy filtering,
 * ...).
 */
#define ARCH_CAPABILITIES_ALLOWED                                                                  \
	(MASK64(6, 0) | BIT(8) | MASK64(15, 13) | BIT(17) | BIT(19) | BIT(20) | BIT(24) |          \
	 BIT(26) | BIT(27))

/* On which machines. */
enum where {
	EVERYWHERE,
	INTEL,
	AMD,
	ARCH_CAPABILITIES,
	SPEC_CTRL,
	XSAVES,
};

#define READ  BOOT_MSR_READ
#define WRITE BOOT_MSR_WRITE
#define BOTH  (READ | WRITE)
#define PASS  BOOT_MSR_PASS
#define ALL   (~UINT64_C(0))

static const struct entry {
	enum where where;
	struct boot_msr msr;
} entries[] = {
	{EVERYWHERE, {MSR_IA32_MTRRCAP, READ, 0, 0, 0}}, /* no variable and no fixed ranges */
	{EVERYWHERE, {MSR_IA32_MCG_CAP, READ, 0, 0, 0}}, /* no bank */
	{EVERYWHERE, {MSR_IA32_MCG_STATUS, BOTH, 0, 0, 0}},
	/* No branch records, no branch stepping: ignored. */
	{EVERYWHERE, {MSR_IA32_DEBUGCTL, BOTH, 0, 0, DEBUGCTL_LBR | DEBUGCTL_BTF}},
	{EVERYWHERE, {MSR_IA32_TSC, WRITE, 0, 0, ALL}}, /* all partitions' clocks rest on it */
	{EVERYWHERE, {MSR_IA32_BIOS_UPDT_TRIG, WRITE, 0, 0, ALL}}, /* loaded by firmware */
	{EVERYWHERE, {MSR_IA32_BIOS_SIGN_ID, BOTH, 0, ALL, ALL}},
	/* The guest's own, switched by no backend: the real ones. */
	{EVERYWHERE, {MSR_IA32_TSC_DEADLINE, BOTH | PASS, 0, ALL, ALL}},
	{EVERYWHERE, {MSR_IA32_STAR, BOTH | PASS, 0, ALL, ALL}},
	{EVERYWHERE, {MSR_IA32_LSTAR, BOTH | PASS, 0, ALL, ALL}},
	{EVERYWHERE, {MSR_IA32_CSTAR, BOTH | PASS, 0, ALL, ALL}},
	{EVERYWHERE, {MSR_IA32_FMASK, BOTH | PASS, 0, ALL, ALL}},
	{EVERYWHERE, {MSR_IA32_KERNEL_GS_BASE, BOTH | PASS, 0, ALL, ALL}},
	{EVERYWHERE, {MSR_IA32_TSC_AUX, BOTH | PASS, 0, ALL, ALL}},
	{XSAVES, {MSR_IA32_XSS, BOTH, 0, 0, 0}},
	{SPEC_CTRL, {MSR_IA32_SPEC_CTRL, BOTH | PASS, 0, ALL, SPEC_CTRL_ALLOWED}},
	{SPEC_CTRL, {MSR_IA32_PRED_CMD, WRITE | PASS, 0, 0, PRED_CMD_IBPB}},
	{ARCH_CAPABILITIES, {MSR_IA32_ARCH_CAPABILITIES, READ, 0, ARCH_CAPABILITIES_ALLOWED, 0}},
	{INTEL, {MSR_IA32_PLATFORM_ID, READ, 0, ALL, 0}},
	{INTEL, {MSR_IA32_MISC_ENABLE, BOTH, MISC_ENABLE_VALUE, MISC_ENABLE_FAST_STRING, ALL}},
	{INTEL, {MSR_IA32_FEATURE_CONTROL, READ, FEATURE_CONTROL_LOCK, 0, 0}}, /* all is off */
	{AMD, {MSR_HWCR, BOTH, HWCR_TSC_FREQ_SEL, 0, ALL}}, /* the TSC counts evenly */
	{AMD, {MSR_DE_CFG, BOTH, DE_CFG_LFENCE_SERIALIZING, 0, ALL}},
	{AMD, {MSR_VM_CR, READ, VM_CR_SVMDIS | VM_CR_LOCK, 0, 0}}, /* as if firmware's wish */
	/* Firmware's business, which kernels read or write all the same. */
	{AMD, {MSR_PATCH_LOADER, WRITE, 0, 0, ALL}},
	{AMD, {MSR_SYSCFG, BOTH, 0, 0, ALL}},
	{AMD, {MSR_AMD_NB_CFG, BOTH, 0, 0, ALL}},
	{AMD, {MSR_AMD_DC_CFG, BOTH, 0, 0, ALL}},
	{AMD, {MSR_AMD_BU_CFG, BOTH, 0, 0, ALL}},
	{AMD, {MSR_AMD_BU_CFG2, BOTH, 0, 0, ALL}},
	{AMD, {MSR_AMD_INT_PENDING, BOTH, 0, 0, ALL}},
	{AMD, {MSR_AMD_TOP_MEM, READ, 0, 0, 0}},
	{AMD, {MSR_AMD_TOP_MEM2, READ, 0, 0, 0}},
	{AMD, {MSR_AMD_TSEG_ADDRESS, READ, 0, 0, 0}},
	{AMD, {MSR_AMD_TSEG_MASK, READ, 0, 0, 0}},
	{AMD, {MSR_AMD_MMIO_CONFIG_BASE, READ, 0, 0, 0}},
};
_Static_assert(ARRAY_COUNT(entries) <= BOOT_MSR_MAX, "there is room");

static bool is_here(enum where where, const struct msr_list_facts *facts)
{
	switch (where) {
	case INTEL:
		return !facts->is_amd;
	case AMD:
		return facts->is_amd;
	case ARCH_CAPABILITIES:
		return !facts->is_amd && facts->has_arch_capabilities;
	case SPEC_CTRL:
		return facts->has_spec_ctrl;
	case XSAVES:
		return facts->has_xsaves;
	case EVERYWHERE:
		break;
	}
	return true;
}

uint32_t msr_list_fill(struct boot_msr *msrs, const struct msr_list_facts *facts)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < ARRAY_COUNT(entries); i++) {
		if (is_here(entries[i].where, facts)) {
			msrs[count++] = entries[i].msr;
		}
	}
	return count;
}
