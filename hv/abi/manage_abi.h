/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The management device: how the management partition tells the hypervisor what to do. One PCI
 * function, reached from user space through its resource files:
 *
 *   resource0   ports of 32 bits: MANAGE_PORT_MAGIC and MANAGE_PORT_VERSION are read; writing the
 *               number of a command's slot to MANAGE_PORT_DOORBELL has that command done, or
 *               refused, when the write returns.
 *   resource2   memory, MANAGE_WINDOW_SIZE bytes: struct manage_window, little endian.
 *
 * A command is decoded in full, from a copy, before anything is done; a status other than MANAGE_OK
 * means that nothing has changed. Data goes through window.data at an offset the caller chooses;
 * callers share the window between themselves by a lock of their own. Fields that a command does
 * not use must be 0. The layout of a version never changes.
 */
#pragma once

#include "boot_abi.h"
#include "hypercall_abi.h"

#define MANAGE_MAGIC         0x4d616e42u /* "BnaM" */
#define MANAGE_VERSION       1u
#define MANAGE_VENDOR        0x1234u /* of emulated devices; revision = MANAGE_VERSION */
#define MANAGE_DEVICE        0x4248u
#define MANAGE_PORT_DOORBELL 0u
#define MANAGE_PORT_VERSION  4u
#define MANAGE_PORT_MAGIC    8u

#define MANAGE_WINDOW_SIZE (UINT64_C(512) << 10)
#define MANAGE_SLOT_COUNT  16u
#define MANAGE_EVENT_COUNT 64u /* a power of two */
#define MANAGE_DATA_SIZE   (UINT64_C(504) << 10)

enum manage_opcode {
	MANAGE_NULL = 0,      /* does nothing */
	MANAGE_INFO = 1,      /* data: struct manage_info */
	MANAGE_PARTITION = 2, /* id; data: struct manage_partition */
	MANAGE_VCPU = 3,      /* id, argument = vCPU index; data: struct manage_vcpu */
	MANAGE_START = 4,     /* id */
	MANAGE_STOP = 5,      /* id: at once, as by pulling the plug */
	MANAGE_PAUSE = 6,     /* id: its vCPUs stand still; nothing while it is paused */
	MANAGE_RESUME = 7,    /* id */
	MANAGE_CREATE = 8,    /* data: struct manage_create; result = id, the same as long as no
			       * other has it when it comes back under its name */
	MANAGE_LOAD = 9,      /* id, argument = guest-physical address; data: bytes of its RAM */
	MANAGE_DESTROY = 10,  /* id: stopped, and created by MANAGE_CREATE */
	MANAGE_LOG = 11,      /* argument = position; data: text; result = position behind it */
	MANAGE_CONSOLE_READ = 12,  /* id, argument = position; as MANAGE_LOG */
	MANAGE_CONSOLE_WRITE = 13, /* id; data: typed bytes; result = bytes taken */
	MANAGE_TRACE = 14, /* argument: 1: record what the CPUs do, 0: stop; records not read are
			    * lost. BUSY: that is so already. NO_MEMORY: the pool has no 64 KiB a
			    * CPU. It goes on when this partition ends
			    */
	MANAGE_TRACE_READ = 15,   /* id: of a CPU; argument = position; data: struct manage_trace;
				   * result = position behind them. NO_CPU: there is no such CPU, or
				   * no trace
				   */
	MANAGE_TAKE_CPU = 16,     /* id, argument = vCPU index: its CPU becomes free, soon */
	MANAGE_GIVE_CPU = 17,     /* the same: its CPU is back, and waits for INIT and SIPI */
	MANAGE_CONSOLE_SIZE = 18, /* id, argument = columns | rows << 16, neither of them 0 */
	MANAGE_DISK_TAKE = 19,    /* id, argument = offset in a write's data; data: struct
				   * manage_disk_request, then the write's bytes from there on */
	MANAGE_DISK_DONE = 20,    /* id; data: struct manage_disk_done, then bytes of a read */
	MANAGE_COUNT,
};

enum manage_status {
	MANAGE_OK = 0,
	MANAGE_PENDING = 1,      /* not a result: what a caller writes before the doorbell */
	MANAGE_UNKNOWN = 2,      /* no such opcode */
	MANAGE_INVALID = 3,      /* an argument is out of its range, or an unused field is not 0 */
	MANAGE_NO_PARTITION = 4, /* no partition has this id */
	MANAGE_BUSY = 5,         /* not in the state that this needs: see each command */
	MANAGE_NO_MEMORY = 6,    /* free RAM, or the hypervisor's pool, does not suffice */
	MANAGE_NO_CPU = 7,       /* a CPU is not there, or another partition's */
	MANAGE_DENIED = 8,       /* not on this partition */
	MANAGE_BAD_ADDRESS = 9,  /* not (wholly) the partition's RAM */
	MANAGE_NEEDS_IOMMU = 10, /* a real PCI function: nothing would keep its DMA in its place */
};

/*
 * CPUs and RAM change hands while partitions are stopped: one made by MANAGE_CREATE is destroyed
 * and created anew, for its tables tell its kernel what it has. The management partition lends CPUs
 * while it runs: its kernel puts one offline, MANAGE_TAKE_CPU frees it, MANAGE_GIVE_CPU brings it
 * back. Its RAM stays. MANAGE_DENIED: vCPU 0, or another partition. MANAGE_BUSY: the CPU is not
 * there, or there already. MANAGE_NO_CPU: another partition has it. MANAGE_CONSOLE_SIZE holds until
 * the next one. MANAGE_DENIED: no virtio console.
 */

struct manage_command {
	uint32_t opcode; /* enum manage_opcode */
	uint32_t status; /* enum manage_status; written by the hypervisor, last */
	uint32_t id;     /* of a partition; TRACE_READ: of a CPU */
	uint32_t reserved;
	uint64_t argument;
	uint32_t data_offset; /* in window.data */
	uint32_t data_size;   /* room there, or bytes there */
	uint64_t result;
	uint32_t data_used; /* bytes written there */
	uint32_t reserved2;
	uint64_t reserved3[2];
};
_Static_assert(sizeof(struct manage_command) == 64, "layout");

enum manage_event_kind {
	MANAGE_EVENT_STARTED = 1,
	MANAGE_EVENT_STOPPED = 2, /* value = enum manage_cause */
	MANAGE_EVENT_CREATED = 3, /* its RAM is zeroed: it can be loaded */
	MANAGE_EVENT_DESTROYED = 4,
	MANAGE_EVENT_ENTERED = 5, /* its first instruction is about to run */
};

struct manage_event {
	uint32_t kind; /* enum manage_event_kind */
	uint32_t id;
	uint64_t value;
	uint64_t tsc;
	uint64_t sequence; /* of this event; another number: overwritten meanwhile */
};

struct manage_window {
	uint64_t event_next; /* sequence number of the next event; 0: none since this partition's
			      * start
			      */
	uint64_t reserved[7];
	struct manage_command commands[MANAGE_SLOT_COUNT];
	struct manage_event events[MANAGE_EVENT_COUNT]; /* by sequence % MANAGE_EVENT_COUNT */
	/* By id: changes when the partition has told its served disk of requests. Read it, then
	 * take them. */
	uint64_t disk_kicks[CONFIG_PARTITION_MAX];
	uint8_t reserved3[8192 - 64 - 1024 - 2048 - 256];
	uint8_t data[MANAGE_DATA_SIZE];
};
_Static_assert(sizeof(struct manage_window) == MANAGE_WINDOW_SIZE, "layout");

struct manage_info {
	uint32_t version;
	uint32_t cpu_count;
	uint64_t cpus_free; /* bit n: CPU n is online and no partition's */
	uint64_t tsc_hz;
	uint64_t tsc;
	uint64_t unix_nanoseconds;
	uint64_t memory_free; /* bytes, for partitions */
	uint64_t pool_total;  /* bytes the hypervisor has set aside */
	uint64_t pool_used;
	uint32_t partition_max;
	uint32_t is_x2apic;
	uint32_t facts; /* VIRT_FACT_* */
	uint32_t reserved;
};

enum manage_state {
	MANAGE_STOPPED,
	MANAGE_RUNNING,
	MANAGE_STOPPING,
	MANAGE_PAUSED,
	MANAGE_CLEARING, /* created, and its RAM is being zeroed */
};

enum manage_cause {
	MANAGE_CAUSE_POWER_OFF,
	MANAGE_CAUSE_RESET,
	MANAGE_CAUSE_CRASH,
	MANAGE_CAUSE_STOP, /* by MANAGE_STOP */
};

struct manage_partition {
	struct config_partition config;
	uint32_t state; /* enum manage_state */
	uint32_t cause; /* enum manage_cause, of the last stop; valid when start_count > 0 */
	uint64_t exit_code;
	uint32_t start_count;
	uint32_t vcpu_count;
	uint32_t is_created; /* by MANAGE_CREATE: its RAM is loaded by the management partition */
	uint32_t pool_pages; /* 4 KiB pages that the hypervisor keeps for it */
};

struct manage_vcpu {
	uint32_t cpu;
	uint32_t state; /* enum vcpu_state of hv/vcpu.h: off, waiting for SIPI, running */
	uint64_t rip;   /* at its last exit */
	uint64_t exits[EXIT_COUNT_REASONS]; /* enum hypercall_exit */
};

/* Reasons where enum hypercall_exit has ended: what is no exit, but done in one; start is 0. */
#define MANAGE_TRACE_REQUEST   32u /* info: VCPU_REQUEST_* of hv/vcpu.h, which it now takes */
#define MANAGE_TRACE_INTERRUPT 33u /* sent to a vCPU; info: vector, 15:8 its index, 23:16 id */
#define MANAGE_TRACE_COMMAND   34u /* info: status, 31:16 opcode, 63:32 id */

/*
 * What a CPU did. Positions count the records of a CPU since the trace began; those that an answer
 * leaves out have been overwritten. info of an exit: EAX of cpuid and hypercall, ECX of rdmsr and
 * wrmsr, the port of io, the guest-physical address of mmio, else VMX's exit qualification or SVM's
 * EXITINFO1.
 */
struct manage_trace {
	uint64_t start; /* TSC at the exit */
	uint64_t end;   /* at its answer */
	uint64_t info;
	uint32_t event;  /* then injected: VM-entry interruption information (SDM 3C); 0: none */
	uint16_t reason; /* enum hypercall_exit, MANAGE_TRACE_* */
	uint8_t id;      /* of the partition that has the CPU */
	uint8_t vcpu;    /* index there */
};
_Static_assert(sizeof(struct manage_trace) == 32, "layout");

/*
 * A served disk (CONFIG_DEVICE_SERVED0): its requests wait for a server in the management
 * partition. One at a time is at work: MANAGE_DISK_TAKE gives the same one, at any offset of its
 * data and to any server, until MANAGE_DISK_DONE ends it, or the partition stops or resets the
 * device: then its token is late. Its place has been checked, and no more than its size of bytes is
 * ever copied. MANAGE_DENIED: the partition has no such disk; MANAGE_INVALID: no room for the
 * structure, an offset or bytes beyond the request's data, or a status that there is not;
 * MANAGE_BUSY: the token is late.
 */
#define MANAGE_DISK_PIECE (UINT32_C(64) << 10) /* bytes copied by one command, at most */

enum manage_disk_type { /* as virtio's */
			MANAGE_DISK_READ = 0,
			MANAGE_DISK_WRITE = 1,
			MANAGE_DISK_FLUSH = 4,
};

struct manage_disk_request {
	char name[CONFIG_NAME_MAX + 1]; /* of the partition: its id can become another's */
	uint64_t sectors;               /* of the disk; of 512 bytes */
	uint64_t token;                 /* not used again; 0: no request waits, or it is stopped */
	uint64_t sector;
	uint32_t type; /* enum manage_disk_type */
	uint32_t size; /* bytes of data */
};

enum manage_disk_status {
	MANAGE_DISK_OK = 0,
	MANAGE_DISK_ERROR = 1, /* the guest is told of an I/O error */
	MANAGE_DISK_MORE = 2,  /* bytes of a read, and the request stays at work */
};

struct manage_disk_done {
	uint64_t token;
	uint32_t offset; /* in the read's data, of the bytes behind this */
	uint32_t status; /* enum manage_disk_status */
};

/* Those that it can have: not a disk that is a file which the loader has read. */
#define MANAGE_DEVICES                                                                             \
	(CONFIG_DEVICE_CONSOLE | CONFIG_DEVICE_NET0 | CONFIG_DEVICE_ENTROPY |                      \
	 CONFIG_DEVICE_CHANNEL0 | CONFIG_DEVICE_SERVED0)

/* What a partition is made of; flags: CONFIG_PARTITION_* must be 0, on_crash CONFIG_CRASH_STOP. */
struct manage_create {
	struct config_partition config;
	struct boot_start start;
	struct boot_pci pci[BOOT_PCI_SLOTS];
};
