ARCH_VMX := ept.c vmcs_init.c vmx.c vmx_exit.c vmx_inject.c \
	vmx_reg.c vmx_run.asm
