# The EFI program that the launcher's tests boot; included by tests/files.mk.
FIXTURE := $(BUILD)/emu/fixture.efi
FIXTURE_FLAGS := -std=c11 -O1 -ffreestanding -fpic -fshort-wchar -mno-red-zone -fno-stack-protector \
	-fcf-protection=none -DGNU_EFI_USE_MS_ABI -isystem /usr/include/efi -isystem /usr/include/efi/x86_64 \
	-Wall -Wextra -Werror -MMD -MP
EFI_SECTIONS := $(addprefix -j ,.text .sdata .data .rodata .dynamic .dynsym .rel .rela .rel.* .rela.* .reloc)

$(BUILD)/emu/fixture.o: tests/emu/fixture.c tests/emu/files.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(FIXTURE_FLAGS) -c $< -o $@
$(FIXTURE): $(BUILD)/emu/fixture.o
	$(Q)$(LD) -nostdlib -znocombreloc -shared -Bsymbolic --no-warn-rwx-segments \
		-T /usr/lib/elf_x86_64_efi.lds /usr/lib/crt0-efi-x86_64.o $< -o $(@:.efi=.so) -L/usr/lib -lefi -lgnuefi
	$(Q)objcopy $(EFI_SECTIONS) --target efi-app-x86_64 --subsystem=10 $(@:.efi=.so) $@
-include $(BUILD)/emu/fixture.d

# A disk that tells what lies where: 32 lines in each of its 6144 sectors.
DISK := $(BUILD)/emu/disk.img
$(DISK): tests/emu/files.mk
	@mkdir -p $(@D)
	$(Q)awk 'BEGIN { for (i = 0; i < 6144 * 32; i++) printf "disk %010d\n", i }' > $@
# What only stands for a kernel.
OFF := $(BUILD)/emu/off.kernel
$(OFF): tests/emu/off.asm tests/emu/files.mk
	@mkdir -p $(@D)
	$(Q)$(NASM) -f bin $< -o $@
check-programs check-emu check-wx: $(DISK) $(OFF)

# The systems of test partitions. Not packed: an emulated CPU takes longer to unpack them than to load them.
LINUX_TEST := $(addprefix $(BUILD)/emu/,small.cpio virtio.cpio passthrough.cpio)
$(LINUX_TEST): $(BUILD)/emu/%: $(BUILD)/guest/%.gz
	@mkdir -p $(@D)
	$(Q)gzip -dc $< >$@
check-programs check-emu: $(LINUX_TEST)

# The management image, with partitions to make.
BH_TEST := $(BUILD)/emu/bh.cpio
$(BH_TEST): $(BUILD)/mgmt.cpio.gz $(wildcard tests/emu/bh/*) $(BUILD)/emu/virtio.cpio $(BUILD)/guest/hello-pvh.elf
	@mkdir -p $(@D)
	$(Q)BUILD=$(abspath $(BUILD)) tools/make-initramfs tests/emu/bh/list $@.more.cpio
	$(Q)(gzip -dc $< && cat $@.more.cpio) >$@
check-programs check-emu: $(BH_TEST)

# Those that manage badly, in a small system that boots fast.
HOSTILE := $(addprefix manage/,hostile.c ports.c bad.c creations.c fuzz.c rounds.c)
HOSTILE_OBJECTS := $(HOSTILE:%.c=$(BH_OBJ)/tests/emu/%.o) $(BH_OBJ)/guest/mgmt/bh/bh_device.o
$(BUILD)/emu/hostile: $(HOSTILE_OBJECTS)
	@mkdir -p $(@D)
	$(Q)$(CC) -static -s $^ -o $@
-include $(HOSTILE_OBJECTS:.o=.d)
MANAGE_TEST := $(BUILD)/emu/manage.cpio
$(MANAGE_TEST): $(BUILD)/emu/small.cpio $(wildcard tests/emu/manage/*) $(BUILD)/emu/hostile $(BUILD)/mgmt/bh \
		$(BUILD)/guest/suite.elf
	@mkdir -p $(@D)
	$(Q)BUILD=$(abspath $(BUILD)) tools/make-initramfs tests/emu/manage/list $@.more.cpio
	$(Q)cat $< $@.more.cpio >$@
check-programs check-emu: $(MANAGE_TEST)

# Containers in a Linux without a hypervisor.
LIMITS_TEST := $(BUILD)/emu/limits.cpio.gz
PEER_ROOT := $(BUILD)/peers/root
# Without Debian's compiler of profiles the case skips what needs one.
$(BUILD)/emu/limits.apparmor: tests/emu/limits/profile $(wildcard $(PEER_ROOT)/sbin/apparmor_parser)
	@mkdir -p $(@D)
	$(Q)if [ -x $(PEER_ROOT)/sbin/apparmor_parser ]; then $(PEER_ROOT)/sbin/apparmor_parser --skip-kernel-load --skip-cache \
		--config-file /dev/null --features-file $(PEER_ROOT)/usr/share/apparmor-features/features --ofile $@ $<; else : >$@; fi
$(LIMITS_TEST): $(BUILD)/guest/small.cpio.gz $(wildcard tests/emu/limits/*) $(BUILD)/bin/bh-runtime $(BUILD)/emu/limits.apparmor
	@mkdir -p $(@D)
	$(Q)BUILD=$(abspath $(BUILD)) tools/make-initramfs tests/emu/limits/list $@.more
	$(Q)cat $< $@.more >$@
check-programs check-emu: $(LIMITS_TEST)

# The session that README.md shows, from a run; the case itself checks that it still is that one.
.PHONY: transcript
transcript: all
	$(Q)tests/emu/run --build $(BUILD) --no-check 'transcript/qemu'
	$(Q)tests/emu/transcript --write $(BUILD)/check/transcript-qemu.log README.md

# --- W^X, "no guest RAM mapped" and "no frame in two partitions", seen from outside the running machine -------------------------
CHECK_GROUPS += check-wx check-panic check-ssh
.PHONY: check-wx check-panic check-ssh
check-wx: all
	$(Q)tests/emu/wx_check --build $(BUILD)
check-panic: all
	$(Q)tests/emu/panic_check --build $(BUILD)
# The management image from this machine's side.
check-ssh: all
	$(Q)tests/emu/ssh_check --build $(BUILD)

# Containers that boot as partitions.
$(BUILD)/emu/terminal $(BUILD)/emu/first_byte: $(BUILD)/emu/%: tests/emu/partition/%.c tests/emu/files.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -static -s $< -o $@
$(BUILD)/emu/true.json: tests/emu/partition/true_config tests/native/images.py guest/runtime/seccomp.json
	@mkdir -p $(@D)
	$(Q)$< $@
PARTITION_FILES := $(BUILD)/emu/partition.cpio
PARTITION_TEST := $(BUILD)/emu/partition.cpio.gz $(BUILD)/emu/partition-small.cpio
$(PARTITION_FILES): $(wildcard tests/emu/partition/*) $(BIN)/bh-partition $(BIN)/bh-agent.cpio $(BIN)/vmlinuz \
		$(BUILD)/mgmt/bh $(BUILD)/emu/terminal $(BUILD)/emu/first_byte $(BIN)/bh-runtime $(BUILD)/emu/true.json
	@mkdir -p $(@D)
	$(Q)BUILD=$(abspath $(BUILD)) tools/make-initramfs tests/emu/partition/list $@
$(BUILD)/emu/partition.cpio.gz: $(BUILD)/mgmt.cpio.gz $(PARTITION_FILES)
	$(Q)$(call over,$(word 1,$^),$(word 2,$^)) >$@
$(BUILD)/emu/partition-small.cpio: $(BUILD)/emu/small.cpio $(PARTITION_FILES)
	$(Q)cat $^ >$@
check-programs check-emu: $(PARTITION_TEST)

# The engine, and an image to be built; Debian's containerd, and what a kubelet would say to it.
CONTAINERS_TEST := $(BUILD)/emu/containers.cpio.gz
FLEET := $(BUILD)/emu/fleet
$(BUILD)/emu/containers.cpio: $(wildcard tests/emu/containers/*) tests/native/cri.py tests/native/images.py $(wildcard $(BUILD)/peers/package)
	@mkdir -p $(@D)
	$(Q)tests/emu/containers/make_fleet $(BUILD)/mgmt/root/bin/busybox $(FLEET)
	$(Q)BUILD=$(abspath $(BUILD)) PEERS=$(abspath $(BUILD)/peers/root) FLEET=$(abspath $(FLEET)) tools/make-initramfs tests/emu/containers/list $@
$(CONTAINERS_TEST): $(BUILD)/mgmt-containers.cpio.gz $(BUILD)/emu/containers.cpio
	$(Q)$(call over,$(word 1,$^),$(word 2,$^)) >$@
check-programs check-emu: $(CONTAINERS_TEST)
