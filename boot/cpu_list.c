/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU list: the ACPI MADT where there is one, EFI MP Services otherwise. */
#include "console.h"
#include "cpu_ops.h"
#include "loader.h"
#include "madt.h"
#include "str.h"

/* ACPI Specification, "Root System Description Pointer (RSDP)" and "System Description Table
 * Header". */
#define RSDP_REVISION  15u
#define RSDP_RSDT      16u
#define RSDP_XSDT      24u
#define TABLE_LENGTH   4u
#define TABLE_HEADER   36u
#define TABLE_SIZE_MAX (1u << 20)

static uint64_t read_number(const uint8_t *at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, at, size);
	return value;
}

static size_t table_size(const uint8_t *table)
{
	uint64_t size = read_number(table + TABLE_LENGTH, 4);

	return size < TABLE_HEADER || size > TABLE_SIZE_MAX ? TABLE_HEADER : (size_t)size;
}

static const uint8_t *find_madt(const struct loader *loader)
{
	const uint8_t *rsdp = (const uint8_t *)loader->rsdp;
	bool has_xsdt = rsdp[RSDP_REVISION] >= 2 && read_number(rsdp + RSDP_XSDT, 8) != 0;
	size_t entry_size = has_xsdt ? 8 : 4;
	const uint8_t *root = (const uint8_t *)(has_xsdt ? read_number(rsdp + RSDP_XSDT, 8)
							 : read_number(rsdp + RSDP_RSDT, 4));
	const uint8_t *table;

	if (root == NULL) {
		return NULL;
	}
	for (size_t at = TABLE_HEADER; at + entry_size <= table_size(root); at += entry_size) {
		table = (const uint8_t *)read_number(root + at, entry_size);
		if (table != NULL && memcmp(table, "APIC", 4) == 0) {
			return table;
		}
	}
	return NULL;
}

static uint32_t read_mp_services(struct loader *loader)
{
	EFI_GUID guid = EFI_MP_SERVICES_GUID;
	struct efi_mp_services *services = NULL;
	struct efi_processor_information information;
	uint32_t found = 0;
	UINTN count = 0;
	UINTN enabled = 0;

	if (EFI_ERROR(loader->services->LocateProtocol(&guid, NULL, (void **)&services)) ||
	    EFI_ERROR(services->get_number(services, &count, &enabled))) {
		return 0;
	}
	for (UINTN i = 0; i < count; i++) {
		if (EFI_ERROR(services->get_information(services, i, &information)) ||
		    (information.status_flags & MP_PROCESSOR_ENABLED) == 0 ||
		    (information.status_flags & MP_PROCESSOR_HEALTHY) == 0) {
			continue;
		}
		if (found < CONFIG_CPU_MAX) {
			loader->cpus[found] = (struct boot_cpu){
				.apic_id = (uint32_t)information.processor_id,
			};
		}
		found++;
	}
	return found;
}

/* SDM 2A, "CPUID": the x2APIC id of leaf 0BH, else the initial APIC id of leaf 01H. */
static uint32_t own_apic_id(void)
{
	if (cpuid_has(0xb) && (cpuid_read(0xb, 0).ebx & 0xffff) != 0) {
		return cpuid_read(0xb, 0).edx;
	}
	return cpuid_read(1, 0).ebx >> 24;
}

void cpu_list_read(struct loader *loader)
{
	const uint8_t *madt = loader->rsdp != 0 ? find_madt(loader) : NULL;
	uint32_t found = 0;

	if (madt != NULL) {
		found = madt_cpus(madt, table_size(madt), loader->cpus, CONFIG_CPU_MAX);
	}
	if (found == 0) {
		found = read_mp_services(loader);
	}
	if (found > CONFIG_CPU_MAX) {
		console_print("bulkhead: %u CPUs, of which the first %u are used", found,
			      CONFIG_CPU_MAX);
		found = CONFIG_CPU_MAX;
	}
	loader->cpu_count = madt_sort(loader->cpus, found, CONFIG_CPU_MAX, own_apic_id());
}
