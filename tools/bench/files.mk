# Rules of the bench; included by tools/files.mk.
BENCH := $(BUILD)/bench
BENCH_FLAGS := -std=gnu11 -O2 -D_GNU_SOURCE $(WARN) -MMD -MP -Ihv/abi -Ihv/lib -Iboot
KVM_HOST_OBJECTS := $(addprefix $(BENCH)/objs/,tools/bench/kvm_host.o boot/kernel_image.o boot/kernel_elf.o \
	boot/kernel_multiboot.o)

$(BENCH)/objs/%.o: %.c Makefile tools/bench/files.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_FLAGS) -c $< -o $@
$(BENCH)/kvm_host: $(KVM_HOST_OBJECTS)
	$(Q)$(CC) -static $^ -o $@
$(BENCH)/init: $(addprefix $(BENCH)/objs/guest/linux/,bench_init.o bench_life.o bench_io.o)
	$(Q)$(CC) -static $^ -o $@
-include $(wildcard $(BENCH)/objs/*/*/*.d)

$(BENCH)/peak: tools/bench/peak.c tools/bench/files.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(BENCH_FLAGS)) -static -s $< -o $@

.PHONY: bench bench-files
bench-files: $(BUILD)/emu/partition-small.cpio $(BENCH)/peak $(BENCH)/kvm_host $(BENCH)/init $(BUILD)/mgmt/bh
	$(Q)BENCH=$(abspath $(BENCH)) MODULES=$(abspath $(wildcard $(BUILD)/kernel/lib/modules/*/kernel)) \
		tools/make-initramfs guest/linux/bench.list $(BUILD)/guest/bench.cpio.gz
# BENCH_ARGUMENTS='--only exits': see tools/bench/run --help.
bench: setup
	$(BUILD_ALL) bench-files
	$(Q)tools/bench/run --build $(BUILD) $(BENCH_ARGUMENTS)
