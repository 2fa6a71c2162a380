/* SPDX-License-Identifier: Apache-2.0 */
/* 4-level, PAE, 32-bit and no paging (SDM 3A, "Paging"), permissions included. */
#include "guest_walk.h"

#include "guest_cpuid.h"
#include "regs.h"

#include "arch/upcalls.h"

#define LEVELS_LONG 4u
#define LEVELS_PAE  3u
#define LEVELS_32   2u

#define CR3_PAE_ADDRESS     MASK64(31, 5)
#define LARGE_32_HIGH       MASK64(20, 13) /* PSE-36: address bits 39:32 */
#define LARGE_32_HIGH_SHIFT 19u

void guest_walk_init(struct guest_walk *walk, struct vcpu_arch *vcpu)
{
	*walk = (struct guest_walk){
		.vm = vcpu->vm,
		.cr0 = arch_vcpu_get(vcpu, VCPU_CR0),
		.cr3 = arch_vcpu_get(vcpu, VCPU_CR3),
		.cr4 = arch_vcpu_get(vcpu, VCPU_CR4),
		.efer = arch_vcpu_get(vcpu, VCPU_EFER),
		.rflags = arch_vcpu_get(vcpu, VCPU_RFLAGS),
		.cpl = (uint8_t)arch_vcpu_get(vcpu, VCPU_CPL),
		.address_bits = guest_cpuid_address_bits(vcpu->vm->cpuid),
	};
}

/* error_code: PF_ERROR_P or PF_ERROR_RSVD or both, or 0. */
static enum guest_walk_result fault(const struct guest_walk *walk, uint32_t access,
				    uint32_t *error_code, uint32_t cause)
{
	bool has_fetch_bit = (walk->cr4 & CR4_SMEP) != 0 ||
			     ((walk->efer & EFER_NXE) != 0 && (walk->cr4 & CR4_PAE) != 0);

	*error_code = cause | (access == GUEST_WALK_WRITE ? PF_ERROR_W : 0) |
		      (walk->cpl == 3 ? PF_ERROR_U : 0) |
		      (access == GUEST_WALK_FETCH && has_fetch_bit ? PF_ERROR_I : 0);
	return GUEST_WALK_FAULT;
}

/* SDM 3A, "Determination of Access Rights". rights: what all levels grant; PTE_NX: may execute. */
static bool is_allowed(const struct guest_walk *walk, uint64_t rights, uint32_t access)
{
	bool is_user_mode = walk->cpl == 3;
	bool is_user_page = (rights & PTE_U) != 0;

	if (is_user_mode && !is_user_page) {
		return false;
	}
	if (access == GUEST_WALK_FETCH) {
		return (rights & PTE_NX) != 0 &&
		       (is_user_mode || !is_user_page || (walk->cr4 & CR4_SMEP) == 0);
	}
	if (!is_user_mode && is_user_page && (walk->cr4 & CR4_SMAP) != 0 &&
	    (walk->rflags & RFLAGS_AC) == 0) {
		return false;
	}
	return access != GUEST_WALK_WRITE || (rights & PTE_W) != 0 ||
	       (!is_user_mode && (walk->cr0 & CR0_WP) == 0);
}

/* Bits that must be 0 in a present 64-bit entry at this level. */
static uint64_t reserved_bits(const struct guest_walk *walk, uint32_t level, uint64_t entry)
{
	uint64_t reserved = PTE_ADDRESS & ~MASK64(walk->address_bits - 1u, 0);

	if ((walk->efer & EFER_NXE) == 0) {
		reserved |= PTE_NX;
	}
	if (level == 4) {
		reserved |= PTE_PS;
	} else if (level > 1 && (entry & PTE_PS) != 0) {
		/* Bits from above the PAT bit to the start of the page's address. */
		reserved |= MASK64(11 + 9 * (level - 1), 13);
	}
	return reserved;
}

/* From `table` down. Each call is a function of its own, for its constant `levels`: a device access
 * reads at least eight entries. */
static inline __attribute__((always_inline)) enum guest_walk_result
walk_levels(const struct guest_walk *walk, const uint32_t levels, uint64_t table, uint64_t linear,
	    uint32_t access, gpa_t *address, uint32_t *error_code)
{
	const uint32_t entry_size = levels == LEVELS_32 ? 4 : 8;
	const uint32_t index_bits = levels == LEVELS_32 ? 10 : 9;
	uint64_t rights = ~UINT64_C(0);

	for (uint32_t level = levels;; level--) {
		uint32_t shift = 12 + index_bits * (level - 1);
		uint64_t index = linear >> shift & (BIT(index_bits) - 1);
		uint64_t entry = 0;

		if (guest_mem_read(walk->vm, gpa_from_u64(table + index * entry_size), &entry,
				   entry_size) != HV_OK) {
			return GUEST_WALK_HOLE;
		}
		if ((entry & PTE_P) == 0) {
			return fault(walk, access, error_code, 0);
		}
		table = entry & PTE_ADDRESS;
		/* No rights in these. From memory as on AMD; Intel keeps a copy made at the last
		 * CR3 load (pitfall 32). */
		if (levels == LEVELS_PAE && level == LEVELS_PAE) {
			continue;
		}
		if (levels != LEVELS_32 && (entry & reserved_bits(walk, level, entry)) != 0) {
			return fault(walk, access, error_code, PF_ERROR_P | PF_ERROR_RSVD);
		}
		rights &= entry ^ PTE_NX;
		if (level == 1 || ((entry & PTE_PS) != 0 &&
				   (levels != LEVELS_32 || (walk->cr4 & CR4_PSE) != 0))) {
			uint64_t offset = BIT(shift) - 1;

			if (levels == LEVELS_32 && level > 1) {
				table |= (entry & LARGE_32_HIGH) << LARGE_32_HIGH_SHIFT;
			}
			*address = gpa_from_u64((table & ~offset) | (linear & offset));
			return is_allowed(walk, rights, access)
				       ? GUEST_WALK_OK
				       : fault(walk, access, error_code, PF_ERROR_P);
		}
	}
}

enum guest_walk_result guest_walk_translate(const struct guest_walk *walk, uint64_t linear,
					    uint32_t access, gpa_t *address, uint32_t *error_code)
{
	if ((walk->efer & EFER_LMA) != 0) {
		return walk_levels(walk, LEVELS_LONG, walk->cr3 & CR3_ADDRESS, linear, access,
				   address, error_code);
	}
	linear = low32(linear);
	if ((walk->cr0 & CR0_PG) == 0) {
		*address = gpa_from_u64(linear);
		return GUEST_WALK_OK;
	}
	if ((walk->cr4 & CR4_PAE) != 0) {
		return walk_levels(walk, LEVELS_PAE, walk->cr3 & CR3_PAE_ADDRESS, linear, access,
				   address, error_code);
	}
	return walk_levels(walk, LEVELS_32, low32(walk->cr3 & CR3_ADDRESS), linear, access, address,
			   error_code);
}

enum guest_walk_result guest_walk_copy(const struct guest_walk *walk, uint64_t *linear,
				       uint32_t access, void *data, size_t size,
				       uint32_t *error_code)
{
	size_t first = min_u64(size, PAGE_SIZE - *linear % PAGE_SIZE);
	const size_t parts[2] = {first, size - first};
	uint8_t *const bytes[2] = {data, data == NULL ? NULL : (uint8_t *)data + first};
	gpa_t pages[2];

	for (uint32_t i = 0; i < 2 && parts[i] > 0; i++) {
		enum guest_walk_result result =
			guest_walk_translate(walk, *linear, access, &pages[i], error_code);

		if (result != GUEST_WALK_OK) {
			return result;
		}
		if (access != GUEST_WALK_WRITE &&
		    guest_mem_read(walk->vm, pages[i], bytes[i], parts[i]) != HV_OK) {
			return GUEST_WALK_HOLE;
		}
		*linear += parts[i];
	}
	if (access != GUEST_WALK_WRITE || data == NULL) {
		return GUEST_WALK_OK;
	}
	/* Both pages are known to be there before either is written. */
	for (uint32_t i = 0; i < 2 && parts[i] > 0; i++) {
		if (guest_mem_write(walk->vm, pages[i], bytes[i], parts[i]) != HV_OK) {
			return GUEST_WALK_HOLE;
		}
	}
	return GUEST_WALK_OK;
}
