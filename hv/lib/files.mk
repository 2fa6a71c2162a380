# Sources of hv/lib: linked into the hypervisor, the loader and guests.
LIB_HV := mem.c str.c fmt.c
