# Sources of arch/fake: host tests name the ones they link; none is part of the hypervisor. All of
# them, for a `Links:` line, are needed by fake_reset() except fake_pte.c and fake_io.c.
ARCH_FAKE := fake_cpu.c fake_vcpu.c fake_io.c fake_pte.c fake_mem.c fake_lapic.c fake_clock.c fake_port.c
