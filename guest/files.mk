# Rules of guest; included by the top Makefile. `make guests` builds the test kernels.
GUEST_LIB := main.c cpu.c trap_entry.asm trap.c boot.c acpi.c console.c hypercall.c report.c apic.c ioapic.c \
	timer.c channel.c samples.c paging.c smp.c ap_start.asm
GUEST_HV_LIB := fmt.c str.c mem.c
GUEST_TESTS := hello cpuid msr port_io uart memory acpi mmio exceptions debug forbidden hypercall_bad clock \
	timer irq smp xsave nmi bench apic_mode exitless channel heartbeat endings
GUEST_FLAGS := $(FREESTANDING) $(WARN) -MMD -MP -Ihv/abi -Ihv/lib -Iguest/lib -Iguest/test
GUEST_OBJ := $(BUILD)/guest-objs
GUEST_BASE := $(GUEST_HV_LIB:%.c=$(GUEST_OBJ)/hv/lib/%.o) $(GUEST_OBJ)/names.o \
	$(addprefix $(GUEST_OBJ)/guest/lib/,$(addsuffix .o,$(basename $(GUEST_LIB))))
# The boot headers of a kernel: hello comes in all three, so that each protocol is tried by itself.
GUEST_KERNELS := $(BUILD)/guest/suite.elf $(BUILD)/guest/hello-pvh.elf $(BUILD)/guest/hello-mb1.elf \
	$(BUILD)/guest/hello-mb2.elf

$(GUEST_OBJ)/%.o: %.c Makefile guest/files.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_FLAGS) -c $< -o $@
$(GUEST_OBJ)/names.o: $(BUILD)/gen/names.c Makefile guest/files.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_FLAGS) -c $< -o $@
$(GUEST_OBJ)/guest/lib/%.o: guest/lib/%.asm Makefile guest/files.mk
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf64 -Werror $< -o $@
$(GUEST_OBJ)/start-pvh.o: START := -DSTART_PVH
$(GUEST_OBJ)/start-mb1.o: START := -DSTART_MB1
$(GUEST_OBJ)/start-mb2.o: START := -DSTART_MB2
$(GUEST_OBJ)/start-%.o: guest/lib/start.asm Makefile guest/files.mk
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf64 -Werror $(START) $< -o $@
# One kernel per test, by single.c.
$(GUEST_OBJ)/single-%.o: guest/test/single.c Makefile guest/files.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_FLAGS) -DTEST_NAME=$* -c $< -o $@

GUEST_LINK = $(LD) -m elf_x86_64 -nostdlib -static -z noexecstack --no-warn-rwx-segments --gc-sections \
	-u start_multiboot -T guest/lib/guest.lds -o $@ $(filter %.o,$^)
$(BUILD)/guest/suite.elf: $(GUEST_OBJ)/start-pvh.o $(GUEST_OBJ)/guest/test/suite.o \
		$(GUEST_TESTS:%=$(GUEST_OBJ)/guest/test/%.o) $(GUEST_BASE) guest/lib/guest.lds
	@mkdir -p $(@D)
	$(Q)$(GUEST_LINK)
$(BUILD)/guest/hello-%.elf: $(GUEST_OBJ)/start-%.o $(GUEST_OBJ)/single-hello.o \
		$(GUEST_OBJ)/guest/test/hello.o $(GUEST_BASE) guest/lib/guest.lds
	@mkdir -p $(@D)
	$(Q)$(GUEST_LINK)

# One kernel per feature: `make guest-singles` builds build/guest/only/NAME.elf.
GUEST_SINGLES := $(filter-out channel heartbeat endings,$(GUEST_TESTS))
$(BUILD)/guest/only/%.elf: $(GUEST_OBJ)/start-pvh.o $(GUEST_OBJ)/single-%.o $(GUEST_OBJ)/guest/test/%.o \
		$(GUEST_BASE) guest/lib/guest.lds
	@mkdir -p $(@D)
	$(Q)$(GUEST_LINK)

.SECONDARY:
.PHONY: guests guest-singles
guest-singles: $(GUEST_SINGLES:%=$(BUILD)/guest/only/%.elf)
guests: $(GUEST_KERNELS)
all: guests

include guest/common/files.mk
-include guest/runtime/files.mk guest/monitor/files.mk guest/engine/files.mk guest/store/files.mk guest/network/files.mk \
	guest/partition/files.mk guest/client/files.mk guest/tls/files.mk
include guest/mgmt/files.mk
-include $(wildcard $(GUEST_OBJ)/*.d $(GUEST_OBJ)/guest/*/*.d $(GUEST_OBJ)/hv/lib/*.d)

include guest/mgmt/bh/files.mk
