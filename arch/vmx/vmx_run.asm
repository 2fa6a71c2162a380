; SPDX-License-Identifier: Apache-2.0
; Entry to and exit from the guest: the only code that runs with guest registers in the CPU.
;
; While the guest runs HOST_RSP is the address of its struct vcpu_arch: at the exit RSP points at the
; register array, and no other register is needed to find it. Nothing is pushed meanwhile; an NMI or
; machine check in that window runs on its own stack (IST).
%include "asm_offsets.inc"
%include "push.inc"
default rel
section .text.vmx_run progbits alloc exec nowrite align=16

extern vmx_inject_prepare
extern vmx_exit_decode
extern vmx_exit_entry_failed
extern virt_exit

%macro ENTER 1 ; VMLAUNCH or VMRESUME
	mov rsp, rbx
	LOAD_GUEST rsp
	mov rax, [rsp + 0 * 8]
	mov rdi, [rsp + 7 * 8]
	%1
%endmacro

; Registers that C may use before writing them hold nothing of the guest's afterwards.
%macro LEAVE 0
	mov [rsp + 0 * 8], rax
	mov [rsp + 7 * 8], rdi
	SAVE_GUEST rsp
	xor eax, eax
	xor ecx, ecx
	xor edx, edx
	xor r8d, r8d
	xor r9d, r9d
	xor r10d, r10d
	xor r11d, r11d
	mov rdi, rsp
	mov rsp, [rdi + VCPU_BACKEND] ; VMX_HOST_RSP
%endmacro

; What the C convention keeps, and the second argument. RBP first: with the return address above it is a
; frame record, which a back-trace follows.
%define KEPT_REGISTERS rbp, rbx, r12, r13, r14, r15, rsi
%define FRAME_RECORD rsp + 6 * 8

; void vmx_vcpu_run(struct vcpu_arch *vcpu, struct vm_exit *exit)
; In: RDI, RSI. Keeps what the C convention keeps. IF = 0. Enters the guest again and again as long as
; vmx_exit_decode() returns true; an entry that fails ends in the C function of that outcome, with both
; arguments and the caller's stack.
global vmx_vcpu_run
vmx_vcpu_run:
	PUSH_ALL KEPT_REGISTERS
	mov rbx, rdi
	mov [rbx + VCPU_BACKEND], rsp
again: ; RBX = vcpu
	mov eax, [rbx + VCPU_IS_LAUNCHED] ; and is_nmi_pending, is_x2apic, is_flush_wanted
	and eax, 0xff00ffff
	xor eax, 1
	or rax, [rbx + VCPU_PENDING_EVENT]
	or rax, [rbx + VCPU_BACKEND + 8] ; VMX_ALWAYS_PREPARE
	jnz prepare
resume:
	ENTER vmresume
failed:
	mov rdi, rsp
	mov rsp, [rdi + VCPU_BACKEND]
	POP_ALL KEPT_REGISTERS
	jmp vmx_exit_entry_failed

prepare:
	mov rdi, rbx
	mov rsi, [rsp]
	call vmx_inject_prepare
	test al, al
	jz refused
	cmp byte [rbx + VCPU_IS_LAUNCHED], 0
	jne resume
	mov byte [rbx + VCPU_IS_LAUNCHED], 1
	ENTER vmlaunch
	jmp failed
refused:
	mov rdi, rbx
	POP_ALL KEPT_REGISTERS
	jmp virt_exit

; After an exit. In: RDI = vcpu, RSP as pushed above, so aligned for the call.
%macro ANSWER 0
	mov rbx, rdi
	lea rbp, [FRAME_RECORD]
	mov rsi, [rsp]
	call vmx_exit_decode
	test al, al
	jnz again
	POP_ALL KEPT_REGISTERS
	ret
%endmacro

; Where the CPU comes back. In: RSP = vcpu, all other general registers the guest's, RFLAGS = 2.
global vmx_host_entry
align 16
vmx_host_entry:
	LEAVE
	ANSWER

; The same for CPUs whose return stack must be refilled.
global vmx_host_entry_stuffed
align 16
vmx_host_entry_stuffed:
	LEAVE
	STUFF_RETURN_STACK
	ANSWER
