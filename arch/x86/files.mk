# Sources of arch/x86; names relative to this folder.
ARCH_X86 := entry.asm ap_start.asm trap_stubs.asm traps.c idt.c gdt.c mce.c cpu.c pagetable.c paging.c \
	lapic.c tsc.c tsc_hz.c smp_start.c port_io.c reset.c cpuid.c
