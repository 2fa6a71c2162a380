/* SPDX-License-Identifier: Apache-2.0 */
/* Ticket spin lock. Not for NMI context. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

struct spin_lock {
	_Atomic uint32_t next;
	_Atomic uint32_t serving;
};

/* Until the ticket is served. Out of line: who need not wait keeps registers free of it. */
void arch_spin_wait(struct spin_lock *lock, uint32_t ticket);

static inline void spin_lock(struct spin_lock *lock)
{
	uint32_t ticket = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);

	if (atomic_load_explicit(&lock->serving, memory_order_acquire) != ticket) {
		arch_spin_wait(lock, ticket);
	}
}

static inline void spin_unlock(struct spin_lock *lock)
{
	uint32_t serving = atomic_load_explicit(&lock->serving, memory_order_relaxed);

	atomic_store_explicit(&lock->serving, serving + 1, memory_order_release);
}
