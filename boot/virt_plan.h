/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses how the hypervisor uses VT-x or SVM on this machine, from CPUID and capability MSRs. */
#pragma once

#include "guest_cpuid_build.h"
#include "msr_pass.h"
#include "virt_abi.h"

#include <stdbool.h>

/* VMCB fields (APM 2, Appendix B, "Layout of VMCB"). */
#define VMCB_CLEAN_ALL              MASK64(10, 0)
#define VMCB_TLB_CONTROL_FLUSH_ALL  1u
#define VMCB_TLB_CONTROL_FLUSH_ASID 3u

struct virt_plan {
	struct guest_features features; /* for guest_cpuid_hide() */
	const struct msr_pass_format *msr_format;
	uint32_t msrs; /* MSR_PASS_* */
};

/* After virt_require(). All of *virt but msr_bitmaps. False: *why says what is missing. */
bool virt_plan(struct boot_virt *virt, struct virt_plan *plan, const char **why);
