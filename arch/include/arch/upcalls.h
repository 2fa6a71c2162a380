/* SPDX-License-Identifier: Apache-2.0 */
/* The only functions of hv that arch may call. */
#pragma once

#include "addr.h"
#include "status.h"

#include <stddef.h>

struct boot_info;
struct vm_arch;

/* Entered by the loader (boot_abi.h): on the boot CPU's own stack, still with identity mapping. */
_Noreturn void hv_main(struct boot_info *boot);

/* `count` contiguous zeroed pages of the pool; NULL when it is exhausted. */
void *page_alloc(uint32_t count);
void page_free(void *pages, uint32_t count);

/* Guest-physical memory of a VM; all or nothing. HV_RANGE: not wholly its RAM. */
enum hv_status guest_mem_read(const struct vm_arch *vm, gpa_t from, void *to,
			      size_t size) MUST_CHECK;
enum hv_status guest_mem_write(const struct vm_arch *vm, gpa_t to, const void *from,
			       size_t size) MUST_CHECK;

/*
 * Exits answered from within arch_vcpu_run(), so that the guest goes on without the way out and
 * back: a hypercall at CPL 0, which has been stepped over; a port access, not a string; and kinds
 * IO, MMIO, APIC_READ and APIC_WRITE. False: a request waits and the vCPU has to leave; *exit is
 * then KICK. An arch may as well return these exits (arch/fake does).
 */
struct vcpu_arch;
struct vm_exit;
bool hv_hypercall(struct vcpu_arch *vcpu, struct vm_exit *exit);
bool hv_io(struct vcpu_arch *vcpu, struct vm_exit *exit);
bool hv_exit(struct vcpu_arch *vcpu, struct vm_exit *exit);

/* One record of the trace (struct manage_trace) of the running CPU, which has a vCPU; start: 0 for
 * what is no exit. Not from NMI context. Rings NULL: it is off, and this does nothing. */
extern struct trace_ring *_Atomic hv_trace_rings;
void hv_trace(uint32_t reason, uint64_t info, uint64_t start);

/* An exception in the hypervisor itself: prints and stops the machine. `frame`: see trap_stubs.asm.
 */
struct trap_frame;
_Noreturn void panic_exception(const struct trap_frame *frame);
__attribute__((format(printf, 1, 2))) _Noreturn void panic(const char *format, ...);

/* Looks an address up in the image's symbol table: name and offset, or NULL. */
const char *symbol_find(uint64_t address, uint64_t *offset);
