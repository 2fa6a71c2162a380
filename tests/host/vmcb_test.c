/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of the VMCB lie where the manual says (APM 2, Appendix B, "Layout of VMCB"). */
/* Links: */
#include "tap.h"
#include "vmcb.h"

#define AT(field, offset) TAP_EQUAL(offsetof(struct vmcb, field), offset)

static void test_layout(void)
{
	AT(intercept_exceptions, 0x008);
	AT(intercept_3, 0x014);
	AT(iopm_base_pa, 0x040);
	AT(guest_asid, 0x058);
	AT(virtual_interrupt, 0x060);
	AT(exit_code, 0x070);
	AT(np_enable, 0x090);
	AT(event_inj, 0x0a8);
	AT(clean, 0x0c0);
	AT(nrip, 0x0c8);
	AT(es, 0x400);
	AT(tr, 0x490);
	AT(cpl, 0x4cb);
	AT(efer, 0x4d0);
	AT(cr4, 0x548);
	AT(rflags, 0x570);
	AT(rip, 0x578);
	AT(rsp, 0x5d8);
	AT(rax, 0x5f8);
	AT(cr2, 0x640);
	AT(g_pat, 0x668);
}

static const struct tap_case cases[] = {
	{"the fields of the VMCB", test_layout},
};
TAP_MAIN(cases)
