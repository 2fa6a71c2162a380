/* SPDX-License-Identifier: Apache-2.0 */
/* The seam between x86 and its two virtualization extensions: one const table each. */
#pragma once

#include "stage2_pte.h"
#include "vcpu.h"

struct name;

/* Bits of second-level entries. The same for both: bit 0 present and readable, bit 1 writable, bit
 * 7 of levels 2 and 3 a leaf; the address. */
struct stage2_format {
	uint64_t table; /* all of an entry that names a table */
	uint64_t leaf;  /* in every leaf; and of each of the following pairs one */
	uint64_t execute, no_execute;
	uint64_t write_back, uncached;
};

/* At most 20 functions; counted by tools/check_limits. Contracts: as arch_NAME in vcpu.h.
 * vcpu_release and nmi_in_host: NULL where there is nothing to do. */
struct virt_ops {
	enum hv_status (*cpu_enable)(void);
	void (*vcpu_reset)(struct vcpu_arch *vcpu, const struct boot_start *start);
	void (*vcpu_release)(struct vcpu_arch *vcpu);
	void (*vcpu_run)(struct vcpu_arch *vcpu, struct vm_exit *exit); /* every exit, decoded */
	void (*vcpu_skip)(struct vcpu_arch *vcpu);
	uint64_t (*reg_get)(struct vcpu_arch *vcpu, enum vcpu_reg reg);
	void (*reg_set)(struct vcpu_arch *vcpu, enum vcpu_reg reg, uint64_t value);
	const struct stage2_format *stage2;
	void (*nmi_in_host)(void); /* from the NMI handler: make the next entry exit at once */
	/* Of the control structure, for a dump; false: this CPU has no such field. */
	bool (*field_read)(const struct vcpu_arch *vcpu, uint32_t field, uint64_t *value);
	const struct name *field_names;
	const char *(*exit_name)(uint32_t raw_reason); /* manual's name, or "unknown" */
};

extern const struct virt_ops vmx_ops;
extern const struct virt_ops svm_ops;
