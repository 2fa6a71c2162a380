; SPDX-License-Identifier: Apache-2.0
; First instructions of a test kernel: boot headers of three protocols, then long mode.
; Assembled once per set of headers: -DSTART_PVH, -DSTART_MB1, -DSTART_MB2 choose them.

%define PVH_MAGIC 0x336ec578
%define MB1_HEADER_MAGIC 0x1badb002
%define MB1_FLAGS 0x00010003          ; page aligned modules, memory map, address fields valid
%define MB2_HEADER_MAGIC 0xe85250d6
%define BOOT_STACK_SIZE 0x8000
%define PAGE_COUNT 6                  ; PML4, PDPT, four page directories

%define PTE_TABLE 0x7                 ; present, writable, user
%define PTE_LARGE 0x87                ; the same, 2 MiB
%define PTE_UNCACHED 0x18             ; PWT, PCD

extern guest_start
extern image_start, image_data_end, image_end

%ifdef START_PVH
section .note.pvh note alloc noexec nowrite align=4
	dd 4, 4, 18                   ; XEN_ELFNOTE_PHYS32_ENTRY
	db "Xen", 0
	dd start_pvh
%endif

section .boot progbits alloc exec nowrite align=16
%ifdef START_MB1
align 4
mb1_header:
	dd MB1_HEADER_MAGIC, MB1_FLAGS, 0x100000000 - MB1_HEADER_MAGIC - MB1_FLAGS
	dd mb1_header, image_start, image_data_end, image_end, start_multiboot
%endif
%ifdef START_MB2
align 8
mb2_header:
	dd MB2_HEADER_MAGIC, 0, mb2_header_end - mb2_header
	dd 0x100000000 - MB2_HEADER_MAGIC - (mb2_header_end - mb2_header)
	dw 0, 0                       ; end tag
	dd 8
mb2_header_end:
%endif

bits 32
; PVH: EBX = struct hvm_start_info, paging off, flat segments.
global start_pvh
start_pvh:
	mov eax, PVH_MAGIC
; Multiboot: EAX = magic, EBX = information.
global start_multiboot
start_multiboot:
	cld
	mov esp, boot_stack_top
	mov ebp, eax                  ; kept for guest_start
	call make_page_tables
	mov eax, cr4
	or eax, 1 << 5                ; PAE
	mov cr4, eax
	mov eax, boot_pml4
	mov cr3, eax
	mov ecx, 0xc0000080           ; EFER
	rdmsr
	or eax, 1 << 8                ; LME
	wrmsr
	mov eax, 0x80000033           ; PG, NE, ET, MP, PE
	mov cr0, eax
	lgdt [boot_gdt_pointer]
	jmp 0x08:start_long

; Identity map of the first 4 GiB in 2 MiB pages; the last GiB, where devices are, uncached.
make_page_tables:
	mov dword [boot_pml4], boot_pdpt + PTE_TABLE
	mov eax, boot_directories + PTE_TABLE
	mov edi, boot_pdpt
.directory:
	mov [edi], eax
	add eax, 0x1000
	add edi, 8
	cmp edi, boot_pdpt + 4 * 8
	jne .directory
	mov eax, PTE_LARGE
	mov edi, boot_directories
.page:
	cmp eax, 0xc0000000
	jb .store
	or eax, PTE_UNCACHED
.store:
	mov [edi], eax
	add edi, 8
	add eax, 0x200000
	jnc .page
	ret

bits 64
start_long:
	mov eax, 0x10
	mov ds, eax
	mov es, eax
	mov ss, eax
	xor eax, eax
	mov fs, eax
	mov gs, eax
	mov rsp, boot_stack_top
	mov edi, ebp
	mov esi, ebx
	xor ebp, ebp
	call guest_start
.halt:
	cli
	hlt
	jmp .halt

section .data progbits alloc noexec write align=16
align 16
boot_gdt:
	dq 0
	dq 0x00209a0000000000         ; 0x08 64-bit code
	dq 0x00cf92000000ffff         ; 0x10 data
boot_gdt_end:
global boot_gdt_pointer
boot_gdt_pointer:
	dw boot_gdt_end - boot_gdt - 1
	dq boot_gdt

section .bss nobits alloc noexec write align=4096
global boot_pml4
boot_pml4: resb 0x1000
global boot_pdpt
boot_pdpt: resb 0x1000
global boot_directories
boot_directories: resb 0x4000
resb BOOT_STACK_SIZE
boot_stack_top:
