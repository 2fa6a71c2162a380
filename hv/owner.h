/* SPDX-License-Identifier: Apache-2.0 */
/* The owner table: who has each 2 MiB frame of physical memory. Every frame has exactly one owner.
 * Changes only while the boot CPU makes the VMs: no lock.
 */
#pragma once

#include "addr.h"
#include "boot_abi.h"
#include "status.h"

enum owner {
	OWNER_NONE, /* not RAM, or partly firmware's */
	OWNER_FREE,
	OWNER_HYPERVISOR, /* the region */
	OWNER_MODULES,    /* kernels and initrds */
	OWNER_SHARED,     /* the channel: every partition that has the device */
	OWNER_IDENTITY,   /* kept for the management partition */
	OWNER_VM,         /* OWNER_VM + vm->id */
};

/* Builds the table from the loader's map (sorted); uses the pool. */
enum hv_status owner_init(const struct boot_memory *memory, uint32_t count) MUST_CHECK;

/* Owner of the frame that holds the address; OWNER_NONE beyond the table. */
uint32_t owner_of(hpa_t address);

/*
 * The next run of free frames for a request of `wanted` bytes (a multiple of FRAME_SIZE): the
 * smallest run that holds it all, on a 1 GiB boundary if the request and memory allow, else the
 * largest. *size <= wanted. Changes nothing. HV_NO_MEMORY: no frame is free.
 */
enum hv_status owner_find(uint64_t wanted, hpa_t *base, uint64_t *size) MUST_CHECK;

/* Moves [base, base + size) from one owner to another; all or nothing. HV_DENIED: not all `from`'s.
 */
enum hv_status owner_change(hpa_t base, uint64_t size, uint32_t from, uint32_t to) MUST_CHECK;

uint64_t owner_total(uint32_t owner); /* bytes */
