ARCH_X86 := cpuid.c
