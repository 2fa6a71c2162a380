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

/* A vCPU has acknowledged STOPPING; the last one finishes the VM. */
void vm_vcpu_left(struct vm *vm);

/* The VM that owns the real UART, or NULL. */
struct vm *vm_uart_owner(void);
