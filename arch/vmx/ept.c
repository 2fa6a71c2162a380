/* SPDX-License-Identifier: Apache-2.0 */
/* EPT: its entries' format and its root. SDM 3C, "EPT Translation Mechanism". */
#include "vmx.h"

#define EPT_READ    BIT(0)
#define EPT_WRITE   BIT(1)
#define EPT_EXECUTE BIT(2)
#define EPT_TYPE_WB (UINT64_C(6) << 3) /* UC is 0 */

/* Writable or executable without readable is a misconfiguration (SDM 3C, "EPT Misconfigurations");
 * execute-only is legal on some CPUs only. The memory type lies in the leaf and leaves the guest's
 * PAT its say (IPAT, bit 6, is 0). */
const struct stage2_format vmx_ept_format = {
	.table = EPT_READ | EPT_WRITE | EPT_EXECUTE,
	.leaf = EPT_READ,
	.execute = EPT_EXECUTE,
	.write_back = EPT_TYPE_WB,
};

/* The same value for the VMCS and for INVEPT, which compares it. Accessed and dirty flags stay off:
 * with them a guest's page walk would count as a write. */
uint64_t vmx_ept_pointer(const struct vm_arch *vm)
{
	return vm->stage2_root.value | EPTP_WALK_4 | EPTP_WRITE_BACK;
}
