# Sources of hv; objects in the order of a start-up.
HV := main.c panic.c console.c page_alloc.c owner.c stage2.c guest_mem.c cpus.c vcpu.c symbol.c modules.c \
	vm_create.c vm_life.c vm_load.c guest_boot.c guest_boot_linux.c guest_boot_pvh.c \
	guest_boot_multiboot.c exit.c io_bus.c hypercall.c report.c irq_route.c guest_acpi.c

# --- the partitions' DSDT: compiled by iasl, as a C array for guest_acpi.c ----------------------
$(BUILD)/gen/dsdt_aml.h: hv/dsdt.asl
	@mkdir -p $(@D)
	$(Q)iasl -p $(BUILD)/gen/dsdt $< > $(BUILD)/gen/dsdt.log 2>&1 || { cat $(BUILD)/gen/dsdt.log; exit 1; }
	$(Q){ printf 'static const uint8_t dsdt_aml[] = {\n'; \
		od -An -v -tu1 $(BUILD)/gen/dsdt.aml | sed 's/\([0-9]\)\( \|$$\)/\1,\2/g'; \
		printf '};\n'; } > $@
$(BUILD)/hv-objs/hv/guest_acpi.o $(BUILD)/host-objs/hv/guest_acpi.o: $(BUILD)/gen/dsdt_aml.h
