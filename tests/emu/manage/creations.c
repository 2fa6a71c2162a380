/* SPDX-License-Identifier: Apache-2.0 */
/* Creations that must be refused, and those whose partition starts in an insane state. */
#include "hostile.h"

#include <stdio.h>
#include <unistd.h>

#define ENTRY_US 5000 /* to fail, or not to */

static struct {
	struct state before;
	uint32_t done;
	uint32_t wrong;
	char first[100];
} group;

static void refused(const struct manage_create *wanted, uint32_t expected, const char *what)
{
	uint32_t id;
	uint32_t status = create(wanted, &id);
	const char *change = state_change(&group.before);

	group.done++;
	if ((status != expected || change[0] != '\0') && group.wrong++ == 0) {
		snprintf(group.first, sizeof(group.first), "%s: %u, not %u; changed: %s", what,
			 status, expected, change);
	}
}

#define REFUSED(expected, change)                                                                  \
	do {                                                                                       \
		struct manage_create bad = tiny("round");                                          \
                                                                                                   \
		change;                                                                            \
		refused(&bad, expected, #change);                                                  \
	} while (0)

static void bad_names(void)
{
	REFUSED(MANAGE_INVALID, bad.config.name[0] = '\0');
	REFUSED(MANAGE_INVALID, bad.config.name[1] = '\n');
	REFUSED(MANAGE_INVALID, bad.config.name[1] = '\x1b');
	REFUSED(MANAGE_INVALID, bad.config.name[1] = '%');
	REFUSED(MANAGE_INVALID, bad.config.name[1] = '/');
	REFUSED(MANAGE_INVALID, bad.config.name[1] = ' ');
	REFUSED(MANAGE_INVALID, bad.config.name[1] = (char)0xc3);
	REFUSED(MANAGE_INVALID, memset(bad.config.name, 'a', sizeof(bad.config.name)));
	REFUSED(MANAGE_INVALID, bad.config.name[CONFIG_NAME_MAX] = 'x');
	REFUSED(MANAGE_INVALID, bad.config.name[9] = 'x');
	REFUSED(MANAGE_BUSY, bad = tiny("mgmt"));
	REFUSED(MANAGE_BUSY, bad = tiny("beta"));
}

static void bad_resources(void)
{
	const uint64_t free = group.before.info.memory_free;

	REFUSED(MANAGE_INVALID, bad.config.flags = CONFIG_PARTITION_MANAGEMENT);
	REFUSED(MANAGE_INVALID, bad.config.flags = CONFIG_PARTITION_AUTOSTART);
	REFUSED(MANAGE_INVALID, bad.config.flags = CONFIG_PARTITION_OWNS_UART0);
	REFUSED(MANAGE_INVALID, bad.config.flags = CONFIG_PARTITION_DMA_TRUSTED);
	REFUSED(MANAGE_INVALID, bad.config.flags = 0x80000000u);
	REFUSED(MANAGE_INVALID, bad.config.on_crash = CONFIG_CRASH_RESTART);
	REFUSED(MANAGE_INVALID, bad.config.on_crash = CONFIG_CRASH_HALT_MACHINE);
	REFUSED(MANAGE_INVALID, bad.config.on_crash = UINT32_MAX);
	REFUSED(MANAGE_INVALID, bad.config.devices = CONFIG_DEVICE_BLOCK0);
	REFUSED(MANAGE_INVALID, bad.config.devices = 0x80000000u);
	REFUSED(MANAGE_INVALID, bad.config.devices = UINT32_MAX);
	REFUSED(MANAGE_NEEDS_IOMMU, bad.config.pci_count = 1);
	REFUSED(MANAGE_NEEDS_IOMMU, bad.config.pci_count = UINT32_MAX);
	REFUSED(MANAGE_INVALID, bad.config.cpus = 0);
	REFUSED(MANAGE_NO_CPU, bad.config.cpus = 1u << OWN_ID);
	REFUSED(MANAGE_NO_CPU, bad.config.cpus = 2); /* beta's */
	REFUSED(MANAGE_NO_CPU, bad.config.cpus |= 1);
	REFUSED(MANAGE_NO_CPU, bad.config.cpus = UINT64_C(1) << 63);
	REFUSED(MANAGE_NO_CPU, bad.config.cpus = UINT64_MAX);
	REFUSED(MANAGE_INVALID, bad.config.memory = 0);
	REFUSED(MANAGE_INVALID, bad.config.memory = 4096);
	REFUSED(MANAGE_INVALID, bad.config.memory += 1);
	REFUSED(MANAGE_INVALID, bad.config.memory = UINT64_MAX);
	REFUSED(MANAGE_NO_MEMORY, bad.config.memory = free + CONFIG_MEMORY_ALIGN);
	REFUSED(MANAGE_NO_MEMORY, bad.config.memory = UINT64_C(1) << 52);
	REFUSED(MANAGE_NO_MEMORY, bad.config.memory = UINT64_MAX & ~(CONFIG_MEMORY_ALIGN - 1));
}

void bad_creations(void)
{
	memset(&group, 0, sizeof(group));
	state_take(&group.before);
	bad_names();
	bad_resources();
	report(group.wrong == 0, "creations", "%u of %u, first: %s", group.wrong, group.done,
	       group.first);
}

/* Whatever it does, it can be stopped and unmade, and leaves nothing. */
static bool lives_and_dies(struct manage_create *wanted)
{
	uint32_t id;

	make_survivable(&wanted->start);
	if (create(wanted, &id) != MANAGE_OK || !wait_for(id, MANAGE_STOPPED) ||
	    load(id, code_loop, sizeof(code_loop)) != MANAGE_OK ||
	    order(MANAGE_START, id) != MANAGE_OK) {
		return false;
	}
	if (!wait_entered(id)) {
		return false;
	}
	usleep(ENTRY_US);
	(void)order(MANAGE_STOP, id); /* it may have crashed already */
	return wait_for(id, MANAGE_STOPPED) && order(MANAGE_DESTROY, id) == MANAGE_OK &&
	       wait_gone(id);
}

static bool is_same_room(const struct state *before)
{
	struct state now;

	state_take(&now);
	return memcmp(&before->info, &now.info, sizeof(now.info)) == 0 &&
	       memcmp(before->list, now.list, sizeof(now.list)) == 0;
}

#define INSANE(change)                                                                             \
	do {                                                                                       \
		struct manage_create bad = tiny("insane");                                         \
                                                                                                   \
		change;                                                                            \
		group.done++;                                                                      \
		if ((!lives_and_dies(&bad) || !is_same_room(&group.before)) &&                     \
		    group.wrong++ == 0) {                                                          \
			snprintf(group.first, sizeof(group.first), "%s", #change);                 \
		}                                                                                  \
	} while (0)

void insane_starts(void)
{
	memset(&group, 0, sizeof(group));
	state_take(&group.before);
	INSANE(bad.start.rip = UINT64_MAX);
	INSANE(bad.start.rip = UINT64_C(1) << 47);
	INSANE(bad.start.rip = CONFIG_MEMORY_ALIGN);
	INSANE(bad.start.cr0 = 0x80000000u);
	INSANE(bad.start.cr0 = UINT64_MAX);
	INSANE(bad.start.cr0 |= 0x60000000u);
	INSANE(bad.start.cr3 = UINT64_MAX; bad.start.cr0 |= 0x80000000u);
	INSANE(bad.start.cr4 = UINT64_MAX);
	INSANE(bad.start.cr4 = 0x2040);
	INSANE(bad.start.efer = UINT64_MAX);
	INSANE(bad.start.efer = 0x500);
	INSANE(bad.start.efer = ~START_EFER_LME);
	INSANE(bad.start.cs.attributes = 0);
	INSANE(bad.start.cs.attributes = 0xffff);
	INSANE(bad.start.data.attributes = 0xffff; bad.start.tr.attributes = 0);
	INSANE(bad.start.gdt_base = UINT64_MAX; bad.start.gdt_limit = UINT32_MAX);
	INSANE(bad.start.cs.base = UINT64_MAX);
	INSANE(memset(&bad.start, 0, sizeof(bad.start)));
	INSANE(memset(&bad.start, 0xff, sizeof(bad.start)));
	INSANE(memset(bad.pci, 0xff, sizeof(bad.pci)));
	report(group.wrong == 0, "insane-starts", "%u of %u, first: %s", group.wrong, group.done,
	       group.first);
}
