/* SPDX-License-Identifier: Apache-2.0 */
/* Knobs and records of the fake arch: what a host test sets, and what it finds afterwards. */
#pragma once

#include "arch/cpu.h"
#include "arch/lapic.h"
#include "arch/mmu.h"
#include "arch/vcpu.h"
#include "space_abi.h"

#include <setjmp.h>
#include <stddef.h>

/* Everything back to its first state; frees the memory. At the start of every test case. */
void fake_reset(void);

/* --- memory (fake_mem.c): one block of "physical" memory; its first part is the region ----------
 */

#define FAKE_MEMORY_BASE UINT64_C(0x40000000) /* host-physical address of its first byte */

struct fake_memory {
	uint8_t *bytes;
	uint64_t size;
	uint64_t region_size; /* arch_va_to_pa() and arch_pa_to_va() die outside the region */
	hpa_t window[SPACE_WINDOW_SLOTS]; /* frame; value 0 = unmapped */
	uint32_t window_map_count;
};
extern struct fake_memory fake_memory;

/* Both sizes are multiples of 2 MiB; contents are 0xa5, never zero by luck. */
void fake_memory_init(uint64_t size, uint64_t region_size);
/* For the test itself, with no window: any address of the memory. */
void *fake_memory_at(hpa_t address);

/* --- CPUs (fake_cpu.c) ------------------------------------------------------------------------ */

struct fake_cpus {
	struct cpu *current;          /* arch_this_cpu() */
	uint32_t kick_count[CPU_MAX]; /* by cpu->index */
	uint32_t idle_count;
	uint32_t stop_others_count;
	uint64_t dead_cpus;    /* bit n: CPU n does not come up */
	bool is_pause_allowed; /* else arch_cpu_pause() dies: one thread that spins, spins for ever
				*/
	/* Called by arch_cpu_idle() while the CPU is not woken: wakes it, or leaves by longjmp().
	 */
	void (*on_idle)(struct cpu *cpu);
	void (*on_kick)(struct cpu *cpu);
	/* arch_cpu_halt() jumps to halt_return; value 1. */
	jmp_buf halt_return;
};
extern struct fake_cpus fake_cpus;

/* --- vCPUs (fake_vcpu.c) ---------------------------------------------------------------------- */

#define FAKE_VCPU_MAX   CPU_MAX
#define FAKE_INJECT_MAX 32u

struct fake_injection {
	uint8_t vector;
	bool has_error_code;
	uint32_t error_code;
};

/* One exit that arch_vcpu_run() plays back, and the registers the guest had then. */
struct fake_exit {
	struct vm_exit exit;
	bool has_gpr;
	uint64_t gpr[16];
};

struct fake_vcpu {
	struct vcpu_arch *vcpu;       /* NULL: this entry is free */
	uint64_t reg[VCPU_REG_COUNT]; /* those that are not in vcpu->gpr */
	const struct fake_exit *script;
	size_t script_count;
	size_t script_next;
	uint32_t run_count;
	uint32_t skip_count;
	uint32_t reset_count;
	uint32_t release_count;
	uint32_t dump_count;
	uint32_t flush_count; /* entries with is_flush_wanted */
	uint32_t apic_done_count;
	uint64_t apic_value;
	struct boot_start start; /* of the last reset */
	struct fake_injection injected[FAKE_INJECT_MAX];
	uint32_t inject_count;
	uint32_t nmi_count;
	/* String I/O: elements come from and go to here. */
	uint8_t io_bytes[64];
	uint32_t io_next;
	bool is_io_faulting;
};

struct fake_vcpus {
	struct fake_vcpu vcpus[FAKE_VCPU_MAX];
	/* The script has ended: leaves by longjmp(), or gives one more exit and returns. */
	void (*on_script_end)(struct vcpu_arch *vcpu, struct vm_exit *exit);
	void (*on_run)(struct vcpu_arch *vcpu); /* before each exit is played; may be NULL */
	uint32_t init_failures; /* this many of the next inits fail with HV_NO_MEMORY */
	uint32_t max_leaf;
	bool is_multihit;
};
extern struct fake_vcpus fake_vcpus;

struct fake_vcpu *fake_vcpu_of(const struct vcpu_arch *vcpu);
void fake_vcpu_script(struct vcpu_arch *vcpu, const struct fake_exit *script, size_t count);

/* --- local APIC (fake_lapic.c), clock (fake_clock.c), ports (fake_port.c) -----------------------
 */

#define FAKE_IPI_MAX 64u

struct fake_ipi {
	uint32_t apic_id;
	uint32_t delivery_mode;
	uint8_t vector;
};

struct fake_lapic {
	uint32_t reg[0x400 / 16];
	struct fake_ipi ipi[FAKE_IPI_MAX]; /* the first ones */
	uint32_t ipi_count;
	uint32_t reset_count;
	uint32_t write_count;
	bool is_x2apic;
	bool has_deadline;
};
extern struct fake_lapic fake_lapic;

struct fake_clock {
	uint64_t tsc; /* moves by tsc_step at each reading */
	uint64_t tsc_step;
	uint64_t tsc_hz;
};
extern struct fake_clock fake_clock;

#define FAKE_PORT_LOG 256u

struct fake_port_access {
	uint16_t port;
	uint8_t size;
	bool is_write;
	uint32_t value;
};

struct fake_ports {
	uint32_t value[65536]; /* what a read gives when there is no on_read; first all ones */
	uint32_t (*on_read)(uint16_t port, uint32_t size);
	void (*on_write)(uint16_t port, uint32_t size, uint32_t value);
	struct fake_port_access log[FAKE_PORT_LOG]; /* the first ones */
	uint32_t access_count;
};
extern struct fake_ports fake_ports;

/* Used by fake_reset(). */
void fake_memory_reset(void);
void fake_vcpu_reset_all(void);
void fake_lapic_reset(void);
void fake_clock_reset(void);
void fake_port_reset(void);
