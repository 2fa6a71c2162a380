; SPDX-License-Identifier: Apache-2.0
; The two jumps out of the loader: to the hypervisor, and to a Linux kernel (bare metal).
bits 64
default rel

section .text

MSR_IA32_EFER equ 0xc0000080
EFER_NXE_BIT equ 11

; _Noreturn void handoff_hypervisor(uint64_t *root, uint64_t entry, uint64_t boot_info,
;                                   uint64_t *tsc_handoff, uint64_t stack_top);
; In: RDI = CR3 to be, RSI = entry, RDX = virtual address of boot_info, RCX = where the TSC goes
; (identity mapped), R8 = virtual. IF = 0. The stack is the firmware's until CR3 is loaded. The entry
; is a C function that does not return.
global handoff_hypervisor
handoff_hypervisor:
	cli
	cld
	mov	r9, rdx
	mov	r10, rcx
	; NX is a reserved bit without it.
	mov	ecx, MSR_IA32_EFER
	rdmsr
	bts	eax, EFER_NXE_BIT
	wrmsr
	mov	cr3, rdi
	mov	rsp, r8
	lfence
	rdtsc
	shl	rdx, 32
	or	rax, rdx
	mov	[r10], rax
	mov	rdi, r9
	xor	ebp, ebp
	call	rsi
	ud2

; _Noreturn void handoff_linux(uint64_t entry, uint64_t boot_params);
; In: RDI = 64-bit entry, RSI = boot_params. IF = 0.
; Documentation/x86/boot.rst, "64-bit Boot Protocol": __BOOT_CS = 0x10, __BOOT_DS = 0x18, both flat.
global handoff_linux
handoff_linux:
	cli
	cld
	lgdt	[linux_gdt_register]
	mov	eax, 0x18
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	fs, eax
	mov	gs, eax
	push	0x10
	push	rdi
	xor	ebp, ebp
	xor	edi, edi
	xor	ebx, ebx
	retfq

section .data
align 8
linux_gdt:
	dq	0, 0
	dq	0x00af9b000000ffff	; code, 64 bits
	dq	0x00cf93000000ffff	; data
linux_gdt_register:
	dw	linux_gdt_register - linux_gdt - 1
	dq	linux_gdt

section .note.GNU-stack noalloc noexec nowrite progbits
