; SPDX-License-Identifier: Apache-2.0
; What another CPU runs first: from real mode to long mode in one step, on the page below 1 MiB, and
; on to where the hypervisor wants it (struct boot_cpu_start).

CR0_PE equ 1 << 0
CR0_MP equ 1 << 1
CR0_ET equ 1 << 4
CR0_NE equ 1 << 5
CR0_WP equ 1 << 16
CR0_PG equ 1 << 31
CR4_PAE equ 1 << 5
MSR_IA32_EFER equ 0xc0000080
EFER_LME equ 1 << 8
EFER_NXE equ 1 << 11
SELECTOR_CODE equ 0x08
SELECTOR_DATA equ 0x10
; Asserted in region.c.
START_STACK equ 0
START_ENTRY equ 8
START_ARGUMENT equ 16

section .data

; Entered by SIPI: CS = page >> 4, IP = 0 (SDM 3A, "Processor State After Reset"), IF = 0.
; It only reads its page: accessed bits of the descriptors are set in advance.
global ap_start:data hidden
ap_start:
bits 16
	cli
	cld
	mov	ax, cs
	mov	ds, ax
	; Linear address of this page, for what must be given as linear addresses.
	xor	ebx, ebx
	mov	bx, cs
	shl	ebx, 4

	; An IDT of limit 0: any NMI before the real one is there shuts this CPU down, as it must.
	lidt	[no_idt - ap_start]
	; The base of the GDT depends on the page; build the pointer on a stack right below its end.
	mov	ss, ax
	mov	sp, 0x1000
	lea	eax, [ebx + gdt - ap_start]
	push	eax
	push	word gdt_end - gdt - 1
	mov	bp, sp
	o32 lgdt [bp]
	lea	eax, [ebx + long_mode - ap_start]
	push	dword SELECTOR_CODE
	push	eax

	mov	eax, CR4_PAE
	mov	cr4, eax
	mov	eax, [parameters - ap_start]
	mov	cr3, eax
	mov	ecx, MSR_IA32_EFER
	mov	eax, EFER_LME | EFER_NXE
	xor	edx, edx
	wrmsr
	; PE and PG together: SDM 3A, "Initializing IA-32e Mode" allows it; CD and NW off.
	mov	eax, CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG
	mov	cr0, eax
	mov	bp, sp
	jmp	far dword [bp]

bits 64
long_mode:
	mov	eax, SELECTOR_DATA
	mov	ss, eax
	mov	ds, eax
	mov	es, eax
	xor	eax, eax
	mov	fs, eax
	mov	gs, eax
	mov	rdx, [rel parameters + 8]
	mov	rsp, [rdx + START_STACK]
	mov	rax, [rdx + START_ENTRY]
	mov	rdi, [rdx + START_ARGUMENT]
	xor	ebp, ebp
	call	rax
	ud2

align 8
gdt:	dq 0
	dq 0x00af9b000000ffff		; 64-bit code, accessed
	dq 0x00cf93000000ffff		; data, accessed
gdt_end:
no_idt:	dw 0
	dd 0
align 8
; CR3, and the virtual address of struct boot_cpu_start: the last two words, filled in by region.c.
parameters:
	dq 0, 0
global ap_start_end:data hidden
ap_start_end:

section .note.GNU-stack noalloc noexec nowrite progbits
