/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts of ELF files (System V ABI, "Object Files" and "Program Loading"), 64 and 32 bits. */
#pragma once

#include <stdint.h>

#define ELF_MAGIC          0x464c457fu /* "\177ELF" */
#define ELF_CLASS_32       1u
#define ELF_CLASS_64       2u
#define ELF_DATA_LITTLE    1u
#define ELF_TYPE_EXEC      2u
#define ELF_TYPE_DYN       3u
#define ELF_MACHINE_386    3u
#define ELF_MACHINE_X86_64 62u
#define ELF_SEGMENT_LOAD   1u
#define ELF_SEGMENT_NOTE   4u
#define ELF_FLAG_EXECUTE   1u
#define ELF_FLAG_WRITE     2u

struct elf64_header {
	uint32_t magic;
	uint8_t class;
	uint8_t data;
	uint8_t ident_rest[10];
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uint64_t entry;
	uint64_t program_offset;
	uint64_t section_offset;
	uint32_t flags;
	uint16_t header_size;
	uint16_t program_size;
	uint16_t program_count;
	uint16_t section_size;
	uint16_t section_count;
	uint16_t name_index;
};

struct elf64_program {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t virtual_address;
	uint64_t physical_address;
	uint64_t file_size;
	uint64_t memory_size;
	uint64_t alignment;
};

struct elf32_header {
	uint32_t magic;
	uint8_t class;
	uint8_t data;
	uint8_t ident_rest[10];
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uint32_t entry;
	uint32_t program_offset;
	uint32_t section_offset;
	uint32_t flags;
	uint16_t header_size;
	uint16_t program_size;
	uint16_t program_count;
	uint16_t section_size;
	uint16_t section_count;
	uint16_t name_index;
};

struct elf32_program {
	uint32_t type;
	uint32_t offset;
	uint32_t virtual_address;
	uint32_t physical_address;
	uint32_t file_size;
	uint32_t memory_size;
	uint32_t flags;
	uint32_t alignment;
};

_Static_assert(sizeof(struct elf64_header) == 64, "ELF64 header");
_Static_assert(sizeof(struct elf64_program) == 56, "ELF64 program header");
_Static_assert(sizeof(struct elf32_header) == 52, "ELF32 header");
_Static_assert(sizeof(struct elf32_program) == 32, "ELF32 program header");
