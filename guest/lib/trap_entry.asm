; SPDX-License-Identifier: Apache-2.0
; Interrupt and exception stubs, and calls whose faults are caught.

extern trap_dispatch
%define ERROR_CODE_VECTORS 0x60227d00 ; 8, 10-14, 17, 21, 29, 30
%define SELECTOR_USER_DATA 0x1b
%define SELECTOR_USER_CODE 0x23
%define VECTOR_USER_RETURN 0x80       ; trap.h has the same

section .text
; One 16-byte stub per vector; vector and error code (0 where the CPU pushes none) on the stack.
align 16
global trap_stubs
trap_stubs:
%assign vector 0
%rep 256
align 16
%if vector > 31 || ((ERROR_CODE_VECTORS >> vector) & 1) == 0
	push 0
%endif
	push strict dword vector
	jmp trap_common
%assign vector vector + 1
%endrep

; struct trap_frame on the stack, its address in RDI. Interrupts are off.
trap_common:
	push rax
	push rcx
	push rdx
	push rbx
	push rbp
	push rsi
	push rdi
	push r8
	push r9
	push r10
	push r11
	push r12
	push r13
	push r14
	push r15
	cld
	mov rdi, rsp
	call trap_dispatch
	pop r15
	pop r14
	pop r13
	pop r12
	pop r11
	pop r10
	pop r9
	pop r8
	pop rdi
	pop rsi
	pop rbp
	pop rbx
	pop rdx
	pop rcx
	pop rax
	add rsp, 16
	iretq

%macro PUSH_SAVED 0
	push rbx
	push rbp
	push r12
	push r13
	push r14
	push r15
%endmacro

; uint64_t trap_call(void (*function)(void *), void *argument, uint64_t *stack);
; In: RDI, RSI, RDX. Out: RAX = 0 when the function returned, 1 when trap_dispatch() cut it short
; by continuing at trap_call_return with RSP = *stack and RAX = 1.
global trap_call
trap_call:
	PUSH_SAVED
	sub rsp, 8
	mov [rdx], rsp
	mov rax, rdi
	mov rdi, rsi
	call rax
	xor eax, eax
global trap_call_return
trap_call_return:
	add rsp, 8
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbp
	pop rbx
	ret

; uint64_t trap_call_user(void (*function)(void *), void *argument, uint64_t *stack, uint64_t top);
; The same at CPL 3 on the stack that ends at `top`; returning is an INT VECTOR_USER_RETURN, which
; trap_dispatch() answers with RAX = 0. RFLAGS: IF = 1, IOPL = 0.
global trap_call_user
trap_call_user:
	PUSH_SAVED
	sub rsp, 8
	mov [rdx], rsp
	mov rax, rdi
	mov rdi, rsi
	mov qword [rcx - 8], trap_user_return
	sub rcx, 8
	push SELECTOR_USER_DATA
	push rcx
	push 0x202
	push SELECTOR_USER_CODE
	push rax
	iretq
trap_user_return:
	int VECTOR_USER_RETURN
	ud2
