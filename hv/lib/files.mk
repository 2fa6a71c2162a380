# Sources of hv/lib. LIB_HV is linked into the hypervisor; the loader and host tests pick their own.
LIB_HV := mem.c str.c fmt.c
