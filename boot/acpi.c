/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the firmware's tables (ACPI 6.5, "ACPI Software Programming Model"); trusts no length. */
#include "acpi.h"

#include "bits.h"
#include "str.h"

#define HEADER_SIZE    36u
#define HEADER_LENGTH  4u /* offset */
#define TABLE_SIZE_MAX (UINT32_C(4) << 20)
#define ROOT_ENTRY_MAX 256u
#define MADT_ENTRY_MAX 4096u
#define CHUNK          256u

#define RSDP_SIZE_1   20u
#define RSDP_SIZE_2   36u
#define RSDP_REVISION 15u
#define RSDP_RSDT     16u
#define RSDP_XSDT     24u

/* "Fixed ACPI Description Table (FADT)" */
#define FADT_DSDT            40u
#define FADT_SMI_CMD         48u
#define FADT_ACPI_ENABLE     52u
#define FADT_PM1A_CONTROL    64u
#define FADT_PM1B_CONTROL    68u
#define FADT_FLAGS           112u
#define FADT_X_DSDT          140u
#define FADT_X_PM1A_CONTROL  172u
#define FADT_X_PM1B_CONTROL  184u
#define FADT_SLEEP_CONTROL   244u
#define FADT_SIZE            268u
#define FADT_FLAG_HW_REDUCED BIT32(20)

/* "Generic Address Structure" */
#define GAS_ADDRESS  4u
#define GAS_SPACE_IO 1u

/* "Multiple APIC Description Table (MADT)" */
#define MADT_ENTRIES  44u
#define MADT_IOAPIC   1u
#define MADT_OVERRIDE 2u
#define UART_ISA_IRQ  4u

/* "ACPI Machine Language (AML) Specification" */
#define AML_ZERO    0x00u
#define AML_ONE     0x01u
#define AML_NAME    0x08u
#define AML_BYTE    0x0au
#define AML_ROOT    0x5cu
#define AML_PACKAGE 0x12u
#define S5_WINDOW   24u

struct walk {
	acpi_reader *read;
	void *context;
	struct acpi_facts *facts;
};

struct table {
	uint64_t address;
	uint32_t length;
	uint8_t signature[4];
};

static uint64_t little_endian(const uint8_t *bytes, uint32_t size)
{
	uint64_t value = 0;

	for (uint32_t i = size; i > 0; i--) {
		value = value << 8 | bytes[i - 1];
	}
	return value;
}

static bool sums_to_zero(const struct walk *walk, uint64_t address, uint32_t length)
{
	uint8_t chunk[CHUNK];
	uint8_t sum = 0;

	for (uint32_t done = 0; done < length; done += CHUNK) {
		uint32_t size = length - done < CHUNK ? length - done : CHUNK;

		if (!walk->read(walk->context, address + done, chunk, size)) {
			return false;
		}
		for (uint32_t i = 0; i < size; i++) {
			sum = (uint8_t)(sum + chunk[i]);
		}
	}
	return sum == 0;
}

static bool open_table(const struct walk *walk, uint64_t address, struct table *table)
{
	uint8_t header[HEADER_SIZE];

	if (address == 0 || address > UINT64_MAX - TABLE_SIZE_MAX ||
	    !walk->read(walk->context, address, header, sizeof(header))) {
		return false;
	}
	table->address = address;
	table->length = (uint32_t)little_endian(header + HEADER_LENGTH, 4);
	memcpy(table->signature, header, sizeof(table->signature));
	return table->length >= HEADER_SIZE && table->length <= TABLE_SIZE_MAX &&
	       sums_to_zero(walk, address, table->length);
}

/* --- DSDT: \_S5 ------------------------------------------------------------------------------- */

/* An integer object of one byte at most; SLP_TYP has three bits. */
static bool read_small(const uint8_t *code, uint32_t size, uint32_t *at, uint8_t *value)
{
	if (*at + 1 >= size) {
		return false;
	}
	switch (code[*at]) {
	case AML_ZERO:
	case AML_ONE:
		*value = code[*at];
		*at += 1;
		return true;
	case AML_BYTE:
		*value = code[*at + 1];
		*at += 2;
		return *value <= 7;
	default:
		return false;
	}
}

/* code begins with "_S5_": PackageOp PkgLength NumElements SLP_TYPa SLP_TYPb. */
static bool parse_s5(const uint8_t *code, uint32_t size, struct acpi_facts *facts)
{
	uint32_t at = 4;
	uint8_t type_a;
	uint8_t type_b;

	if (code[at] != AML_PACKAGE) {
		return false;
	}
	at += 2 + (code[at + 1] >> 6); /* "Package Length Encoding": bits 7:6 = bytes that follow */
	at += 1;
	if (!read_small(code, size, &at, &type_a) || !read_small(code, size, &at, &type_b)) {
		return false;
	}
	facts->s5_type_a = type_a;
	facts->s5_type_b = type_b;
	facts->has_s5 = true;
	return true;
}

/* Looks for Name (_S5_, ...) or Name (\_S5_, ...) without interpreting what is before it. */
static void scan_dsdt(const struct walk *walk, const struct table *dsdt)
{
	uint8_t chunk[CHUNK + S5_WINDOW];

	for (uint32_t at = HEADER_SIZE; at + S5_WINDOW <= dsdt->length; at += CHUNK) {
		uint32_t left = dsdt->length - at;
		uint32_t size = left < sizeof(chunk) ? left : (uint32_t)sizeof(chunk);

		if (!walk->read(walk->context, dsdt->address + at, chunk, size)) {
			return;
		}
		for (uint32_t i = 0; i + 12 <= size && i < CHUNK; i++) {
			uint32_t name = chunk[i + 1] == AML_ROOT ? i + 2 : i + 1;

			if (chunk[i] == AML_NAME && memcmp(chunk + name, "_S5_", 4) == 0 &&
			    parse_s5(chunk + name, size - name, walk->facts)) {
				return;
			}
		}
	}
}

/* --- FADT ------------------------------------------------------------------------------------- */

static uint16_t port_of_gas(const uint8_t *gas)
{
	uint64_t address = little_endian(gas + GAS_ADDRESS, 8);

	return gas[0] == GAS_SPACE_IO && address <= UINT16_MAX ? (uint16_t)address : 0;
}

static uint16_t port_of(const uint8_t *fadt, uint32_t offset, uint32_t extended)
{
	uint64_t port = little_endian(fadt + offset, 4);

	if (port != 0) {
		return port <= UINT16_MAX ? (uint16_t)port : 0;
	}
	return extended != 0 ? port_of_gas(fadt + extended) : 0;
}

static void read_fadt(const struct walk *walk, const struct table *table)
{
	struct acpi_facts *facts = walk->facts;
	uint8_t fadt[FADT_SIZE] = {0}; /* older tables are shorter: what is missing is 0 */
	uint32_t size = table->length < FADT_SIZE ? table->length : FADT_SIZE;
	struct table dsdt;
	uint64_t address;

	if (!walk->read(walk->context, table->address, fadt, size)) {
		return;
	}
	facts->is_hardware_reduced =
		(little_endian(fadt + FADT_FLAGS, 4) & FADT_FLAG_HW_REDUCED) != 0;
	facts->sleep_control = port_of_gas(fadt + FADT_SLEEP_CONTROL);
	facts->pm1a_control = port_of(fadt, FADT_PM1A_CONTROL, FADT_X_PM1A_CONTROL);
	facts->pm1b_control = port_of(fadt, FADT_PM1B_CONTROL, FADT_X_PM1B_CONTROL);
	facts->smi_command = port_of(fadt, FADT_SMI_CMD, 0);
	facts->acpi_enable = fadt[FADT_ACPI_ENABLE];
	address = little_endian(fadt + FADT_X_DSDT, 8);
	if (address == 0) {
		address = little_endian(fadt + FADT_DSDT, 4);
	}
	if (open_table(walk, address, &dsdt) && memcmp(dsdt.signature, "DSDT", 4) == 0) {
		scan_dsdt(walk, &dsdt);
	}
}

/* --- MADT ------------------------------------------------------------------------------------- */

static void read_madt_entry(struct acpi_facts *facts, const uint8_t *entry, uint32_t length)
{
	if (entry[0] == MADT_OVERRIDE && length >= 10 && entry[3] == UART_ISA_IRQ) {
		facts->uart_gsi = (uint32_t)little_endian(entry + 4, 4);
	}
	if (entry[0] == MADT_IOAPIC && length >= 12) {
		uint64_t base = little_endian(entry + 4, 4);
		uint32_t gsi_base = (uint32_t)little_endian(entry + 8, 4);

		/* ISA interrupts are the lowest ones. */
		if (facts->ioapic_base == 0 || gsi_base < facts->ioapic_gsi_base) {
			facts->ioapic_base = base;
			facts->ioapic_gsi_base = gsi_base;
		}
	}
}

static void read_madt(const struct walk *walk, const struct table *table)
{
	uint32_t at = MADT_ENTRIES;

	for (uint32_t i = 0; i < MADT_ENTRY_MAX && at + 2 <= table->length; i++) {
		uint8_t entry[12] = {0};
		uint32_t size = table->length - at < sizeof(entry) ? table->length - at
								   : (uint32_t)sizeof(entry);

		if (!walk->read(walk->context, table->address + at, entry, size) || entry[1] < 2) {
			return;
		}
		read_madt_entry(walk->facts, entry, entry[1] < size ? entry[1] : size);
		at += entry[1];
	}
}

/* --- root ------------------------------------------------------------------------------------- */

static void read_table(const struct walk *walk, uint64_t address)
{
	struct table table;

	if (!open_table(walk, address, &table)) {
		return;
	}
	if (memcmp(table.signature, "FACP", 4) == 0) {
		read_fadt(walk, &table);
	} else if (memcmp(table.signature, "APIC", 4) == 0) {
		read_madt(walk, &table);
	}
}

static bool open_root(const struct walk *walk, uint64_t rsdp, struct table *root,
		      uint32_t *entry_size)
{
	uint8_t pointer[RSDP_SIZE_2] = {0};
	uint64_t xsdt = 0;

	if (rsdp == 0 || rsdp > UINT64_MAX - sizeof(pointer) ||
	    !walk->read(walk->context, rsdp, pointer, RSDP_SIZE_1) ||
	    memcmp(pointer, "RSD PTR ", 8) != 0 || !sums_to_zero(walk, rsdp, RSDP_SIZE_1)) {
		return false;
	}
	if (pointer[RSDP_REVISION] >= 2 && walk->read(walk->context, rsdp, pointer, RSDP_SIZE_2)) {
		xsdt = little_endian(pointer + RSDP_XSDT, 8);
	}
	*entry_size = 8;
	if (open_table(walk, xsdt, root) && memcmp(root->signature, "XSDT", 4) == 0) {
		return true;
	}
	*entry_size = 4;
	return open_table(walk, little_endian(pointer + RSDP_RSDT, 4), root) &&
	       memcmp(root->signature, "RSDT", 4) == 0;
}

enum hv_status acpi_scan(acpi_reader *read, void *context, uint64_t rsdp, struct acpi_facts *facts)
{
	struct acpi_facts found = {.uart_gsi = UART_ISA_IRQ};
	struct walk walk = {.read = read, .context = context, .facts = &found};
	struct table root;
	uint32_t entry_size;
	uint32_t count;

	if (!open_root(&walk, rsdp, &root, &entry_size)) {
		return HV_NOT_FOUND;
	}
	count = (root.length - HEADER_SIZE) / entry_size;
	for (uint32_t i = 0; i < count && i < ROOT_ENTRY_MAX; i++) {
		uint8_t entry[8] = {0};

		if (!read(context, root.address + HEADER_SIZE + (uint64_t)i * entry_size, entry,
			  entry_size)) {
			break;
		}
		read_table(&walk, little_endian(entry, 8));
	}
	*facts = found;
	return HV_OK;
}
