; SPDX-License-Identifier: Apache-2.0
; The two jumps out of the loader: to the hypervisor, and to a Linux kernel (bare metal).
bits 64
default rel

section .text

; _Noreturn void handoff_hypervisor(uint64_t root_table, uint64_t entry, uint64_t boot_info,
;                                   uint64_t *tsc_handoff);
; In: RDI = CR3 to be, RSI = entry, RDX = virtual address of boot_info, RCX = where the TSC goes
; (identity mapped). IF = 0. The stack is the firmware's and of no use behind the jump.
global handoff_hypervisor
handoff_hypervisor:
	cli
	cld
	mov	cr3, rdi
	mov	r8, rcx
	mov	r9, rdx
	lfence
	rdtsc
	shl	rdx, 32
	or	rax, rdx
	mov	[r8], rax
	mov	rdi, r9
	xor	ebp, ebp
	jmp	rsi

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
