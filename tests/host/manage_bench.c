/* SPDX-License-Identifier: Apache-2.0 */
/* What hv needs of drivers and of its own report, for tests of the management partition's commands.
 */
#include "host/manage_bench.h"

#include "hv/platform.h"
#include "report.h"

struct manage_bench manage_bench;

const struct device_model device_models[] = {{.base = 1, .size = 1, .state_size = 8}, {.size = 0}};

bool vlapic_read(struct vcpu *vcpu, uint32_t offset, uint64_t *value)
{
	(void)vcpu;
	(void)offset;
	*value = 0;
	return true;
}

bool vlapic_write(struct vcpu *vcpu, uint32_t offset, uint64_t value)
{
	(void)vcpu;
	(void)offset;
	(void)value;
	return true;
}

void vlapic_reset(struct vcpu *vcpu, bool is_init)
{
	(void)vcpu;
	(void)is_init;
}

enum manage_status disk_serve(struct vm *vm, const struct vm_arch *caller, gpa_t data,
			      struct manage_command *command)
{
	TAP_CHECK(caller == &manage_bench.manager->arch);
	TAP_EQUAL(data.value, PLATFORM_MANAGE_WINDOW + offsetof(struct manage_window, data) +
				      command->data_offset);
	if (manage_bench.on_disk != NULL) {
		return manage_bench.on_disk(caller, data, command);
	}
	manage_bench.served = vm;
	command->data_used = 3;
	return MANAGE_OK;
}

bool vuart_takes_input(struct vm *vm)
{
	(void)vm;
	return manage_bench.typed_count < manage_bench.room;
}

void vuart_input(struct vm *vm, uint8_t byte)
{
	(void)vm;
	manage_bench.typed[manage_bench.typed_count++] = (char)byte;
}

bool virtio_console_takes_input(struct vm *vm)
{
	return vuart_takes_input(vm);
}

void virtio_console_input(struct vm *vm, uint8_t byte)
{
	(void)vm;
	(void)byte;
}

void virtio_console_resize(struct vm *vm)
{
	manage_bench.resized = vm;
}

void platform_console_init(const struct boot_info *info)
{
	(void)info;
}

void platform_console_write(const char *text, size_t size)
{
	(void)text;
	(void)size;
}

bool platform_console_read(uint8_t *byte)
{
	(void)byte;
	return false;
}

void platform_console_rearm(void)
{
}

void platform_power_off(uint32_t code)
{
	(void)code;
	manage_bench.power_off_count++;
}

void passthrough_silence(const struct vm *vm)
{
	(void)vm;
}

void report_exits(const struct vm *vm)
{
	(void)vm;
}

void panic(const char *format, ...)
{
	(void)format;
	longjmp(fake_cpus.halt_return, 3);
}
