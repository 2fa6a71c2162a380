# A stand-in for the hypervisor that prints what the loader hands over: print_info.elf.
PRINT_INFO_OBJECTS := $(BUILD)/tests-objs/print_info.o $(addprefix $(BUILD)/hv-objs/hv/lib/,\
	$(LIB_HV:.c=.o))
$(BUILD)/tests-objs/print_info.o: tests/boot/print_info.c Makefile tests/boot/files.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_FLAGS) $(INC_lib) -c $< -o $@
$(BUILD)/print_info.elf: $(PRINT_INFO_OBJECTS) tests/boot/print_info.lds
	$(Q)$(LD) -nostdlib -static -z max-page-size=4096 -T tests/boot/print_info.lds \
		$(PRINT_INFO_OBJECTS) -o $@
-include $(BUILD)/tests-objs/print_info.d

check-programs check-emu: $(BUILD)/print_info.elf
