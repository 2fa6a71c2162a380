# SPDX-License-Identifier: Apache-2.0
# Builds Bulkhead. `make run` and `make check` set up what they need; `make help` lists the targets.
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:

BUILD ?= build
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
LD := $(if $(filter default,$(origin LD)),ld,$(LD))
NASM ?= nasm
Q := $(if $(V),,@)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wswitch-enum -Wvla -Werror
FREESTANDING := -std=c11 -O2 -g -ffreestanding -fno-common -mno-red-zone -mgeneral-regs-only \
	-fno-strict-aliasing -fno-stack-protector -fno-pic -fno-pie -fno-asynchronous-unwind-tables \
	-fcf-protection=none -fno-omit-frame-pointer -ffunction-sections -fdata-sections
HV_FLAGS := $(FREESTANDING) -mcmodel=kernel $(WARN) -MMD -MP
HOSTED := -std=gnu11 -g -O1 -D_GNU_SOURCE $(WARN) -MMD -MP
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

.PHONY: all
all:

# Per-folder -I lists: the dependency rule of README.md, kept by the compiler.
INC_lib := -Ihv/abi -Ihv/lib
INC_x86 := $(INC_lib) -Iarch/include -Iarch/x86
INC_vmx := $(INC_x86) -Iarch/vmx -I$(BUILD)/gen
INC_svm := $(INC_x86) -Iarch/svm -I$(BUILD)/gen
INC_fake := $(INC_lib) -Iarch/include -Iarch/fake
INC_hv := $(INC_lib) -Iarch/include -Ihv/include -Ihv
INC_drivers := $(INC_lib) -Iarch/include -Ihv/include -Idrivers/include

include hv/lib/files.mk hv/files.mk arch/x86/files.mk arch/vmx/files.mk arch/svm/files.mk \
	arch/fake/files.mk drivers/files.mk boot/files.mk guest/files.mk tools/files.mk tests/files.mk

# --- the hypervisor ---------------------------------------------------------------------------
# $(call hv_rules,folder,include list)
define hv_rules
$(BUILD)/hv-objs/$(1)/%.o: $(1)/%.c Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(HV_FLAGS) $(2) -c $$< -o $$@
$(BUILD)/hv-objs/$(1)/%.o: $(1)/%.asm $(BUILD)/asm_offsets.inc Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(NASM) -f elf64 -g -F dwarf -Werror -I$(1)/ -Iarch/x86/ -I$(BUILD)/ $$< -o $$@
	@$$(NASM) -M -MT $$@ -I$(1)/ -Iarch/x86/ -I$(BUILD)/ $$< > $$(@:.o=.d)
endef
$(eval $(call hv_rules,hv/lib,$(INC_lib)))
$(eval $(call hv_rules,hv,$(INC_hv)))
$(eval $(call hv_rules,arch/x86,$(INC_x86)))
$(eval $(call hv_rules,arch/vmx,$(INC_vmx)))
$(eval $(call hv_rules,arch/svm,$(INC_svm)))
$(eval $(call hv_rules,drivers/hw,$(INC_drivers)))
$(eval $(call hv_rules,drivers/model,$(INC_drivers)))

HV_SOURCES := $(addprefix hv/lib/,$(LIB_HV)) $(addprefix hv/,$(HV)) $(addprefix arch/x86/,$(ARCH_X86)) \
	$(addprefix arch/vmx/,$(ARCH_VMX)) $(addprefix arch/svm/,$(ARCH_SVM)) $(addprefix drivers/,$(DRIVERS))
HV_OBJECTS := $(addprefix $(BUILD)/hv-objs/,$(addsuffix .o,$(basename $(HV_SOURCES))))
# Tables of names are data, kept outside.
$(BUILD)/gen/names.c: tools/names.txt tools/gen_names
	@mkdir -p $(@D)
	$(Q)tools/gen_names $< > $@
$(BUILD)/hv-objs/names.o: $(BUILD)/gen/names.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_FLAGS) $(INC_lib) -c $< -o $@
HV_OBJECTS += $(BUILD)/hv-objs/names.o
# So are the numbers that the backends know by these names.
$(BUILD)/gen/vmx_numbers.h: NUMBERS := vmcs_field=VMCS vmx_exit=REASON
$(BUILD)/gen/svm_numbers.h: NUMBERS := svm_exit=VMEXIT
$(BUILD)/gen/%_numbers.h: tools/names.txt tools/gen_names
	@mkdir -p $(@D)
	$(Q)tools/gen_names $< $(NUMBERS) > $@
GEN_NUMBERS := $(BUILD)/gen/vmx_numbers.h $(BUILD)/gen/svm_numbers.h
$(HV_OBJECTS): | $(GEN_NUMBERS)
-include $(HV_OBJECTS:.o=.d)

$(BUILD)/asm_offsets.inc: arch/x86/asm_offsets.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_FLAGS) $(INC_x86) -MF $(BUILD)/asm_offsets.d -MT $@ -S $< -o $(BUILD)/asm_offsets.s
	$(Q)sed -n 's/.*->\([A-Z0-9_]*\) \$$*\([-0-9]*\).*/%define \1 \2/p' $(BUILD)/asm_offsets.s > $@
-include $(BUILD)/asm_offsets.d

all: $(BUILD)/bulkhead.elf

# The image is linked twice: the first link yields the symbol table of the second.
HV_LINK := $(LD) -nostdlib -static --gc-sections -z noexecstack -z max-page-size=4096 -T hv/hv.lds
$(BUILD)/hv-objs/symbols_none.asm: tools/gen_symbols
	@mkdir -p $(@D)
	$(Q)tools/gen_symbols > $@
$(BUILD)/hv-objs/symbols_final.asm: $(BUILD)/hv-objs/pass0.elf tools/gen_symbols
	$(Q)tools/gen_symbols $< > $@
$(BUILD)/hv-objs/symbols_%.o: $(BUILD)/hv-objs/symbols_%.asm
	$(Q)$(NASM) -f elf64 -Werror $< -o $@
$(BUILD)/hv-objs/pass0.elf: $(HV_OBJECTS) $(BUILD)/hv-objs/symbols_none.o hv/hv.lds
	$(Q)$(HV_LINK) $(filter %.o,$^) -o $@
# With debug information, for debuggers; the image that is booted has none.
$(BUILD)/bulkhead.debug.elf: $(HV_OBJECTS) $(BUILD)/hv-objs/symbols_final.o hv/hv.lds
	$(Q)$(HV_LINK) $(filter %.o,$^) -o $@
$(BUILD)/bulkhead.elf: $(BUILD)/bulkhead.debug.elf
	$(Q)objcopy --strip-all $< $@
	@size $@ | awk 'END { print "hypervisor: text+data " $$1 + $$2 " of 131072 bytes, bss " $$3; \
		exit $$1 + $$2 > 131072 }'
	@tools/check_limits --lines
