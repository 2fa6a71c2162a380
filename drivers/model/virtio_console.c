/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paravirtual console (virtio 1.2, "Console Device"): port 0 is the partition's console, hvc0
 * in Linux; its size can change at any time. What the guest writes goes where its UART's output
 * goes.
 */
#include "bits.h"
#include "hv/console.h"
#include "hv/device.h"
#include "hv/vm.h"
#include "str.h"
#include "virtio_kinds.h"

#define QUEUE_INPUT          0u
#define QUEUE_OUTPUT         1u
#define QUEUE_CONTROL_INPUT  2u /* to the driver */
#define QUEUE_CONTROL_OUTPUT 3u
_Static_assert(QUEUE_CONTROL_OUTPUT + 1 == PLATFORM_CONSOLE_QUEUES, "as guest_pci.c tells");

#define FEATURE_SIZE      BIT(0)
#define FEATURE_MULTIPORT BIT(1)

/* "Multiport Device Operation". */
enum event {
	EVENT_DEVICE_READY,
	EVENT_DEVICE_ADD,
	EVENT_DEVICE_REMOVE,
	EVENT_PORT_READY,
	EVENT_CONSOLE_PORT,
	EVENT_RESIZE,
	EVENT_PORT_OPEN,
	EVENT_PORT_NAME,
};

struct control {
	uint32_t port;
	uint16_t event;
	uint16_t value;
};

struct control_resize {
	struct control control;
	uint16_t columns;
	uint16_t rows;
};

/* struct virtio_console_config. */
struct config_space {
	uint16_t columns;
	uint16_t rows;
	uint32_t port_count;
};

/* Where the kind keeps its own state: behind what the driver sees of `config`. */
struct console {
	struct config_space seen;
	uint32_t events; /* that wait for a buffer of the driver, bit per enum event */
};
_Static_assert(sizeof(struct console) <= VIRTIO_CONFIG_SIZE, "fits");

#define PIECE 256u
/* Bytes of output taken at a time: Linux sends no more in one request. A longer one is cut, for its
 * segments may overlap and so name more than all RAM. */
#define OUTPUT_MAX 32768u

static struct console *console_of(struct virtio *device)
{
	return (struct console *)(void *)device->config;
}

static bool write_out(struct vm *vm, struct virtio *device)
{
	struct virtqueue_chain chain;
	uint8_t piece[PIECE];
	uint64_t taken = 0;

	while (taken < OUTPUT_MAX && virtio_pop(vm, device, QUEUE_OUTPUT, &chain)) {
		uint32_t length = (uint32_t)min_u64(chain.readable, OUTPUT_MAX);

		if (!vm->is_console_virtio) {
			vm->is_console_virtio = true;
			console_input_again(); /* what has waited for the UART comes here */
		}
		for (uint32_t done = 0; done < length; done += PIECE) {
			uint32_t size = (uint32_t)min_u64(PIECE, length - done);

			size = virtqueue_read(&chain, &vm->arch, done, piece, size);
			console_write(vm, piece, size);
		}
		taken += max_u64(length, OUTPUT_MAX / VIRTIO_BATCH);
		virtqueue_push(&device->queues[QUEUE_OUTPUT], &vm->arch, chain.head, 0);
	}
	virtio_interrupt(vm, device, QUEUE_OUTPUT);
	return taken >= OUTPUT_MAX;
}

/* What waits, as far as the driver has buffers for it. */
static void send_events(struct vm *vm, struct virtio *device)
{
	struct console *console = console_of(device);
	struct virtqueue_chain chain;

	while (console->events != 0 && virtio_pop(vm, device, QUEUE_CONTROL_INPUT, &chain)) {
		uint32_t event = (uint32_t)__builtin_ctz(console->events);
		struct control_resize message = {
			.control = {.event = (uint16_t)event, .value = 1},
			.columns = console->seen.columns,
			.rows = console->seen.rows,
		};
		uint32_t size = event == EVENT_RESIZE ? sizeof(message) : sizeof(message.control);

		size = virtqueue_write(&chain, &vm->arch, 0, &message, size);
		virtqueue_push(&device->queues[QUEUE_CONTROL_INPUT], &vm->arch, chain.head, size);
		console->events &= console->events - 1;
	}
	virtio_interrupt(vm, device, QUEUE_CONTROL_INPUT);
}

static bool take_events(struct vm *vm, struct virtio *device)
{
	struct virtqueue_chain chain;
	uint32_t count;

	for (count = 0;
	     count < VIRTIO_BATCH && virtio_pop(vm, device, QUEUE_CONTROL_OUTPUT, &chain);
	     count++) {
		struct control control = {.value = 0};

		(void)virtqueue_read(&chain, &vm->arch, 0, &control, sizeof(control));
		if (control.event == EVENT_DEVICE_READY && control.value == 1) {
			console_of(device)->events |= BIT32(EVENT_DEVICE_ADD);
		} else if (control.event == EVENT_PORT_READY && control.port == 0 &&
			   control.value == 1) {
			console_of(device)->events |= BIT32(EVENT_CONSOLE_PORT) |
						      BIT32(EVENT_RESIZE) | BIT32(EVENT_PORT_OPEN);
		}
		virtqueue_push(&device->queues[QUEUE_CONTROL_OUTPUT], &vm->arch, chain.head, 0);
	}
	virtio_interrupt(vm, device, QUEUE_CONTROL_OUTPUT);
	return count == VIRTIO_BATCH;
}

static bool notify(struct vm *vm, struct virtio *device, uint32_t queue)
{
	bool is_again = false;

	if (queue == QUEUE_OUTPUT) {
		return write_out(vm, device);
	}
	if (queue == QUEUE_CONTROL_OUTPUT) {
		is_again = take_events(vm, device);
	}
	if (queue == QUEUE_INPUT) { /* buffers: what was typed may have waited for them */
		console_input_again();
	} else {
		send_events(vm, device);
	}
	return is_again;
}

bool virtio_console_takes_input(struct vm *vm)
{
	struct virtio *device = virtio_of(vm, PLATFORM_SLOT_CONSOLE);
	bool is_taken;

	spin_lock(&device->lock);
	is_taken = !virtqueue_is_empty(&device->queues[QUEUE_INPUT], &vm->arch);
	spin_unlock(&device->lock);
	return is_taken;
}

void virtio_console_input(struct vm *vm, uint8_t byte)
{
	struct virtio *device = virtio_of(vm, PLATFORM_SLOT_CONSOLE);
	struct virtqueue_chain chain;

	spin_lock(&device->lock);
	if (virtio_pop(vm, device, QUEUE_INPUT, &chain)) {
		uint32_t size = virtqueue_write(&chain, &vm->arch, 0, &byte, 1);

		virtqueue_push(&device->queues[QUEUE_INPUT], &vm->arch, chain.head, size);
		virtio_interrupt(vm, device, QUEUE_INPUT);
	}
	spin_unlock(&device->lock);
}

void virtio_console_resize(struct vm *vm)
{
	struct virtio *device = virtio_of(vm, PLATFORM_SLOT_CONSOLE);
	struct console *console = console_of(device);

	spin_lock(&device->lock);
	memcpy(&console->seen, vm->image.pci[PLATFORM_SLOT_CONSOLE].config, sizeof(uint32_t));
	console->events |= BIT32(EVENT_RESIZE);
	send_events(vm, device);
	virtio_config_changed(vm, device);
	spin_unlock(&device->lock);
}

const struct virtio_kind virtio_console_kind = {
	.queue_count = PLATFORM_CONSOLE_QUEUES,
	.features = FEATURE_SIZE | FEATURE_MULTIPORT,
	.notify = notify,
};
