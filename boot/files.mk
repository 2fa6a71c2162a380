# Rules of boot: the UEFI loader. Included by the top Makefile.
BOOT := main.c options.c console.c esp.c config_load.c modules.c machine.c font.c cpu_list.c clock.c apic_timer.c tsc_hz.c \
	virt_check.c virt_read.c virt_plan.c xsave_check.c virt_facts.c vmx_control.c msr_pass.c msr_list.c region.c pagetable.c space.c leave.c elf_load.c memmap.c memmove.c madt.c \
	images.c management.c real_pci.c bare_metal.c handoff.asm ap_start.asm \
	config_parse.c config_keys.c config_value.c config_check.c \
	kernel_image.c kernel_elf.c kernel_multiboot.c linux_boot.c \
	acpi.c acpi_read.c power_plan.c uart.c hand_over.c image.c image_linux.c image_pvh.c image_multiboot.c start_regs.c guest_acpi.c guest_pci.c guest_cpuid_build.c guest_cpuid_hide.c
BOOT_LIB := $(LIB_HV)
GNU_EFI_INCLUDE ?= /usr/include/efi
GNU_EFI_LIB ?= /usr/lib

# Position independent: gnu-efi's start code relocates the image by itself.
BOOT_FLAGS := $(filter-out -fno-pic -fno-pie -f%-sections,$(FREESTANDING)) -fpic -fshort-wchar -fvisibility=hidden \
	-DGNU_EFI_USE_MS_ABI $(WARN) -MMD -MP $(INC_lib) -Iboot -I$(BUILD)/gen -isystem $(GNU_EFI_INCLUDE) \
	-isystem $(GNU_EFI_INCLUDE)/x86_64
BOOT_OBJECTS := $(addprefix $(BUILD)/boot-objs/,$(addsuffix .o,$(basename \
	$(addprefix boot/,$(BOOT)) $(addprefix hv/lib/,$(BOOT_LIB)))))

all: $(BUILD)/BOOTX64.EFI

$(BUILD)/boot-objs/%.o: %.c Makefile boot/files.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(BOOT_FLAGS) -c $< -o $@

$(BUILD)/boot-objs/%.o: %.asm Makefile boot/files.mk
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf64 -g -F dwarf -Werror $< -o $@

$(BUILD)/bootx64.so: $(BOOT_OBJECTS)
	$(Q)$(LD) -nostdlib -znocombreloc -shared -Bsymbolic --no-undefined -T \
		$(GNU_EFI_LIB)/elf_x86_64_efi.lds $(GNU_EFI_LIB)/crt0-efi-x86_64.o $^ \
		-L$(GNU_EFI_LIB) -lgnuefi -o $@

$(BUILD)/BOOTX64.EFI: $(BUILD)/bootx64.so
	$(Q)objcopy -j .text -j .sdata -j .data -j .dynamic -j .dynsym -j .rel -j .rela -j .reloc \
		--target=efi-app-x86_64 --subsystem=10 $< $@
-include $(BOOT_OBJECTS:.o=.d)

# --- the partitions' DSDT: compiled by iasl, as a C array for guest_acpi.c ----------------------
$(BUILD)/gen/dsdt_aml.h: boot/dsdt.asl
	@mkdir -p $(@D)
	$(Q)iasl -p $(BUILD)/gen/dsdt $< > $(BUILD)/gen/dsdt.log 2>&1 || { cat $(BUILD)/gen/dsdt.log; exit 1; }
	$(Q){ printf 'static const uint8_t dsdt_aml[] = {\n'; \
		od -An -v -tu1 $(BUILD)/gen/dsdt.aml | sed 's/\([0-9]\)\( \|$$\)/\1,\2/g'; \
		printf '};\n'; } > $@
$(BUILD)/boot-objs/boot/guest_acpi.o $(BUILD)/host-objs/boot/guest_acpi.o: $(BUILD)/gen/dsdt_aml.h
