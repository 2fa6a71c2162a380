; SPDX-License-Identifier: Apache-2.0
; Exception stubs, the stub that empties the local APIC, and instructions that may fault.
%include "asm_offsets.inc"
%include "push.inc"

section .text.traps progbits alloc exec nowrite align=16

extern traps_handle
extern lapic_drain_one

; Vectors where the CPU pushes an error code (SDM 3A, "Error Code"): 8 10-14 17 21 29 30.
%define ERROR_CODE_VECTORS (1 << 8 | 0x1f << 10 | 1 << 17 | 1 << 21 | 3 << 29)

%macro STUB 1
align 16
stub_%1:
%if (ERROR_CODE_VECTORS >> %1) & 1 == 0
	push	0
%endif
	push	%1
	jmp	traps_common
%endmacro

; One stub of STUB_SIZE bytes for each exception; idt.c computes their addresses.
global traps_stubs
traps_stubs:
%assign vector 0
%rep 32
	STUB	vector
%assign vector vector + 1
%endrep
global traps_stubs_end
align 16
traps_stubs_end:

%define FRAME_REGISTERS rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15

; Completes struct trap_frame and calls traps_handle(frame), which may change the frame. IF = 0; GIF,
; GS base and stack as interrupted (GS base is the CPU's own throughout host mode: no SWAPGS).
traps_common:
	PUSH_ALL FRAME_REGISTERS
	mov	rax, cr2
	push	rax
%if FRAME_VECTOR != 16 * 8
%error "struct trap_frame is not what is pushed here"
%endif
	mov	rdi, rsp
	cld
	; The frame is 8 bytes short of the ABI's 16-byte alignment.
	sub	rsp, 8
	call	traps_handle
	add	rsp, 16
	POP_ALL FRAME_REGISTERS
	add	rsp, 16
	iretq

; Gate of every external vector while arch_lapic_reset() lets them in: no error code, whatever the
; number. Calls lapic_drain_one(). IF = 0.
global traps_drain
traps_drain:
	PUSH_ALL VOLATILE_REGISTERS
	cld
	call	lapic_drain_one
	POP_ALL VOLATILE_REGISTERS
	iretq

; bool msr_read_safe(uint32_t number, uint64_t *value): EDI, RSI. false: #GP, *value unchanged.
global msr_read_safe
msr_read_safe:
	mov	ecx, edi
read_msr:
	rdmsr
	shl	rdx, 32
	or	rax, rdx
	mov	[rsi], rax
	mov	eax, 1
	ret

; bool msr_write_safe(uint32_t number, uint64_t value): EDI, RSI. false: #GP, nothing written.
global msr_write_safe
msr_write_safe:
	mov	ecx, edi
	mov	eax, esi
	mov	rdx, rsi
	shr	rdx, 32
write_msr:
	wrmsr
	mov	eax, 1
	ret

refused:
	xor	eax, eax
	ret

section .rodata.traps progbits alloc noexec nowrite align=8
; Pairs: instruction that may raise #GP, where to go on.
global traps_fixups
traps_fixups:
	dq	read_msr, refused
	dq	write_msr, refused
global traps_fixups_end
traps_fixups_end:

section .note.GNU-stack noalloc noexec nowrite progbits
