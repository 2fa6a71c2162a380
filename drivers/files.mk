# Sources of drivers: real devices, then models.
DRIVERS := hw/uart16550.c hw/framebuffer.c hw/console.c hw/power.c \
	model/models.c model/vuart.c model/vlapic.c model/vlapic_icr.c model/vioapic.c model/vpower.c model/vmanage.c model/vmark.c model/virtqueue.c model/vpci.c model/passthrough.c model/virtio.c model/virtio_console.c model/virtio_entropy.c model/virtio_block.c model/virtio_net.c model/vchannel.c
