/* SPDX-License-Identifier: Apache-2.0 */
/* Making and ending VMs; hv/vm.h holds what device models may use. */
#pragma once

#include "boot_abi.h"
#include "hv/vm.h"

/* Builds every partition of the configuration. What fails is reported and left out. */
void vm_create_all(const struct boot_info *boot);

/* Starts those with autostart. */
void vm_start_all(const struct boot_info *boot);

/* STOPPED -> RUNNING, with its devices reset. HV_BUSY: it is not stopped. Any CPU. */
enum hv_status vm_start(struct vm *vm) MUST_CHECK;

/* Clears the VM's RAM, fills it with the pieces of its image. On the CPU of its vCPU 0, before that
 * runs. */
enum hv_status vm_load(struct vm *vm) MUST_CHECK;

/* Zeros all of its RAM. */
void vm_clear(struct vm *vm);

/* A vCPU has acknowledged STOPPING, or `lent` has let go of its CPU, on that CPU; the last one
 * finishes the VM. */
void vm_vcpu_left(struct vm *vm, struct vcpu *lent);

/* Makes a stopped VM, which keeps both pointers; no CPU knows of it before vm_attach(). Whatever
 * fails (HV_NO_MEMORY, HV_NOT_FOUND: a CPU) leaves nothing behind. Any CPU. */
enum hv_status vm_create(const struct config_partition *config, const struct boot_image *image,
			 struct vm **made) MUST_CHECK;
void vm_attach(struct vm *vm);

/* A VM made at run time: first its RAM is zeroed, by its own CPU, after which it is STOPPED. */
void vm_clear_new(struct vm *vm);

/* STOPPED -> ABSENT, once each of its CPUs has let go of it. HV_BUSY: it is not stopped. Any CPU;
 * does not wait. */
enum hv_status vm_leave(struct vm *vm) MUST_CHECK;
void vm_vcpu_gone(struct vm *vm); /* a CPU has let go; the last one calls vm_destroy() */
void vm_destroy(struct vm *vm);   /* gives everything back */

/* The CPU of a running VM's vCPU becomes free, soon; it comes back, and waits for a SIPI.
 * HV_BUSY: it does not run, or has no such CPU; it has it already, or another does. Any CPU. */
enum hv_status vm_lend(struct vcpu *vcpu) MUST_CHECK;
enum hv_status vm_take_back(struct vcpu *vcpu) MUST_CHECK;

/* Its vCPUs stand still, or go on. HV_BUSY: it does not run, or already does what is asked for. */
enum hv_status vm_pause(struct vm *vm, bool is_paused) MUST_CHECK;

/* The first VM whose configuration has a flag, or NULL. */
struct vm *vm_with_flag(uint32_t flag);
