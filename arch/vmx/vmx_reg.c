/* SPDX-License-Identifier: Apache-2.0 */
/* Guest registers that live in the VMCS, as the guest sees them. */
#include "vmx.h"

#include "arch/upcalls.h"

#include "regs.h"
#include "vmcs_rw.h"

/* Registers that are one VMCS field and nothing else. */
static const uint16_t plain_fields[VCPU_REG_COUNT] = {
	[VCPU_RSP] = VMCS_GUEST_RSP,
	[VCPU_RFLAGS] = VMCS_GUEST_RFLAGS,
	[VCPU_CR3] = VMCS_GUEST_CR3,
	[VCPU_EFER] = VMCS_GUEST_EFER,
	[VCPU_DR7] = VMCS_GUEST_DR7,
	[VCPU_PAT] = VMCS_GUEST_PAT,
	[VCPU_CS_BASE] = VMCS_GUEST_CS_BASE,
	[VCPU_CS_SELECTOR] = VMCS_GUEST_CS_SELECTOR,
	[VCPU_CS_ATTRIBUTES] = VMCS_GUEST_CS_ATTRIBUTES,
	[VCPU_SS_ATTRIBUTES] = VMCS_GUEST_SS_ATTRIBUTES,
	[VCPU_DS_BASE] = VMCS_GUEST_DS_BASE,
	[VCPU_ES_BASE] = VMCS_GUEST_ES_BASE,
	[VCPU_FS_BASE] = VMCS_GUEST_FS_BASE,
	[VCPU_GS_BASE] = VMCS_GUEST_GS_BASE,
	[VCPU_SS_BASE] = VMCS_GUEST_SS_BASE,
	[VCPU_MSR_BITMAP] = VMCS_MSR_BITMAP,
};

/* Bits in the mask come from the shadow, the others from the register (SDM 3C, "Guest/Host Masks
 * and Read Shadows for CR0 and CR4"). */
static uint64_t seen(uint32_t real, uint32_t mask, uint32_t shadow)
{
	uint64_t owned = vmcs_read(mask);

	return (vmcs_read(shadow) & owned) | (vmcs_read(real) & ~owned);
}

uint64_t vmx_reg_get(struct vcpu_arch *vcpu, enum vcpu_reg reg)
{
	if (reg == VCPU_RIP) {
		return vcpu->rip;
	}
	if (reg == VCPU_CPL) {
		return vmcs_read(VMCS_GUEST_SS_ATTRIBUTES) >> SEGMENT_DPL_SHIFT & 3;
	}
	if (reg == VCPU_CR0) {
		return seen(VMCS_GUEST_CR0, VMCS_CR0_MASK, VMCS_CR0_SHADOW);
	}
	if (reg == VCPU_CR4) {
		return seen(VMCS_GUEST_CR4, VMCS_CR4_MASK, VMCS_CR4_SHADOW);
	}
	if (reg == VCPU_CR2) {
		return regs_read_cr2(); /* live: the hypervisor takes no page faults */
	}
	return vmcs_read(plain_fields[reg]);
}

/* Long mode is active when EFER.LME and CR0.PG are both 1; the CPU keeps that so for writes that do
 * not exit, this keeps it for those that do. */
static void update_long_mode(void)
{
	uint64_t efer = vmcs_read(VMCS_GUEST_EFER);
	uint32_t entry = vmcs_read32(VMCS_ENTRY_CONTROLS);
	bool is_long = (efer & EFER_LME) != 0 && (vmcs_read(VMCS_GUEST_CR0) & CR0_PG) != 0;

	vmcs_write(VMCS_GUEST_EFER, is_long ? efer | EFER_LMA : efer & ~EFER_LMA);
	vmcs_write(VMCS_ENTRY_CONTROLS,
		   is_long ? entry | ENTRY_IA32E_GUEST : entry & ~ENTRY_IA32E_GUEST);
}

#define PDPTE_COUNT    4u
#define PDPTE_RESERVED (MASK64(8, 5) | MASK64(2, 1))

/* In PAE paging the four PDPTEs are loaded with CR3 and kept in the VMCS (SDM 3A, "PDPTE
 * Registers"). An entry that would fault on the CPU counts as absent. */
static void load_pdptes(const struct vcpu_arch *vcpu)
{
	uint64_t cr0 = vmcs_read(VMCS_GUEST_CR0);
	uint64_t cr4 = vmcs_read(VMCS_GUEST_CR4);
	gpa_t table = gpa_from_u64(vmcs_read(VMCS_GUEST_CR3) & MASK64(31, 5));
	uint64_t pdptes[PDPTE_COUNT];

	if ((cr0 & CR0_PG) == 0 || (cr4 & CR4_PAE) == 0 ||
	    (vmcs_read(VMCS_GUEST_EFER) & EFER_LMA) != 0) {
		return;
	}
	if (guest_mem_read(vcpu->vm, table, pdptes, sizeof(pdptes)) != HV_OK) {
		pdptes[0] = pdptes[1] = pdptes[2] = pdptes[3] = 0;
	}
	for (uint32_t i = 0; i < PDPTE_COUNT; i++) {
		bool is_bad = (pdptes[i] & PTE_P) != 0 && (pdptes[i] & PDPTE_RESERVED) != 0;

		vmcs_write(VMCS_GUEST_PDPTE0 + 2 * i, is_bad ? 0 : pdptes[i]);
	}
}

static void set_cr0(uint64_t value)
{
	uint64_t forced = virt_machine.cr0_fixed0 & ~(CR0_PE | CR0_PG);

	vmcs_write(VMCS_GUEST_CR0,
		   (value & virt_machine.cr0_fixed1 & ~(CR0_CD | CR0_NW)) | forced | CR0_ET);
	vmcs_write(VMCS_CR0_SHADOW, value | CR0_ET);
}

static void set_cr4(uint64_t value)
{
	uint64_t forced = virt_machine.cr4_fixed0 | CR4_VMXE | CR4_MCE;

	/* Reserved bits are passed on: VM entry refuses them (guest_cr.c lets no guest set them).
	 */
	vmcs_write(VMCS_GUEST_CR4, (value & ~CR4_SMXE) | forced);
	vmcs_write(VMCS_CR4_SHADOW, value);
}

static void set_control_register(struct vcpu_arch *vcpu, enum vcpu_reg reg, uint64_t value)
{
	if (reg == VCPU_CR0) {
		set_cr0(value);
	} else if (reg == VCPU_CR4) {
		set_cr4(value);
	} else {
		vmcs_write(plain_fields[reg], value);
	}
	update_long_mode();
	load_pdptes(vcpu);
	vcpu->is_flush_wanted = true;
}

void vmx_reg_set(struct vcpu_arch *vcpu, enum vcpu_reg reg, uint64_t value)
{
	if (reg == VCPU_RIP) {
		vcpu->rip = value;
		vmcs_write(VMCS_GUEST_RIP, value);
	} else if (reg == VCPU_CR0 || reg == VCPU_CR3 || reg == VCPU_CR4 || reg == VCPU_EFER) {
		set_control_register(vcpu, reg, value);
	} else if (reg != VCPU_CPL && reg != VCPU_CR2) {
		vmcs_write(plain_fields[reg], value);
	}
}

bool vmx_reg_field(const struct vcpu_arch *vcpu, uint32_t field, uint64_t *value)
{
	(void)vcpu; /* its VMCS is current */
	return vmcs_try_read(field, value);
}
