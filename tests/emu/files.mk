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
check-programs check-emu check-wx: $(DISK)

# The management image, with partitions to make.
BH_TEST := $(BUILD)/emu/bh.cpio.gz
$(BH_TEST): $(BUILD)/mgmt.cpio.gz $(wildcard tests/emu/bh/*) $(BUILD)/guest/hello-pvh.elf
	@mkdir -p $(@D)
	$(Q)GUESTS=$(abspath $(BUILD)/guest) tools/make-initramfs tests/emu/bh/list $@.more
	$(Q)cat $< $@.more >$@
check-programs check-emu: $(BH_TEST)

# The session that README.md shows, from a run; the case itself checks that it still is that one.
.PHONY: transcript
transcript: all
	$(Q)tests/emu/run --build $(BUILD) --no-check 'transcript/qemu'
	$(Q)tests/emu/transcript --write $(BUILD)/check/transcript-qemu.log README.md

# --- W^X and "no guest RAM mapped", seen from outside the running machine -------------------------
CHECK_GROUPS += check-wx check-panic check-ssh
.PHONY: check-wx check-panic check-ssh
check-wx: all
	$(Q)tests/emu/wx_check --build $(BUILD)
check-panic: all
	$(Q)tests/emu/panic_check --build $(BUILD)
# The management image from this machine's side.
check-ssh: all
	$(Q)tests/emu/ssh_check --build $(BUILD)
