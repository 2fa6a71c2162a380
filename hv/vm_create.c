/* SPDX-License-Identifier: Apache-2.0 */
/* From the configuration to VMs: memory, second-level tables, vCPUs, device state. */
#include "vm_life.h"

#include "arch/clock.h"
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "bits.h"
#include "check.h"
#include "cpus.h"
#include "log.h"
#include "owner.h"
#include "stage2.h"
#include "str.h"

#define NANOSECONDS UINT64_C(1000000000)

static struct vm *vms[CONFIG_PARTITION_MAX];
static uint32_t count;
static hpa_t channel; /* the frame that members share; 0: not taken yet */

_Static_assert(sizeof(struct vm) <= 2 * PAGE_SIZE, "a VM and its tables stay small");
_Static_assert(sizeof(struct vcpu) <= PAGE_SIZE, "a vCPU takes one page");

uint32_t vm_count(void)
{
	return count;
}

struct vm *vm_get(uint32_t id)
{
	return id < count ? vms[id] : NULL;
}

struct vm *vm_uart_owner(void)
{
	for (uint32_t i = 0; i < count; i++) {
		if ((vms[i]->config->flags & CONFIG_PARTITION_OWNS_UART0) != 0) {
			return vms[i];
		}
	}
	return NULL;
}

static gpa_t guest_base(uint64_t offset)
{
	return gpa_from_u64(offset < PLATFORM_RAM_LOW_LIMIT
				    ? offset
				    : PLATFORM_RAM_HIGH_BASE + (offset - PLATFORM_RAM_LOW_LIMIT));
}

/* All but the first frame of the management partition's, where the loader has kept it. */
static enum hv_status take_identity(struct vm *vm)
{
	struct vm_extent *extent = &vm->extents[vm->extent_count++];

	extent->guest = gpa_from_u64(vm->passthrough->identity_base);
	extent->host = hpa_from_u64(vm->passthrough->identity_base);
	extent->size = vm->memory_size - FRAME_SIZE;
	return owner_change(extent->host, extent->size, OWNER_IDENTITY, OWNER_VM + vm->id);
}

/* Takes frames for the whole memory, in as few pieces as there are. */
static enum hv_status take_memory(struct vm *vm)
{
	uint64_t size = vm->passthrough == NULL ? vm->memory_size : FRAME_SIZE;
	uint64_t done = 0;

	while (done < size) {
		struct vm_extent *extent = &vm->extents[vm->extent_count];
		uint64_t wanted = size - done;
		enum hv_status status;

		if (done < PLATFORM_RAM_LOW_LIMIT) {
			wanted = min_u64(wanted, PLATFORM_RAM_LOW_LIMIT - done);
		}
		if (vm->extent_count == VM_EXTENT_MAX) {
			return HV_NO_MEMORY;
		}
		status = owner_find(wanted, &extent->host, &extent->size);
		if (status != HV_OK) {
			return status;
		}
		status = owner_change(extent->host, extent->size, OWNER_FREE, OWNER_VM + vm->id);
		CHECK(status == HV_OK);
		extent->guest = guest_base(done);
		vm->extent_count++;
		done += extent->size;
	}
	return vm->passthrough == NULL ? HV_OK : take_identity(vm);
}

static bool has_channel(const struct config_partition *config)
{
	return (config->devices & CONFIG_DEVICE_CHANNEL0) != 0;
}

/* The first member takes the frame, zeroed; what is in it outlives its members. It is in nobody's
 * extents, so it is not RAM: the hypervisor never reads or writes it for a guest. */
static enum hv_status take_channel(void)
{
	uint64_t size;
	enum hv_status status = owner_find(PLATFORM_CHANNEL_SIZE, &channel, &size);

	if (status == HV_OK) {
		status = owner_change(channel, size, OWNER_FREE, OWNER_SHARED);
		CHECK(status == HV_OK);
		memset(arch_window_map(0, channel), 0, size);
		arch_window_unmap(0);
	}
	return status;
}

static enum hv_status map_channel(struct vm *vm)
{
	enum hv_status status = channel.value == 0 ? take_channel() : HV_OK;
	struct stage2_mapping mapping = {
		.guest = gpa_from_u64(PLATFORM_CHANNEL_MEMORY),
		.host = channel,
		.size = PLATFORM_CHANNEL_SIZE,
		.access = STAGE2_READ | STAGE2_WRITE,
		.memory = STAGE2_WRITE_BACK,
	};

	return status == HV_OK ? stage2_map(vm->arch.stage2_root, &mapping) : status;
}

/* RAM by extents; device memory, each range at its own address. */
static enum hv_status map_memory(struct vm *vm)
{
	struct stage2_mapping ram = {.access = STAGE2_ALL, .memory = STAGE2_WRITE_BACK};
	struct stage2_mapping device = {.access = STAGE2_READ | STAGE2_WRITE,
					.memory = STAGE2_UNCACHED};
	const struct boot_passthrough *real = vm->passthrough;
	enum hv_status status = stage2_create(&vm->arch.stage2_root);

	for (uint32_t i = 0; status == HV_OK && i < vm->extent_count; i++) {
		ram.guest = vm->extents[i].guest;
		ram.host = vm->extents[i].host;
		ram.size = vm->extents[i].size;
		status = stage2_map(vm->arch.stage2_root, &ram);
	}
	for (uint32_t i = 0; status == HV_OK && real != NULL && i < real->memory_count; i++) {
		device.guest = gpa_from_u64(real->memory[i].base);
		device.host = hpa_from_u64(real->memory[i].base);
		device.size = real->memory[i].size;
		status = stage2_map(vm->arch.stage2_root, &device);
	}
	return status == HV_OK && has_channel(vm->config) ? map_channel(vm) : status;
}

static enum hv_status create_vcpu(struct vm *vm, struct cpu *cpu)
{
	struct vcpu *vcpu = page_alloc(1);
	enum hv_status status;

	if (vcpu == NULL) {
		return HV_NO_MEMORY;
	}
	vcpu->vm = vm;
	vcpu->cpu = cpu;
	vcpu->index = vm->vcpu_count;
	status = arch_vcpu_init(&vcpu->arch, &vm->arch, vcpu->index);
	if (status == HV_OK) {
		vm->vcpus[vm->vcpu_count++] = vcpu;
	}
	return status;
}

static enum hv_status create_vcpus(struct vm *vm)
{
	enum hv_status status = HV_OK;

	for (uint32_t i = 0; status == HV_OK && i < CPU_MAX; i++) {
		if ((vm->config->cpus & BIT(i)) == 0) {
			continue;
		}
		if (cpus_get(i) == NULL || !cpus_get(i)->is_online) {
			log_error("partition %s: CPU %u is not there", vm->name, i);
			return HV_NOT_FOUND;
		}
		status = create_vcpu(vm, cpus_get(i));
	}
	return status;
}

static enum hv_status create_devices(struct vm *vm)
{
	uint64_t total = 0;
	uint8_t *states;

	for (uint32_t i = 0; device_models[i].size != 0; i++) {
		total += align_up(device_models[i].state_size, sizeof(uint64_t));
	}
	states = page_alloc((uint32_t)(align_up(total + 1, PAGE_SIZE) >> PAGE_SHIFT));
	if (states == NULL) {
		return HV_NO_MEMORY;
	}
	for (uint32_t i = 0; device_models[i].size != 0; i++) {
		vm->device_state[i] = states;
		states += align_up(device_models[i].state_size, sizeof(uint64_t));
	}
	return HV_OK;
}

/* Nanoseconds since the epoch when the TSC was zero. */
static uint64_t wall_at_tsc_zero(const struct boot_time *time)
{
	uint64_t hz = arch_tsc_hz();
	uint64_t up = time->tsc / hz * NANOSECONDS + time->tsc % hz * NANOSECONDS / hz;

	return time->unix_seconds * NANOSECONDS - up;
}

static enum hv_status build(struct vm *vm, const struct boot_info *boot)
{
	enum hv_status status;

	status = take_memory(vm);
	if (status != HV_OK) {
		log_error("partition %s: %lu MiB asked for, not that much is free: %lu MiB",
			  vm->name, (vm->memory_size >> 20), (owner_total(OWNER_FREE) >> 20));
		return status;
	}
	vm->arch.vcpu_count = bit_count(vm->config->cpus);
	vm->arch.clock_wall = wall_at_tsc_zero(&boot->time);
	status = map_memory(vm);
	status = status == HV_OK ? arch_vm_init(&vm->arch) : status;
	status = status == HV_OK ? create_devices(vm) : status;
	return status == HV_OK ? create_vcpus(vm) : status;
}

/* The configuration was checked by the loader: what fails here is the machine's fault. What a
 * failed VM has taken stays taken; the machine goes on without it. */
static void create(uint32_t index, const struct boot_info *boot)
{
	const struct config_partition *config = &boot->config.partitions[index];
	const struct boot_image *images = boot->images;
	struct vm *vm = page_alloc(2);

	if (vm == NULL) {
		log_error("partition %s: no hypervisor memory left", config->name);
		return;
	}
	vm->id = count;
	vm->config = config;
	vm->image = &images[index];
	vm->passthrough =
		(config->flags & CONFIG_PARTITION_MANAGEMENT) != 0 ? &boot->passthrough : NULL;
	vm->memory_size = config->memory;
	vm->name = config->name;
	vms[count++] = vm;
	if (build(vm, boot) != HV_OK) {
		log_error("partition %s: not created", vm->name);
		vm->vcpu_count = 0;
	}
}

static void check_ownership(const struct vm *vm)
{
	uint64_t mapped;
	uint64_t shared;
	uint64_t foreign = stage2_check_owner(vm->arch.stage2_root, OWNER_VM + vm->id,
					      vm->passthrough, &mapped, &shared);

	if (foreign != UINT64_MAX || mapped != vm->memory_size ||
	    shared != (has_channel(vm->config) ? PLATFORM_CHANNEL_SIZE : 0)) {
		panic("partition %s reaches foreign memory at %lx", vm->name, foreign);
	}
}

void vm_create_all(const struct boot_info *boot)
{
	uint32_t made = 0;

	for (uint32_t i = 0; i < boot->config.partition_count; i++) {
		create(i, boot);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (vms[i]->vcpu_count == 0) {
			continue;
		}
		check_ownership(vms[i]);
		made++;
		/* From here on the CPU knows its vCPU; it is kicked when the VM starts. */
		for (uint32_t j = 0; j < vms[i]->vcpu_count; j++) {
			vms[i]->vcpus[j]->cpu->vcpu = vms[i]->vcpus[j];
		}
	}
	log_info("%u of %u partitions made; every frame they reach is theirs alone%s", made, count,
		 channel.value != 0 ? ", or the channel's" : "");
}
