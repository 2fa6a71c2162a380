; SPDX-License-Identifier: Apache-2.0
; First instructions of the hypervisor, and the few routines that switch stacks or segments.
%include "asm_offsets.inc"

BOOT_STACK_SIZE equ 16384

section .bss.boot_stack nobits alloc noexec write align=4096
; paging.c leaves this page unmapped: running off the boot stack faults.
global entry_boot_guard
entry_boot_guard:
	resb 4096
	resb BOOT_STACK_SIZE
boot_stack_top:

section .text.entry progbits alloc exec nowrite align=16

extern cpu_early_init
extern hv_main

; void hv_entry(struct boot_info *boot), entered by the loader as boot_abi.h says: RDI = boot, any
; stack, IF = 0, loader's page tables. Does not return.
global hv_entry
hv_entry:
	cli
	cld
	mov	rsp, boot_stack_top
	xor	ebp, ebp
	mov	rbx, rdi
	call	cpu_early_init
	mov	rdi, rbx
	call	hv_main
	ud2

; void gdt_load_selectors(void): CS, SS, DS, ES from the loaded GDT, FS = GS = 0 (which zeroes their
; bases). Clobbers RAX. IF = 0.
global gdt_load_selectors
gdt_load_selectors:
	mov	eax, SELECTOR_DATA
	mov	ss, eax
	mov	ds, eax
	mov	es, eax
	xor	eax, eax
	mov	fs, eax
	mov	gs, eax
	pop	rax
	push	SELECTOR_CODE
	push	rax
	retfq

; _Noreturn void cpu_switch_stack(struct cpu *cpu, void (*main)(struct cpu *)): RDI = cpu, RSI = main.
global cpu_switch_stack
cpu_switch_stack:
	mov	rsp, [rdi + CPU_STACK_TOP]
	xor	ebp, ebp
	call	rsi
	ud2

; void cpu_wait_nmi(const _Atomic bool *is_woken): RDI. IF = 0: only an NMI ends the HLT. An NMI
; between the check and the HLT would be lost; the NMI handler (traps.c) therefore moves an
; interrupted RIP inside [cpu_wait_nmi, cpu_wait_nmi_end) to the end. The end only returns, so that
; is right anywhere in the range. May return early: the caller looks again. Clobbers nothing.
global cpu_wait_nmi
global cpu_wait_nmi_end
cpu_wait_nmi:
	cmp	byte [rdi], 0
	jne	cpu_wait_nmi_end
	hlt
cpu_wait_nmi_end:
	ret

; Stacks are not executable.
section .note.GNU-stack noalloc noexec nowrite progbits
