/* SPDX-License-Identifier: Apache-2.0 */
/* Extended state (x87, SSE, AVX and beyond): put back to its reset values between two guests. */
#include "regs.h"
#include "virt_internal.h"

#define FXSAVE_SIZE       512u
#define XSAVE_HEADER_SIZE 64u
#define FCW_INIT          0x37fu /* FNINIT's; the CPU's own reset value is 0x40, as no kernel relies on */
#define FXSAVE_MXCSR      24u /* byte offset */
#define MXCSR_INIT        0x1f80u

/*
 * XSTATE_BV = 0: XRSTOR puts every component that it is asked for in its initial configuration (SDM
 * 1, "Operation of XRSTOR"); MXCSR comes from memory. FXRSTOR loads it as it stands: zeros and
 * MXCSR.
 */
struct fpu_image {
	uint16_t fcw;
	uint16_t fsw;
	uint8_t rest[FXSAVE_MXCSR - 4];
	uint32_t mxcsr;
	uint8_t registers[FXSAVE_SIZE - FXSAVE_MXCSR - 4];
	uint8_t header[XSAVE_HEADER_SIZE];
};
_Static_assert(sizeof(struct fpu_image) == FXSAVE_SIZE + XSAVE_HEADER_SIZE, "XSAVE area");

static const struct fpu_image fpu_image __attribute__((aligned(64))) = {
	.fcw = FCW_INIT,
	.mxcsr = MXCSR_INIT,
};

uint64_t fpu_xcr0(void)
{
	return (regs_read_cr4() & CR4_OSXSAVE) != 0 ? regs_read_xcr0() : 0;
}

void fpu_reset(void)
{
	__asm__ volatile("clts" : : : "memory");
	__asm__ volatile("fxrstor64 %0" : : "m"(fpu_image));
	if ((regs_read_cr4() & CR4_OSXSAVE) != 0) {
		struct cpuid_regs supported = regs_cpuid(CPUID_XSAVE, 0);

		regs_write_xcr0(join32(supported.edx, supported.eax));
		__asm__ volatile("xrstor64 %0"
				 :
				 : "m"(fpu_image), "a"(UINT32_MAX), "d"(UINT32_MAX));
		regs_write_xcr0(XCR0_X87);
	}
	__asm__ volatile("fninit");
}
