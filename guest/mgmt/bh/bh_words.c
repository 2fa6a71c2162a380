/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's numbers in words. */
#include "bh_words.h"

#include "bits.h"

#include <stdio.h>
#include <string.h>

static const char *word(const char *const *words, uint32_t count, uint32_t index)
{
	return index < count && words[index] != NULL ? words[index] : "unknown";
}

const char *words_state(uint32_t state)
{
	static const char *const words[] = {
		[MANAGE_STOPPED] = "stopped",   [MANAGE_RUNNING] = "running",
		[MANAGE_STOPPING] = "stopping", [MANAGE_PAUSED] = "paused",
		[MANAGE_CLEARING] = "clearing",
	};

	return word(words, ARRAY_COUNT(words), state);
}

const char *words_cause(uint32_t cause)
{
	static const char *const words[] = {
		[MANAGE_CAUSE_POWER_OFF] = "power off",
		[MANAGE_CAUSE_RESET] = "reset",
		[MANAGE_CAUSE_CRASH] = "crash",
		[MANAGE_CAUSE_STOP] = "stopped by bh",
	};

	return word(words, ARRAY_COUNT(words), cause);
}

const char *words_vcpu_state(uint32_t state)
{
	static const char *const words[] = {"off", "waits for SIPI", "runs"};

	return word(words, ARRAY_COUNT(words), state);
}

const char *words_event(uint32_t kind)
{
	static const char *const words[] = {
		[MANAGE_EVENT_STARTED] = "started",
		[MANAGE_EVENT_STOPPED] = "stopped",
		[MANAGE_EVENT_CREATED] = "created",
		[MANAGE_EVENT_DESTROYED] = "destroyed",
		[MANAGE_EVENT_ENTERED] = "first instruction",
	};

	return word(words, ARRAY_COUNT(words), kind);
}

const char *words_status(uint32_t status)
{
	static const char *const words[MANAGE_NEEDS_IOMMU + 1] = {
		[MANAGE_OK] = "done",
		[MANAGE_PENDING] = "the hypervisor did not answer; is this the management "
				   "partition?",
		[MANAGE_UNKNOWN] = "this hypervisor has no such command; use the bh of its build",
		[MANAGE_INVALID] = "the hypervisor takes it for malformed; use the bh of its build",
		[MANAGE_NO_PARTITION] = "it is gone; see `bh ls`",
		[MANAGE_BUSY] = "it is not in the state for that; see `bh ls`",
		[MANAGE_NO_MEMORY] = "not enough memory; see `bh info`",
		[MANAGE_NO_CPU] = "a CPU is not free; see `bh info`",
		[MANAGE_DENIED] = "not allowed for this partition: bh cannot stop or remove the "
				  "partition it runs in, nor unmake those of bulkhead.conf",
		[MANAGE_NEEDS_IOMMU] = "only an IOMMU keeps a PCI function's DMA inside one "
				       "partition's RAM, and none is driven: all functions stay "
				       "the management partition's",
		[MANAGE_BAD_ADDRESS] = "outside its memory; use the bh of the hypervisor's build",
	};

	return word(words, ARRAY_COUNT(words), status);
}

const char *words_cpus(char *text, size_t size, uint64_t cpus)
{
	size_t used = 0;

	snprintf(text, size, "-");
	for (uint32_t first = 0; first < 64 && used < size; first++) {
		uint32_t last = first;

		if ((cpus >> first & 1) == 0) {
			continue;
		}
		while (last < 63 && (cpus >> (last + 1) & 1) != 0) {
			last++;
		}
		used += (size_t)snprintf(text + used, size - used,
					 last > first ? "%s%u-%u" : "%s%u", used > 0 ? "," : "",
					 first, last);
		first = last;
	}
	return text;
}

const char *words_size(char *text, size_t size, uint64_t bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
	uint32_t unit = 0;

	while (unit + 1 < ARRAY_COUNT(units) && bytes >= 1024 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, size, "%llu %s", (unsigned long long)bytes, units[unit]);
	return text;
}

const char *words_devices(char *text, size_t size, uint32_t devices)
{
	static const char *const names[] = {"console", "net0",     "block0",
					    "entropy", "channel0", "block0 (served)"};
	size_t used = 0;

	snprintf(text, size, "none");
	for (uint32_t i = 0; i < ARRAY_COUNT(names) && used < size; i++) {
		if ((devices & BIT32(i)) != 0) {
			used += (size_t)snprintf(text + used, size - used, "%s%s",
						 used > 0 ? ", " : "", names[i]);
		}
	}
	return text;
}

struct fact {
	uint32_t bit;
	const char *word;
};

/* Those that are so, with commas between; `none` if none is. */
static const char *words_facts(char *text, size_t size, uint32_t facts, const struct fact *known,
			       uint32_t count, const char *none)
{
	size_t length = 0;

	for (uint32_t i = 0; i < count; i++) {
		if ((facts & known[i].bit) != 0 && length < size) {
			length += (size_t)snprintf(text + length, size - length, "%s%s",
						   length > 0 ? ", " : "", known[i].word);
		}
	}
	if (length == 0) {
		snprintf(text, size, "%s", none);
	}
	return text;
}

const char *words_features(char *text, size_t size, uint32_t facts)
{
	bool is_vmx = (facts & VIRT_FACT_VMX) != 0;
	const struct fact known[] = {
		{UINT32_MAX, is_vmx ? "VT-x with EPT" : "SVM with nested paging"},
		{VIRT_FACT_TAGGED, is_vmx ? "VPID" : "ASIDs"},
		{VIRT_FACT_CLEAN, "clean bits"},
		{VIRT_FACT_PAGES_2M, "2 MiB pages"},
		{VIRT_FACT_PAGES_1G, "1 GiB pages"},
		{VIRT_FACT_DEADLINE, "TSC-deadline timer"},
		{VIRT_FACT_XSAVEC, "XSAVEC sound"},
	};

	/* The first is always so. */
	return words_facts(text, size, facts | BIT32(31), known, ARRAY_COUNT(known), "");
}

const char *words_mitigations(char *text, size_t size, uint32_t facts)
{
	static const struct fact known[] = {
		{VIRT_FACT_SMALL_PAGES, "4 KiB pages (CVE-2018-12207)"},
		{VIRT_FACT_MULTIHIT_OPEN, "NONE against CVE-2018-12207 (huge_pages = always)"},
		{VIRT_FACT_VERW, "buffers cleared at entries (MDS, TAA)"},
		{VIRT_FACT_L1D_FLUSH, "L1 data cache flushed at entries (L1TF)"},
		{VIRT_FACT_SPEC_CTRL, "return stack refilled at exits (Spectre)"},
	};

	return words_facts(text, size, facts, known, ARRAY_COUNT(known), "none needed");
}
