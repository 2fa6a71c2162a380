/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of a legacy-free PC (ACPI 6.5, "ACPI Software Programming Model"): hardware-reduced,
 * no PIT, PIC, CMOS clock, keyboard controller or VGA; local APICs, one I/O APIC, reset and sleep
 * registers, and a DSDT made from dsdt.asl.
 */
#include "guest_acpi.h"

#include "addr.h"
#include "dsdt_aml.h" /* generated */
#include "str.h"

#define TABLE_ALIGN     16u
#define RSDP_LENGTH_OLD 20u
#define REVISION_RSDP   2u
#define REVISION_XSDT   1u
#define REVISION_FADT   6u
#define REVISION_MADT   5u

#define FADT_RESET_SUPPORTED  (1u << 10)
#define FADT_APIC_PHYSICAL    (1u << 19)
#define FADT_HARDWARE_REDUCED (1u << 20)
#define FADT_WBINVD           (1u << 0)
#define FADT_NO_POWER_BUTTON  (1u << 4) /* no fixed one */
#define FADT_NO_SLEEP_BUTTON  (1u << 5)
#define BOOT_NO_VGA           (1u << 2)
#define BOOT_NO_CMOS_CLOCK    (1u << 5)
#define GAS_SPACE_IO          1u
#define GAS_ACCESS_BYTE       1u

/* Of the models in drivers/model. */
#define RESET_PORT         0xcf9u
#define RESET_VALUE        6u
#define SLEEP_CONTROL_PORT 0x600u
#define SLEEP_STATUS_PORT  0x601u
#define LAPIC_ADDRESS      0xfee00000u
#define IOAPIC_ADDRESS     0xfec00000u

#define MADT_LAPIC          0u
#define MADT_IOAPIC         1u
#define MADT_LAPIC_NMI      4u
#define MADT_X2APIC         9u
#define MADT_ENABLED        1u
#define MADT_ALL_PROCESSORS 0xffu
#define LAPIC_ID_COUNT      255u /* IDs from here on take an x2APIC entry */

struct header {
	uint8_t signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	uint8_t oem_id[6];
	uint8_t oem_table_id[8];
	uint32_t oem_revision;
	uint8_t creator_id[4];
	uint32_t creator_revision;
} __attribute__((packed));

struct gas {
	uint8_t space;
	uint8_t width;
	uint8_t offset;
	uint8_t access;
	uint64_t address;
} __attribute__((packed));

struct rsdp {
	uint8_t signature[8];
	uint8_t checksum;
	uint8_t oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t checksum_all;
	uint8_t reserved[3];
} __attribute__((packed));

struct xsdt {
	struct header header;
	uint64_t fadt;
	uint64_t madt;
} __attribute__((packed));

/* Fields that a hardware-reduced platform leaves at 0 are not named. */
struct fadt {
	struct header header;
	uint32_t facs;
	uint32_t dsdt;
	uint8_t fixed_hardware[65];
	uint16_t boot_flags;
	uint8_t reserved;
	uint32_t flags;
	struct gas reset;
	uint8_t reset_value;
	uint16_t arm_flags;
	uint8_t minor_revision;
	uint64_t x_facs;
	uint64_t x_dsdt;
	struct gas event_and_control[8];
	struct gas sleep_control;
	struct gas sleep_status;
	uint8_t hypervisor_vendor[8];
} __attribute__((packed));

struct madt {
	struct header header;
	uint32_t lapic;
	uint32_t flags;
} __attribute__((packed));

struct madt_lapic {
	uint8_t type;
	uint8_t length;
	uint8_t processor;
	uint8_t id;
	uint32_t flags;
} __attribute__((packed));

struct madt_x2apic {
	uint8_t type;
	uint8_t length;
	uint16_t reserved;
	uint32_t id;
	uint32_t flags;
	uint32_t processor;
} __attribute__((packed));

struct madt_ioapic {
	uint8_t type;
	uint8_t length;
	uint8_t id;
	uint8_t reserved;
	uint32_t address;
	uint32_t gsi_base;
} __attribute__((packed));

struct madt_nmi {
	uint8_t type;
	uint8_t length;
	uint8_t processor;
	uint16_t flags;
	uint8_t lint;
} __attribute__((packed));

_Static_assert(sizeof(struct header) == 36, "ACPI: System Description Table Header");
_Static_assert(sizeof(struct rsdp) == 36, "ACPI: RSDP Structure");
_Static_assert(sizeof(struct fadt) == 276, "ACPI: FADT Format");
_Static_assert(offsetof(struct fadt, flags) == 112, "ACPI: FADT Format");
_Static_assert(offsetof(struct fadt, x_dsdt) == 140, "ACPI: FADT Format");
_Static_assert(offsetof(struct fadt, sleep_control) == 244, "ACPI: FADT Format");
_Static_assert(sizeof(struct madt_lapic) == 8 && sizeof(struct madt_x2apic) == 16, "ACPI: MADT");
_Static_assert(sizeof(struct madt_ioapic) == 12 && sizeof(struct madt_nmi) == 6, "ACPI: MADT");

struct builder {
	uint8_t *bytes;
	uint64_t base;
	size_t used;
};

static uint8_t checksum(const void *table, size_t size)
{
	const uint8_t *bytes = table;
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++) {
		sum = (uint8_t)(sum + bytes[i]);
	}
	return (uint8_t)(0u - sum);
}

/* Copies a table to the next free place; returns its guest-physical address. */
static uint64_t append(struct builder *builder, const void *table, size_t size)
{
	uint64_t address;

	builder->used = align_up(builder->used, TABLE_ALIGN);
	address = builder->base + builder->used;
	memcpy(builder->bytes + builder->used, table, size);
	builder->used += size;
	return address;
}

static struct header header_of(const char *signature, uint32_t length, uint8_t revision)
{
	struct header header = {
		.length = length, .revision = revision, .oem_revision = 1, .creator_revision = 1};

	memcpy(header.signature, signature, sizeof(header.signature));
	memcpy(header.oem_id, "BLKHD ", sizeof(header.oem_id));
	memcpy(header.oem_table_id, "BULKHEAD", sizeof(header.oem_table_id));
	memcpy(header.creator_id, "BLKH", sizeof(header.creator_id));
	return header;
}

static struct gas byte_port(uint16_t port)
{
	return (struct gas){
		.space = GAS_SPACE_IO, .width = 8, .access = GAS_ACCESS_BYTE, .address = port};
}

static uint64_t add_fadt(struct builder *builder, uint64_t dsdt, bool is_apic_physical)
{
	struct fadt fadt = {.header = header_of("FACP", sizeof(fadt), REVISION_FADT)};

	fadt.dsdt = (uint32_t)dsdt; /* below 4 GiB; some read only this one */
	fadt.x_dsdt = dsdt;
	fadt.boot_flags = BOOT_NO_VGA | BOOT_NO_CMOS_CLOCK;
	fadt.flags = FADT_WBINVD | FADT_NO_POWER_BUTTON | FADT_NO_SLEEP_BUTTON |
		     FADT_RESET_SUPPORTED | FADT_HARDWARE_REDUCED |
		     (is_apic_physical ? FADT_APIC_PHYSICAL : 0);
	fadt.reset = byte_port(RESET_PORT);
	fadt.reset_value = RESET_VALUE;
	fadt.sleep_control = byte_port(SLEEP_CONTROL_PORT);
	fadt.sleep_status = byte_port(SLEEP_STATUS_PORT);
	memcpy(fadt.hypervisor_vendor, "BULKHEAD", sizeof(fadt.hypervisor_vendor));
	fadt.header.checksum = checksum(&fadt, sizeof(fadt));
	return append(builder, &fadt, sizeof(fadt));
}

/* Entries of the MADT follow each other without gaps. */
static void add_entry(struct builder *builder, const void *entry, size_t size)
{
	memcpy(builder->bytes + builder->used, entry, size);
	builder->used += size;
}

static void add_cpu(struct builder *builder, uint32_t id)
{
	struct madt_lapic lapic = {MADT_LAPIC, sizeof(lapic), (uint8_t)id, (uint8_t)id,
				   MADT_ENABLED};
	struct madt_x2apic x2apic = {MADT_X2APIC, sizeof(x2apic), 0, id, MADT_ENABLED, id};

	if (id < LAPIC_ID_COUNT) {
		add_entry(builder, &lapic, sizeof(lapic));
	} else {
		add_entry(builder, &x2apic, sizeof(x2apic));
	}
}

/*
 * No interrupt source overrides: the one ISA-like device has its interrupt in the DSDT, edge
 * triggered and active high at its own number, which is also the default.
 */
static uint64_t add_madt(struct builder *builder, uint32_t cpu_count)
{
	struct madt madt = {.header = header_of("APIC", 0, REVISION_MADT), .lapic = LAPIC_ADDRESS};
	struct madt_ioapic ioapic = {MADT_IOAPIC, sizeof(ioapic), 0, 0, IOAPIC_ADDRESS, 0};
	struct madt_nmi nmi = {MADT_LAPIC_NMI, sizeof(nmi), MADT_ALL_PROCESSORS, 0, 1};
	uint64_t address = append(builder, &madt, sizeof(madt));
	size_t start = builder->used - sizeof(madt);

	for (uint32_t id = 0; id < cpu_count; id++) {
		add_cpu(builder, id);
	}
	add_entry(builder, &ioapic, sizeof(ioapic));
	add_entry(builder, &nmi, sizeof(nmi));
	madt.header.length = (uint32_t)(builder->used - start);
	memcpy(builder->bytes + start, &madt, sizeof(madt));
	madt.header.checksum = checksum(builder->bytes + start, builder->used - start);
	memcpy(builder->bytes + start, &madt, sizeof(madt));
	return address;
}

static size_t size_needed(const struct guest_acpi_facts *facts)
{
	return sizeof(struct rsdp) + sizeof(struct xsdt) + sizeof(struct fadt) +
	       sizeof(struct madt) + facts->cpu_count * sizeof(struct madt_x2apic) +
	       sizeof(struct madt_ioapic) + sizeof(struct madt_nmi) + sizeof(dsdt_aml) +
	       (size_t)5 * TABLE_ALIGN;
}

size_t guest_acpi_build(void *buffer, size_t size, uint64_t base,
			const struct guest_acpi_facts *facts)
{
	struct builder builder = {.bytes = buffer, .base = base};
	struct rsdp rsdp = {.revision = REVISION_RSDP, .length = sizeof(rsdp)};
	struct xsdt xsdt = {.header = header_of("XSDT", sizeof(xsdt), REVISION_XSDT)};
	uint64_t dsdt;

	if (size < size_needed(facts)) {
		return 0;
	}
	memset(buffer, 0, size);
	(void)append(&builder, &rsdp, sizeof(rsdp)); /* keeps its place */
	dsdt = append(&builder, dsdt_aml, sizeof(dsdt_aml));
	xsdt.fadt = add_fadt(&builder, dsdt, facts->is_apic_physical);
	xsdt.madt = add_madt(&builder, facts->cpu_count);
	xsdt.header.checksum = checksum(&xsdt, sizeof(xsdt));
	memcpy(rsdp.signature, "RSD PTR ", sizeof(rsdp.signature));
	memcpy(rsdp.oem_id, "BLKHD ", sizeof(rsdp.oem_id));
	rsdp.xsdt = append(&builder, &xsdt, sizeof(xsdt));
	rsdp.checksum = checksum(&rsdp, RSDP_LENGTH_OLD);
	rsdp.checksum_all = checksum(&rsdp, sizeof(rsdp));
	memcpy(buffer, &rsdp, sizeof(rsdp));
	return builder.used;
}
