; SPDX-License-Identifier: Apache-2.0
; Loading segment registers; sleep.
%include "asm_offsets.inc"

section .text.cpu progbits alloc exec nowrite align=16

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
