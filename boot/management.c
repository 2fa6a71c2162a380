/* SPDX-License-Identifier: Apache-2.0 */
/* What the management partition gets of the machine: RAM at its own address, and all PCI devices.
 */
#include "addr.h"
#include "bits.h"
#include "config_parse.h"
#include "console.h"
#include "cpu_ops.h"
#include "fmt.h"
#include "loader.h"
#include "real_pci.h"

#define CONFIG_ADDRESS 0xcf8u
#define CONFIG_DATA    0xcfcu
#define ADDRESS_ENABLE (1u << 31)

#define RANGE_TABLES 6u /* at most, besides full ones: three levels at either end */

static char message[160];

/* NULL: there is none. */
static const struct config_partition *partition_of(const struct loader *loader,
						   const struct config_source **source)
{
	const struct config *config = &loader->file.config;

	for (uint32_t i = 0; i < config->partition_count; i++) {
		if ((config->partitions[i].flags & CONFIG_PARTITION_MANAGEMENT) != 0) {
			*source = &loader->file.sources[i];
			return &config->partitions[i];
		}
	}
	return NULL;
}

/* Devices send their interrupts by the APIC ID that the partition knows: the vCPU's index. */
static enum hv_status check_cpus(const struct loader *loader,
				 const struct config_partition *partition, uint32_t line)
{
	uint32_t index = 0;

	for (uint32_t i = 0; i < loader->cpu_count; i++) {
		if ((partition->cpus & BIT(i)) == 0) {
			continue;
		}
		if (loader->cpus[i].apic_id != index) {
			fmt_print(message, sizeof(message),
				  "CPU %u has the APIC ID %u, but as CPU %u of the management "
				  "partition it needs the ID %u: without an IOMMU devices know no "
				  "other",
				  i, loader->cpus[i].apic_id, index, index);
			config_complain(loader, line, message);
			return HV_UNSUPPORTED;
		}
		index++;
	}
	return HV_OK;
}

static uint32_t read_config(void *context, uint32_t address)
{
	(void)context;
	port_write32(CONFIG_ADDRESS, ADDRESS_ENABLE | address);
	return port_read32(CONFIG_DATA);
}

static void write_config(void *context, uint32_t address, uint32_t value)
{
	(void)context;
	port_write32(CONFIG_ADDRESS, ADDRESS_ENABLE | address);
	port_write32(CONFIG_DATA, value);
}

/* No firmware driver runs while devices do not decode their addresses. */
static enum hv_status find_devices(struct loader *loader)
{
	static const struct pci_bus bus = {.read = read_config, .write = write_config};
	const char *why = "";
	EFI_TPL level = loader->services->RaiseTPL(TPL_HIGH_LEVEL);
	enum hv_status status =
		real_pci_scan(&bus, &loader->passthrough, &loader->pci_devices, &why);

	loader->services->RestoreTPL(level);
	if (status != HV_OK) {
		console_print("bulkhead: %s", why);
	}
	return status;
}

enum hv_status management_prepare(struct loader *loader)
{
	const struct config_source *source;
	const struct config_partition *partition = partition_of(loader, &source);

	if (partition == NULL || loader->file.mode == CONFIG_MODE_BARE_METAL) {
		return HV_OK;
	}
	if (check_cpus(loader, partition, source->cpus_line) != HV_OK) {
		return HV_UNSUPPORTED;
	}
	loader->identity_size = partition->memory - FRAME_SIZE;
	if (leave_allocate(loader, loader->identity_size, FRAME_SIZE, EfiLoaderData,
			   &loader->passthrough.identity_base) != HV_OK) {
		loader->identity_size = 0;
		fmt_print(message, sizeof(message),
			  "the management partition's RAM must lie below 4 GiB in one piece, and "
			  "the firmware has none of %llu MiB",
			  (unsigned long long)(partition->memory >> 20));
		config_complain(loader, source->memory_line, message);
		return HV_NO_MEMORY;
	}
	return find_devices(loader);
}

uint64_t management_tables(const struct loader *loader)
{
	bool is_small = loader->file.config.huge_pages == CONFIG_HUGE_PAGES_SAFE &&
			loader->virt.is_multihit != 0;
	uint64_t tables = 0;

	for (uint32_t i = 0; i < loader->passthrough.memory_count; i++) {
		tables += (loader->passthrough.memory[i].size >>
			   (is_small ? FRAME_SHIFT : GIANT_SHIFT)) +
			  RANGE_TABLES;
	}
	return tables * PAGE_SIZE;
}

enum hv_status management_check(struct loader *loader)
{
	const struct config_source *source;
	const struct config_partition *partition = partition_of(loader, &source);
	const struct boot_image *image;
	const char *why = "no device numbers of PCI bus 0 are left for the paravirtual devices";
	uint32_t slots = 0;

	if (partition == NULL) {
		return HV_OK;
	}
	image = &loader->images[partition - loader->file.config.partitions];
	for (uint32_t i = 0; i < BOOT_PCI_SLOTS; i++) {
		slots |= image->pci[i].value[0] != 0 ? BIT32(i) : 0;
	}
	if (real_pci_first_slot(loader->pci_devices, slots, &loader->passthrough.first_slot) !=
		    HV_OK ||
	    real_pci_check(&loader->passthrough, &loader->map, loader->ioapic, &why) != HV_OK) {
		config_complain(loader, source->line, why);
		return HV_UNSUPPORTED;
	}
	loader->info->passthrough = loader->passthrough;
	return HV_OK;
}
