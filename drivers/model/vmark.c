/* SPDX-License-Identifier: Apache-2.0 */
/* The mark port. */
#include "vmark.h"

#include "hv/stats.h"

uint64_t vmark_read(struct vcpu *vcpu, uint32_t offset, uint32_t size)
{
	(void)vcpu;
	(void)offset;
	(void)size;
	return VMARK_PORT;
}

void vmark_write(struct vcpu *vcpu, uint32_t offset, uint32_t size, uint64_t value)
{
	(void)offset;
	(void)size;
	stats_mark(vcpu, (uint8_t)value);
}
