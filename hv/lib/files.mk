# Sources of hv/lib. LIB_HV is linked into the hypervisor; the loader and host tests pick their own.
LIB_HV := mem.c str.c fmt.c
# Pure parsers and builders shared by loader, hypervisor, tools and host tests.
LIB_CONFIG := config_parse.c config_keys.c config_value.c config_check.c
LIB_KERNEL := kernel_image.c kernel_elf.c kernel_multiboot.c linux_boot.c
LIB_HV += $(LIB_KERNEL)
