# Rules of the runtime of partitions and its agent; included by guest/files.mk.
AGENT := $(addprefix agent/,agent_main.c agent_link.c agent_network.c agent_process.c agent_request.c agent_session.c agent_system.c) frame.c
PARTITION := part_main.c part_create.c part_keep.c part_exec.c part_life.c part_terminal.c part_pod.c sandbox.c group.c namespace.c bundle.c bundle_mounts.c \
	bundle_network.c bundle_process.c switch.c resources.c cpio.c tree.c tree_stream.c frame.c state.c control.c hyper.c hyper_make.c relay.c \
	relay_link.c relay_session.c relay_control.c
# A partition is made by bh's way to the device and by the loader's code.
PARTITION_BH := $(addprefix guest/mgmt/bh/,bh_device.c bh_partition.c bh_words.c) $(addprefix boot/,image.c image_linux.c \
	image_pvh.c image_multiboot.c kernel_image.c kernel_elf.c kernel_multiboot.c linux_boot.c start_regs.c guest_acpi.c \
	guest_pci.c) $(addprefix hv/lib/,fmt.c str.c)
APP_INCLUDES_partition := -Iguest/mgmt/bh -Ihv/abi -Ihv/lib -Iboot -I$(BUILD)/gen
$(eval $(call app_rules,guest/partition,-Iguest/partition $(APP_INCLUDES_partition)))
$(BIN)/bh-partition: $(PARTITION_BH:%.c=$(BUILD)/bh-objs/%.o) $(BUILD)/bh-objs/names.o
$(eval $(call app_program_static,bh-partition,guest/partition,$(PARTITION),))
$(BIN)/bh-agent: $(AGENT:%.c=$(APP_OBJ)/guest/partition/%.o) $(APP_OBJ)/guest/common/pass_fd.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(APP_EXTRA) -static -s -Wl,--gc-sections $^ -o $@
all: $(BIN)/bh-agent
# The kernel of partitions is there only after set-up.
PARTITION_MODULES := $(firstword $(wildcard $(BUILD)/kernel/lib/modules/*/kernel))
ifneq ($(PARTITION_MODULES),)
all: $(BIN)/bh-agent.cpio $(BIN)/vmlinuz
endif
$(BIN)/bh-agent.cpio: guest/partition/agent.list $(BIN)/bh-agent tools/make-initramfs
	$(Q)BIN=$(abspath $(BIN)) MODULES=$(abspath $(PARTITION_MODULES)) tools/make-initramfs $< $@
$(BIN)/vmlinuz: $(BUILD)/kernel/vmlinuz
	@mkdir -p $(@D)
	$(Q)ln -sf ../kernel/vmlinuz $@
