# Rules of tests; included by the top Makefile.

# --- host tests: every tests/host/X_test.c, linked with the sources its `Links:` line names ----
INC_tests := -Ihv/abi -Ihv/lib -Iarch/include -Ihv/include -Idrivers/include -Iarch/x86 -Iarch/vmx \
	-Iarch/svm -Iarch/fake -Ihv -Iboot -Itests -Idrivers/hw -Idrivers/model -Iguest/mgmt -Iguest/mgmt/bh -Iguest/common \
	-Iguest/build -I$(BUILD)/gen
HOST_TESTS := $(patsubst tests/host/%_test.c,%,$(wildcard tests/host/*_test.c))
HOST_PROGRAMS := $(HOST_TESTS:%=$(BUILD)/host-tests/%)

$(BUILD)/host-objs/%.o: %.c Makefile tests/files.mk | $(GEN_NUMBERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) $(SANITIZE) $(INC_own) $(INC_tests) -c $< -o $@

# `@models` in a Links line: all device models, and the bench that drives them.
MODEL_BENCH := tests/host/model_bench.c $(addprefix drivers/,$(filter model/%,$(DRIVERS))) hv/irq_route.c \
	hv/guest_mem.c hv/entropy.c $(addprefix arch/fake/,$(filter-out fake_pte.c,$(ARCH_FAKE)))
# `@bh`: all of bh but its main(), and the hypervisor's side of it.
BH_BENCH := $(addprefix guest/mgmt/bh/,$(filter-out bh_main.c,$(BH))) $(addprefix boot/,$(BH_BOOT)) $(BUILD)/gen/names.c \
	$(addprefix hv/,manage.c manage_event.c manage_create.c vm_create.c vm_life.c vm_load.c vcpu.c trace.c cpus.c exit.c hypercall.c io_bus.c \
	console.c stage2.c owner.c page_alloc.c guest_mem.c lib/fmt.c lib/str.c) $(addprefix arch/fake/,fake_cpu.c fake_vcpu.c \
	fake_mem.c fake_lapic.c fake_clock.c fake_port.c fake_io.c fake_pte.c)
links_of = $(foreach word,$(shell sed -n 's,^/\* Links: *\(.*\) \*/$$,\1,p' $(1)),$(if \
	$(filter @models,$(word)),$(MODEL_BENCH),$(if $(filter @bh,$(word)),$(BH_BENCH),$(word))))
# A test of programs that use libraries names them: `Libraries: -ljson-c`.
libraries_of = $(shell sed -n 's,^/\* Libraries: *\(.*\) \*/$$,\1,p' $(1))
# Programs of containers have headers of the same names: a test sees those of the folders that it links.
folders_of = $(addprefix -I,$(sort $(patsubst %/,%,$(dir $(filter guest/%,$(call links_of,$(1)))))))
# $(call host_test_rule,name)
define host_test_rule
$(BUILD)/host-objs/tests/host/$(1)_test.o: INC_own := $(call folders_of,tests/host/$(1)_test.c)
$(BUILD)/host-tests/$(1): $(patsubst %.c,$(BUILD)/host-objs/%.o,tests/host/$(1)_test.c tests/tap.c \
		$(call links_of,tests/host/$(1)_test.c))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(SANITIZE) $$^ $(call libraries_of,tests/host/$(1)_test.c) -o $$@
endef
$(foreach test,$(HOST_TESTS),$(eval $(call host_test_rule,$(test))))
# What it creates partitions of.
$(BUILD)/host-tests/bh $(BUILD)/host-tests/bh_disk $(BUILD)/host-tests/bh_give $(BUILD)/host-tests/bh_watch $(BUILD)/host-tests/bh_trace: | $(BUILD)/guest/hello-pvh.elf $(BUILD)/guest/hello-mb1.elf
-include $(shell find $(BUILD)/host-objs -name '*.d' 2>/dev/null)

include tests/fuzz/files.mk

.PHONY: check-host
check-host: $(HOST_PROGRAMS)
	$(Q)tests/run_host $(HOST_PROGRAMS)

include tests/boot/files.mk
include tests/emu/files.mk

include tests/native/files.mk

# --- make check: groups of tests, each a target whose last line is "NAME: N passed, N failed" -----
CHECK_GROUPS += lint check-host check-launch check-clang check-emu

.PHONY: check check-launch check-clang check-emu lint
check: setup
	$(BUILD_ALL) check-programs
	$(Q)tests/check $(MAKE) $(CHECK_GROUPS)

.PHONY: check-programs
check-programs: $(HOST_PROGRAMS) $(FIXTURE)

# Each folder's headers with no more than that folder's -I list: the dependency rule.
lint: $(BUILD)/gen/dsdt_aml.h $(GEN_NUMBERS)
	$(Q)tools/lint $(CC) 'hv/abi=$(HV_FLAGS) $(INC_lib)' 'hv/lib=$(HV_FLAGS) $(INC_lib)' \
		'arch/include/arch=$(HV_FLAGS) $(INC_lib) -Iarch/include' 'arch/x86=$(HV_FLAGS) $(INC_x86)' \
		'arch/vmx=$(HV_FLAGS) $(INC_vmx)' 'arch/svm=$(HV_FLAGS) $(INC_svm)' \
		'arch/fake=$(HOSTED) $(INC_fake)' 'hv/include/hv=$(HV_FLAGS) $(INC_lib) -Iarch/include -Ihv/include' \
		'hv=$(HV_FLAGS) $(INC_hv)' 'drivers/hw=$(HV_FLAGS) $(INC_drivers)' \
		'drivers/model=$(HV_FLAGS) $(INC_drivers)' 'boot=$(BOOT_FLAGS)' 'guest/lib=$(GUEST_FLAGS)' \
		'guest/test=$(GUEST_FLAGS)' 'guest/mgmt=$(MGMT_FLAGS)' $(foreach folder,$(APP_FOLDERS),'$(folder)=$(APP_FLAGS) -I$(folder) -Iguest/build $(APP_INCLUDES_$(notdir $(folder)))') \
		'tests=$(HOSTED) $(INC_tests)' 'tests/host=$(HOSTED) $(INC_tests) -Iguest/runtime'

check-launch:
	$(Q)tests/launch/run

check-emu: all $(FIXTURE)
	$(Q)tests/emu/run --build $(BUILD) $(CASES)

check-clang:
ifeq ($(shell command -v clang),)
	$(Q)echo "clang build: 0 passed, 0 failed, 1 skipped"
else
	$(Q)$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)/clang all
	$(Q)echo "clang build: 1 passed, 0 failed"
endif
