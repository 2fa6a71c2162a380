# Rules of bh, the tool of the management partition; included by guest/files.mk.
BH := bh_main.c bh_commands.c bh_options.c bh_device.c bh_partition.c bh_table.c bh_words.c bh_show.c bh_life.c \
	bh_config.c bh_image.c bh_create.c bh_disk.c bh_log.c bh_stat.c bh_console.c bh_give.c bh_screen.c \
	bh_trace.c bh_trace_view.c bh_cost.c bh_signal.c bh_container.c
# A partition is made by the code that the loader makes it by.
BH_BOOT := config_parse.c config_keys.c config_value.c image.c image_linux.c image_pvh.c image_multiboot.c \
	kernel_image.c kernel_elf.c kernel_multiboot.c linux_boot.c start_regs.c guest_acpi.c guest_pci.c
BH_LIB := fmt.c str.c
BH_FLAGS := -std=gnu11 -O2 -g -D_GNU_SOURCE $(WARN) -MMD -MP -Iguest/mgmt/bh -Ihv/abi -Ihv/lib -Iboot -I$(BUILD)/gen
BH_OBJ := $(BUILD)/bh-objs
BH_OBJECTS := $(patsubst %.c,$(BH_OBJ)/%.o,$(addprefix guest/mgmt/bh/,$(BH)) $(addprefix boot/,$(BH_BOOT)) \
	$(addprefix hv/lib/,$(BH_LIB))) $(BH_OBJ)/names.o

$(BH_OBJ)/%.o: %.c Makefile guest/mgmt/bh/files.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(BH_FLAGS) -c $< -o $@
$(BH_OBJ)/names.o: $(BUILD)/gen/names.c Makefile guest/mgmt/bh/files.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(BH_FLAGS) -c $< -o $@
$(BH_OBJ)/boot/guest_acpi.o: $(BUILD)/gen/dsdt_aml.h
# Static: it starts fast, and whatever the image holds.
$(BUILD)/mgmt/bh: $(BH_OBJECTS)
	@mkdir -p $(@D)
	$(Q)$(CC) -static -s $^ -o $@
all: $(BUILD)/mgmt/bh
-include $(BH_OBJECTS:.o=.d)
