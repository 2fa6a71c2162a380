# Sources of hv; objects in the order of a start-up.
HV := main.c panic.c console.c entropy.c page_alloc.c owner.c stage2.c guest_mem.c cpus.c vcpu.c symbol.c \
	vm_create.c vm_life.c vm_load.c exit.c manage.c manage_event.c manage_create.c io_bus.c hypercall.c report.c irq_route.c trace.c
