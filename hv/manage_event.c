/* SPDX-License-Identifier: Apache-2.0 */
/* What the management partition is told: in its window, which needs no exit to be read. */
#include "manage.h"

#include "arch/clock.h"
#include "arch/spin.h"
#include "hv/guest_mem.h"
#include "hv/vm.h"
#include "vm_life.h"

static struct spin_lock event_lock;
static uint64_t event_next = 1; /* guarded by event_lock */

void manage_event(enum manage_event_kind kind, uint32_t id, uint64_t value)
{
	struct vm *manager = vm_with_flag(CONFIG_PARTITION_MANAGEMENT);
	struct manage_event event = {.kind = kind, .id = id, .value = value, .tsc = arch_tsc()};
	enum hv_status status;
	uint64_t offset;

	if (manager == NULL || atomic_load(&manager->state) != VM_RUNNING) {
		return;
	}
	spin_lock(&event_lock);
	event.sequence = event_next++;
	offset = offsetof(struct manage_window, events) +
		 event.sequence % MANAGE_EVENT_COUNT * sizeof(event);
	status = guest_mem_write(&manager->arch, manage_window_at(offset), &event, sizeof(event));
	if (status == HV_OK) {
		status = guest_mem_write(&manager->arch, manage_window_at(0), &event_next,
					 sizeof(event_next));
	}
	spin_unlock(&event_lock);
	(void)status; /* too little RAM for a window: it does not hear of it */
}

void manage_disk_kick(const struct vm *vm)
{
	struct vm *manager = vm_with_flag(CONFIG_PARTITION_MANAGEMENT);
	uint64_t tsc = arch_tsc(); /* another value each time */
	uint64_t offset = offsetof(struct manage_window, disk_kicks) + vm->id * sizeof(tsc);

	if (manager != NULL && atomic_load(&manager->state) == VM_RUNNING) {
		(void)!guest_mem_write(&manager->arch, manage_window_at(offset), &tsc, sizeof(tsc));
	}
}
