/* SPDX-License-Identifier: Apache-2.0 */
/* 4-level, PAE, 32-bit and no paging (SDM 3A, "Paging"), permissions included. */
#include "guest_walk.h"

#include "guest_cpuid.h"
#include "msr.h"
#include "regs.h"

#include "arch/upcalls.h"

#define ENTRY_32_ADDRESS          MASK64(31, 12)
#define ENTRY_32_LARGE_ADDRESS    MASK64(31, 22)
#define ENTRY_32_LARGE_HIGH_SHIFT 13u /* PSE-36: bits 20:13 are address bits 39:32 */
#define ENTRY_32_LARGE_HIGH       MASK64(20, 13)
#define CR3_PAE_ADDRESS           MASK64(31, 5)

/* What the levels of one walk have granted so far. */
struct walk_rights {
	bool is_writable;
	bool is_user;
	bool is_executable;
};

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

static uint32_t error_base(const struct guest_walk *walk, uint32_t access)
{
	bool has_fetch_bit = (walk->cr4 & CR4_SMEP) != 0 ||
			     ((walk->efer & EFER_NXE) != 0 && (walk->cr4 & CR4_PAE) != 0);
	uint32_t code = access == GUEST_WALK_WRITE ? PF_ERROR_W : 0;

	code |= walk->cpl == 3 ? PF_ERROR_U : 0;
	code |= access == GUEST_WALK_FETCH && has_fetch_bit ? PF_ERROR_I : 0;
	return code;
}

/* SDM 3A, "Determination of Access Rights". */
static bool is_allowed(const struct guest_walk *walk, const struct walk_rights *rights,
		       uint32_t access)
{
	bool is_user_mode = walk->cpl == 3;

	if (is_user_mode && !rights->is_user) {
		return false;
	}
	if (access == GUEST_WALK_FETCH) {
		return rights->is_executable &&
		       (is_user_mode || !rights->is_user || (walk->cr4 & CR4_SMEP) == 0);
	}
	if (!is_user_mode && rights->is_user && (walk->cr4 & CR4_SMAP) != 0 &&
	    (walk->rflags & RFLAGS_AC) == 0) {
		return false;
	}
	if (access == GUEST_WALK_WRITE && !rights->is_writable) {
		return !is_user_mode && (walk->cr0 & CR0_WP) == 0;
	}
	return true;
}

static enum guest_walk_result finish(const struct guest_walk *walk,
				     const struct walk_rights *rights, uint32_t access,
				     uint32_t *error_code)
{
	if (is_allowed(walk, rights, access)) {
		return GUEST_WALK_OK;
	}
	*error_code = error_base(walk, access) | PF_ERROR_P;
	return GUEST_WALK_FAULT;
}

static enum guest_walk_result read_entry(const struct guest_walk *walk, uint64_t at, uint32_t size,
					 uint64_t *entry)
{
	*entry = 0;
	return guest_mem_read(walk->vm, gpa_from_u64(at), entry, size) == HV_OK ? GUEST_WALK_OK
										: GUEST_WALK_HOLE;
}

static enum guest_walk_result translate_32(const struct guest_walk *walk, uint64_t linear,
					   uint32_t access, gpa_t *address, uint32_t *error_code)
{
	struct walk_rights rights = {.is_executable = true};
	uint64_t directory;
	uint64_t entry;

	*error_code = error_base(walk, access);
	if (read_entry(walk, (walk->cr3 & ENTRY_32_ADDRESS) + (linear >> 22 & 0x3ff) * 4, 4,
		       &directory) != GUEST_WALK_OK) {
		return GUEST_WALK_HOLE;
	}
	if ((directory & PTE_P) == 0) {
		return GUEST_WALK_FAULT;
	}
	rights.is_writable = (directory & PTE_W) != 0;
	rights.is_user = (directory & PTE_U) != 0;
	if ((directory & PTE_PS) != 0 && (walk->cr4 & CR4_PSE) != 0) {
		*address = gpa_from_u64((directory & ENTRY_32_LARGE_ADDRESS) |
					(directory & ENTRY_32_LARGE_HIGH) >>
						ENTRY_32_LARGE_HIGH_SHIFT << 32 |
					(linear & MASK64(21, 0)));
		return finish(walk, &rights, access, error_code);
	}
	if (read_entry(walk, (directory & ENTRY_32_ADDRESS) + (linear >> 12 & 0x3ff) * 4, 4,
		       &entry) != GUEST_WALK_OK) {
		return GUEST_WALK_HOLE;
	}
	if ((entry & PTE_P) == 0) {
		return GUEST_WALK_FAULT;
	}
	rights.is_writable = rights.is_writable && (entry & PTE_W) != 0;
	rights.is_user = rights.is_user && (entry & PTE_U) != 0;
	*address = gpa_from_u64((entry & ENTRY_32_ADDRESS) | (linear & MASK64(11, 0)));
	return finish(walk, &rights, access, error_code);
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

/* The levels of 64-bit entries, from `level` down; `table` is the table of that level. */
static enum guest_walk_result translate_levels(const struct guest_walk *walk, uint64_t linear,
					       uint32_t access, uint64_t table, uint32_t level,
					       gpa_t *address, uint32_t *error_code)
{
	struct walk_rights rights = {true, true, true};

	*error_code = error_base(walk, access);
	for (;; level--) {
		uint32_t shift = 12 + 9 * (level - 1);
		uint64_t entry;

		if (read_entry(walk, table + (linear >> shift & 0x1ff) * 8, 8, &entry) !=
		    GUEST_WALK_OK) {
			return GUEST_WALK_HOLE;
		}
		if ((entry & PTE_P) == 0) {
			return GUEST_WALK_FAULT;
		}
		if ((entry & reserved_bits(walk, level, entry)) != 0) {
			*error_code |= PF_ERROR_P | PF_ERROR_RSVD;
			return GUEST_WALK_FAULT;
		}
		rights.is_writable = rights.is_writable && (entry & PTE_W) != 0;
		rights.is_user = rights.is_user && (entry & PTE_U) != 0;
		rights.is_executable = rights.is_executable && (entry & PTE_NX) == 0;
		if (level == 1 || (entry & PTE_PS) != 0) {
			uint64_t offset = MASK64(shift - 1, 0);

			*address =
				gpa_from_u64((entry & PTE_ADDRESS & ~offset) | (linear & offset));
			return finish(walk, &rights, access, error_code);
		}
		table = entry & PTE_ADDRESS;
	}
}

static enum guest_walk_result translate_pae(const struct guest_walk *walk, uint64_t linear,
					    uint32_t access, gpa_t *address, uint32_t *error_code)
{
	uint64_t pointer;

	/* From memory as on AMD; Intel keeps a copy made at the last CR3 load (pitfall 32). */
	if (read_entry(walk, (walk->cr3 & CR3_PAE_ADDRESS) + (linear >> 30 & 3) * 8, 8, &pointer) !=
	    GUEST_WALK_OK) {
		return GUEST_WALK_HOLE;
	}
	if ((pointer & PTE_P) == 0) {
		*error_code = error_base(walk, access);
		return GUEST_WALK_FAULT;
	}
	return translate_levels(walk, linear, access, pointer & PTE_ADDRESS, 2, address,
				error_code);
}

enum guest_walk_result guest_walk_translate(const struct guest_walk *walk, uint64_t linear,
					    uint32_t access, gpa_t *address, uint32_t *error_code)
{
	*error_code = 0;
	if ((walk->efer & EFER_LMA) == 0) {
		linear = low32(linear);
	}
	if ((walk->cr0 & CR0_PG) == 0) {
		*address = gpa_from_u64(linear);
		return GUEST_WALK_OK;
	}
	if ((walk->efer & EFER_LMA) != 0) {
		return translate_levels(walk, linear, access, walk->cr3 & CR3_ADDRESS, 4, address,
					error_code);
	}
	if ((walk->cr4 & CR4_PAE) != 0) {
		return translate_pae(walk, linear, access, address, error_code);
	}
	return translate_32(walk, linear, access, address, error_code);
}

static size_t bytes_to_page_end(uint64_t linear, size_t size)
{
	size_t rest = (size_t)(PAGE_SIZE - (linear & (PAGE_SIZE - 1)));

	return size < rest ? size : rest;
}

enum guest_walk_result guest_walk_copy_in(const struct guest_walk *walk, uint64_t *linear,
					  uint32_t access, void *to, size_t size,
					  uint32_t *error_code)
{
	uint8_t *byte = to;

	while (size > 0) {
		size_t part = bytes_to_page_end(*linear, size);
		gpa_t address;
		enum guest_walk_result result =
			guest_walk_translate(walk, *linear, access, &address, error_code);

		if (result != GUEST_WALK_OK) {
			return result;
		}
		if (guest_mem_read(walk->vm, address, byte, part) != HV_OK) {
			return GUEST_WALK_HOLE;
		}
		byte += part;
		size -= part;
		*linear += part;
	}
	return GUEST_WALK_OK;
}

enum guest_walk_result guest_walk_copy_out(const struct guest_walk *walk, uint64_t *linear,
					   const void *from, size_t size, uint32_t *error_code)
{
	size_t first = bytes_to_page_end(*linear, size);
	uint64_t second_page = *linear + first;
	gpa_t address[2];
	enum guest_walk_result result;

	/* Both pages are checked before either is written. */
	result = guest_walk_translate(walk, *linear, GUEST_WALK_WRITE, &address[0], error_code);
	if (result == GUEST_WALK_OK && first < size) {
		result = guest_walk_translate(walk, second_page, GUEST_WALK_WRITE, &address[1],
					      error_code);
		*linear = result != GUEST_WALK_OK ? second_page : *linear;
	}
	if (result != GUEST_WALK_OK) {
		return result;
	}
	if (guest_mem_write(walk->vm, address[0], from, first) != HV_OK ||
	    (first < size && guest_mem_write(walk->vm, address[1], (const uint8_t *)from + first,
					     size - first) != HV_OK)) {
		return GUEST_WALK_HOLE;
	}
	return GUEST_WALK_OK;
}
