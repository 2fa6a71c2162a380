/* SPDX-License-Identifier: Apache-2.0 */
/* Making VMs, and unmaking them: memory, second-level tables, vCPUs, device state. */
#include "vm_life.h"

#include "arch/clock.h"
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "bits.h"
#include "check.h"
#include "cpus.h"
#include "log.h"
#include "owner.h"
#include "page_alloc.h"
#include "stage2.h"
#include "str.h"

#define OUTPUT_SIZE PAGE_SIZE

/* By id. A VM's structure, its devices' state and the page of its output stay when it goes, for the
 * next of its id: other CPUs may be looking at them. */
static struct vm *vms[CONFIG_PARTITION_MAX];
static hpa_t channel; /* the frame that members share; 0: not taken yet */
static const struct boot_passthrough *passthrough; /* of the management partition */
static uint64_t clock_wall;          /* nanoseconds since the epoch when the TSC was zero */
static struct spin_lock change_lock; /* making and unmaking; the owner table's, too */

_Static_assert(sizeof(struct vm) <= 2 * PAGE_SIZE, "a VM and its tables stay small");
_Static_assert(sizeof(struct vcpu) <= PAGE_SIZE, "a vCPU takes one page");

struct vm *vm_get(uint32_t id)
{
	struct vm *vm = id < CONFIG_PARTITION_MAX ? vms[id] : NULL;

	return vm != NULL && atomic_load(&vm->state) != VM_ABSENT ? vm : NULL;
}

struct vm *vm_with_flag(uint32_t flag)
{
	for (uint32_t i = 0; i < CONFIG_PARTITION_MAX; i++) {
		struct vm *vm = vm_get(i);

		if (vm != NULL && (vm->config.flags & flag) != 0) {
			return vm;
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
	struct vm_extent *extent = &vm->extents[vm->extent_count];
	enum hv_status status;

	extent->guest = gpa_from_u64(vm->passthrough->identity_base);
	extent->host = hpa_from_u64(vm->passthrough->identity_base);
	extent->size = vm->memory_size - FRAME_SIZE;
	status = owner_change(extent->host, extent->size, OWNER_IDENTITY, OWNER_VM + vm->id);
	vm->extent_count += status == HV_OK;
	return status;
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

	vm->has_stage2 = status == HV_OK;
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
	return status == HV_OK && has_channel(&vm->config) ? map_channel(vm) : status;
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
	vm->vcpus[vm->vcpu_count++] = vcpu;
	return status;
}

static enum hv_status create_vcpus(struct vm *vm)
{
	enum hv_status status = HV_OK;

	for (uint32_t i = 0; status == HV_OK && i < CPU_MAX; i++) {
		if ((vm->config.cpus & BIT(i)) == 0) {
			continue;
		}
		if (!cpus_is_free(i)) {
			log_error("partition %s: CPU %u is not there, or in use", vm->name, i);
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

static enum hv_status build(struct vm *vm)
{
	enum hv_status status = take_memory(vm);

	if (status != HV_OK) {
		log_error("partition %s: %lu MiB asked for, not that much is free: %lu MiB",
			  vm->name, (vm->memory_size >> 20), (owner_total(OWNER_FREE) >> 20));
		return status;
	}
	vm->arch.vcpu_count = bit_count(vm->config.cpus);
	vm->arch.clock_wall = clock_wall;
	status = map_memory(vm);
	status = status == HV_OK ? arch_vm_init(&vm->arch) : status;
	return status == HV_OK ? create_vcpus(vm) : status;
}

static void check_ownership(const struct vm *vm)
{
	uint64_t mapped;
	uint64_t shared;
	uint64_t foreign = stage2_check_owner(vm->arch.stage2_root, OWNER_VM + vm->id,
					      vm->passthrough, &mapped, &shared);

	if (foreign != UINT64_MAX || mapped != vm->memory_size ||
	    shared != (has_channel(&vm->config) ? PLATFORM_CHANNEL_SIZE : 0)) {
		panic("partition %s reaches foreign memory at %lx", vm->name, foreign);
	}
}

/* Gives everything back but what stays with the id. No CPU knows its vCPUs. */
static void unbuild(struct vm *vm)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		arch_vcpu_free(&vm->vcpus[i]->arch);
		page_free(vm->vcpus[i], 1);
	}
	arch_vm_free(&vm->arch);
	if (vm->has_stage2) {
		stage2_destroy(vm->arch.stage2_root);
	}
	for (uint32_t i = 0; i < vm->extent_count; i++) {
		enum hv_status status = owner_change(vm->extents[i].host, vm->extents[i].size,
						     OWNER_VM + vm->id, OWNER_FREE);

		CHECK(status == HV_OK);
	}
	memset(&vm->arch, 0, sizeof(vm->arch));
	vm->has_stage2 = false;
	vm->vcpu_count = 0;
	vm->extent_count = 0;
	vm->start_count = 0;
	vm->is_clear = false;
	vm->is_created = false;
	atomic_store(&vm->state, VM_ABSENT);
}

void vm_destroy(struct vm *vm)
{
	spin_lock(&change_lock);
	unbuild(vm);
	spin_unlock(&change_lock);
}

/* A structure that no VM has, rather that of the last one of this name: ID and network address are
 * the same again. NULL: there is none, or no memory for it. */
static struct vm *take_slot(const char *name)
{
	struct vm *absent = NULL;

	for (uint32_t i = 0; i < CONFIG_PARTITION_MAX; i++) {
		struct vm *vm = vms[i];

		if (vm == NULL && absent == NULL && (vm = page_alloc(2)) != NULL) {
			vm->id = i;
			vm->output = (struct console_ring){.size = OUTPUT_SIZE};
			atomic_store(&vm->state, VM_ABSENT);
			vms[i] = vm;
		}
		if (vm == NULL) {
			break; /* those behind are not there either */
		}
		if (atomic_load(&vm->state) == VM_ABSENT) {
			bool is_namesake = memcmp(vm->config.name, name, CONFIG_NAME_MAX + 1) == 0;

			absent = absent == NULL || is_namesake ? vm : absent;
		}
	}
	return absent;
}

static enum hv_status furnish(struct vm *vm)
{
	if (vm->output.bytes == NULL) {
		vm->output.bytes = page_alloc(OUTPUT_SIZE / PAGE_SIZE);
	}
	if (vm->output.bytes == NULL) {
		return HV_NO_MEMORY;
	}
	return vm->device_state[0] != NULL ? HV_OK : create_devices(vm);
}

/* The last byte of the network device's address tells partitions apart. */
static void set_mac(struct vm *vm)
{
	if (vm->image.pci[PLATFORM_SLOT_NET].value[0] != 0) {
		vm->image.pci[PLATFORM_SLOT_NET].config[1] |= (vm->id + 1) << 8;
	}
}

enum hv_status vm_create(const struct config_partition *config, const struct boot_image *image,
			 struct vm **made)
{
	enum hv_status status = HV_NO_MEMORY;
	uint32_t before;
	struct vm *vm;

	spin_lock(&change_lock);
	before = page_alloc_used();
	vm = take_slot(config->name);
	if (vm != NULL) {
		vm->config = *config;
		vm->image = *image;
		set_mac(vm);
		vm->output.next = 0; /* what another of this id has written is not told */
		vm->passthrough =
			(config->flags & CONFIG_PARTITION_MANAGEMENT) != 0 ? passthrough : NULL;
		vm->memory_size = config->memory;
		vm->name = vm->config.name;
		status = furnish(vm);
		vm->kept_pages += page_alloc_used() - before; /* at its first VM only */
		before = page_alloc_used();
		status = status == HV_OK ? build(vm) : status;
		if (status == HV_OK) {
			check_ownership(vm);
			vm->pool_pages = vm->kept_pages + page_alloc_used() - before;
			atomic_store(&vm->state, VM_STOPPED);
			*made = vm;
		} else {
			unbuild(vm);
		}
	}
	spin_unlock(&change_lock);
	return status;
}

/* From here on the CPUs know their vCPUs; they are kicked when the VM starts. */
void vm_attach(struct vm *vm)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		atomic_store(&vm->vcpus[i]->cpu->vcpu, vm->vcpus[i]);
	}
}

/* The configuration was checked by the loader: what fails here is the machine's fault. */
void vm_create_all(const struct boot_info *boot)
{
	uint32_t made = 0;

	memset(vms, 0, sizeof(vms));
	passthrough = &boot->passthrough;
	clock_wall = boot->time.unix_seconds * NANOSECONDS - arch_tsc_to_ns(boot->time.tsc);
	for (uint32_t i = 0; i < boot->config.partition_count; i++) {
		const struct config_partition *config = &boot->config.partitions[i];
		struct vm *vm;

		if (vm_create(config, &boot->images[i], &vm) == HV_OK) {
			vm_attach(vm);
			made++;
		} else {
			log_error("partition %s: not created", config->name);
		}
	}
	log_info("%u of %u partitions made; every frame they reach is theirs alone%s", made,
		 boot->config.partition_count, channel.value != 0 ? ", or the channel's" : "");
}
