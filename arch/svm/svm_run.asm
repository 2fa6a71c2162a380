; SPDX-License-Identifier: Apache-2.0
; Entry to and exit from the guest: the only code that runs with guest registers in the CPU.
;
; GIF is 0 from the CLGI before the last look at is_woken until the host's TR and GS are back after the
; exit: an NMI that comes in between waits, and ends the guest's run at once (intercepted) or is taken
; at the STGI. So none is lost, and none runs on the guest's TSS.
%include "asm_offsets.inc"
%include "push.inc"
default rel
section .text.svm_run progbits alloc exec nowrite align=16

extern svm_inject_prepare
extern svm_exit_decode
extern svm_exit_kicked
extern virt_exit

; Asserted in vmcb.h.
VMCB_RIP equ 0x578
VMCB_RAX equ 0x5f8
; is_nmi_pending, is_flush_wanted and is_launched ("clear what the last entry asked for") of the four.
FLAGS equ 0xff00ffff

; What the C convention keeps, the second argument and, at the top of the stack while the guest runs, the
; first one (twice: the stack stays aligned for calls).
; RBP first: with the return address above it is a frame record, which a back-trace follows.
%define KEPT_REGISTERS rbp, rbx, r12, r13, r14, r15, rsi, rdi, rdi
%define FRAME_RECORD rsp + 8 * 8

; void svm_vcpu_run(struct vcpu_arch *vcpu, struct vm_exit *exit)
; In: RDI, RSI. Keeps what the C convention keeps. IF = 0, GIF = 1 in and out. Enters the guest again
; and again as long as svm_exit_decode() returns true; an entry that does not happen ends in the C
; function of that outcome, with both arguments and the caller's stack.
global svm_vcpu_run
svm_vcpu_run:
	PUSH_ALL KEPT_REGISTERS
again:
	clgi
	cmp byte [gs:CPU_IS_WOKEN], 0
	jne kicked
	mov eax, [rdi + VCPU_IS_LAUNCHED]
	and eax, FLAGS
	or rax, [rdi + VCPU_PENDING_EVENT]
	jnz prepare
enter:
	mov rcx, [rdi + VCPU_CONTROL]
	mov rax, [rdi + 0 * 8]
	mov [rcx + VMCB_RAX], rax
	mov rax, [rdi + VCPU_CONTROL_PA]
	LOAD_GUEST rdi
	mov rdi, [rdi + 7 * 8]
	vmload
	vmrun
	vmsave
	mov rax, [rsp]
	mov [rax + 7 * 8], rdi
	mov rdi, rax
	SAVE_GUEST rdi
	mov rax, [rdi + VCPU_BACKEND] ; SVM_HOST_VMCB_PA
	vmload
	stgi
	mov rcx, [rdi + VCPU_CONTROL]
	mov rax, [rcx + VMCB_RAX]
	mov [rdi + 0 * 8], rax
	mov rax, [rcx + VMCB_RIP]
	mov [rdi + VCPU_RIP_CACHED], rax
	cmp byte [rdi + VCPU_BACKEND + 4 * 8], 0 ; SVM_IS_STUFFED
	jne stuff
decode:
	; Registers that C may use before writing them hold nothing of the guest's afterwards.
	xor edx, edx
	xor r8d, r8d
	xor r9d, r9d
	xor r10d, r10d
	xor r11d, r11d
	lea rbp, [FRAME_RECORD]
	mov rsi, [rsp + 2 * 8]
	call svm_exit_decode
	mov rdi, [rsp]
	test al, al
	jnz again
	POP_ALL KEPT_REGISTERS
	ret

stuff:
	STUFF_RETURN_STACK
	jmp decode

prepare:
	mov rsi, [rsp + 2 * 8]
	call svm_inject_prepare
	mov rdi, [rsp]
	test al, al
	jnz enter
	stgi
	POP_ALL KEPT_REGISTERS
	jmp virt_exit

kicked:
	stgi
	POP_ALL KEPT_REGISTERS
	jmp svm_exit_kicked
