; SPDX-License-Identifier: Apache-2.0
; In the place of a firmware's LZMA unpacker (firmware.py): unpacks what is packed in LZ4's block format.
; In: rcx the LZMA header (13 bytes, which the firmware has read), after it the stream's size (4) and the
; stream; r8 where to. Out: rax 0. Calling convention of UEFI: rsi and rdi are the caller's.
bits 64
	push rsi
	push rdi
	lea rsi, [rcx + 17]
	mov eax, [rcx + 13]
	lea r9, [rsi + rax]
	mov rdi, r8
next:
	xor eax, eax
	lodsb
	mov edx, eax
	mov ecx, eax
	shr ecx, 4
	cmp ecx, 15
	jne literals
.more:
	lodsb
	add ecx, eax
	cmp al, 255
	je .more
literals:
	rep movsb
	cmp rsi, r9
	jae done
	movzx r10d, word [rsi]
	add rsi, 2
	mov ecx, edx
	and ecx, 15
	cmp ecx, 15
	jne match
	xor eax, eax
.more:
	lodsb
	add ecx, eax
	cmp al, 255
	je .more
match:
	add ecx, 4
	mov r11, rsi
	mov rsi, rdi
	sub rsi, r10
	rep movsb
	mov rsi, r11
	jmp next
done:
	xor eax, eax
	pop rdi
	pop rsi
	ret
