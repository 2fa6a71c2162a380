; SPDX-License-Identifier: Apache-2.0
; By its header a relocatable Linux kernel, as the management partition's must be; it powers off at once.
; Documentation/x86/boot.rst, "The Real-Mode Kernel Header".
	bits 64
	org 0
SETUP_SIZE	equ 0x400
ALIGNMENT	equ 0x200000
ENTRY_64	equ 0x200
SLEEP_CONTROL	equ 0x600
SLEEP_S5	equ 5 << 2 | 1 << 5

	times 0x1f1 - ($ - $$) db 0
	db 1				; setup_sects
	times 0x1fe - ($ - $$) db 0
	dw 0xaa55			; boot_flag
	db 0xeb, header_end - 0x202	; jump
	db "HdrS"
	dw 0x20f			; version
	times 0x211 - ($ - $$) db 0
	db 1				; loadflags: LOADED_HIGH
	times 0x22c - ($ - $$) db 0
	dd 0x7fffffff			; initrd_addr_max
	dd ALIGNMENT
	db 1, 21			; relocatable_kernel, min_alignment
	dw 1				; xloadflags: XLF_KERNEL_64
	dd 2047				; cmdline_size
	times 0x258 - ($ - $$) db 0
	dq ALIGNMENT			; pref_address
	dd 0x10000			; init_size
	times 0x26c - ($ - $$) db 0
header_end:
	times SETUP_SIZE + ENTRY_64 - ($ - $$) db 0
	mov edx, SLEEP_CONTROL
	mov al, SLEEP_S5
	out dx, al
.rest:	pause
	jmp .rest
