; SPDX-License-Identifier: Apache-2.0
; Start of the other vCPUs: a real-mode page that smp.c copies to AP_START_PAGE, then long mode.

%define AP_START_PAGE 0x8000          ; smp.h has the same
%define STACK_SHIFT 14                ; smp.h has the same

extern boot_pml4, smp_ap_main, smp_stacks, smp_index_of_apic

section .data progbits alloc noexec write align=16
; Entered by SIPI: CS = AP_START_PAGE >> 4, IP = 0, interrupts off.
bits 16
global ap_start_begin
ap_start_begin:
	cli
	cld
	mov ax, cs
	mov ds, ax
	lock inc dword [ap_start_seen - ap_start_begin]
	lgdt [ap_gdt_pointer - ap_start_begin]
	mov eax, 0x00000011           ; ET, PE; caches on
	mov cr0, eax
	jmp dword 0x18:(ap_start_32 - ap_start_begin + AP_START_PAGE)
bits 32
ap_start_32:
	mov eax, 0x10
	mov ds, eax
	mov es, eax
	mov ss, eax
	mov eax, cr4
	or eax, 1 << 5                ; PAE
	mov cr4, eax
	mov eax, [ap_start_cr3 - ap_start_begin + AP_START_PAGE]
	mov cr3, eax
	mov ecx, 0xc0000080           ; EFER
	rdmsr
	or eax, 1 << 8                ; LME
	wrmsr
	mov eax, 0x80000033           ; PG, NE, ET, MP, PE
	mov cr0, eax
	jmp 0x08:(ap_start_64 - ap_start_begin + AP_START_PAGE)
bits 64
ap_start_64:
	mov rax, ap_start_high
	jmp rax
align 16
ap_gdt:
	dq 0
	dq 0x00209a0000000000         ; 0x08 64-bit code
	dq 0x00cf92000000ffff         ; 0x10 data
	dq 0x00cf9a000000ffff         ; 0x18 32-bit code
ap_gdt_pointer:
	dw ap_gdt_pointer - ap_gdt - 1
	dd ap_gdt - ap_start_begin + AP_START_PAGE
; uint32_t: page table root, filled in by smp.c.
global ap_start_cr3
ap_start_cr3: dd 0
; uint32_t: how often a vCPU came by; counts in the copy at AP_START_PAGE.
global ap_start_seen
ap_start_seen: dd 0
global ap_start_end
ap_start_end:

section .text
; In the kernel's image now. The stack is found by the initial APIC ID (CPUID leaf 1).
ap_start_high:
	mov eax, 1
	cpuid
	shr ebx, 24
	mov rax, smp_index_of_apic
	movzx edi, byte [rax + rbx]
	lea eax, [rdi + 1]
	shl rax, STACK_SHIFT
	mov rsp, smp_stacks
	add rsp, rax
	xor ebp, ebp
	call smp_ap_main
.halt:
	cli
	hlt
	jmp .halt
