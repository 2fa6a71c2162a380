# Sources of arch/x86; names relative to this folder.
ARCH_X86 := entry.asm trap_stubs.asm traps.c idt.c gdt.c mce.c cpu.c paging.c \
	lapic.c tsc.c smp_start.c port_io.c
# The guest's side: what its instructions see.
ARCH_X86 += virt.c stage2_pte.c virt_run.c virt_dump.c event.c guest_cpuid.c guest_msr.c guest_cr.c guest_clock.c \
	guest_walk.c guest_fetch.c guest_io.c guest_mmio.c guest_alu.c decode.c fpu.c
