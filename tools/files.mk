# Rules of tools; included by the top Makefile.
CONFIG ?= tools/demo/demo.conf
PROCESSORS := $(shell nproc 2>/dev/null || echo 2)
# Programs may be missing before set-up, so what needs them is built by a second make.
BUILD_ALL = +$(Q)$(MAKE) --no-print-directory -j$(PROCESSORS) all

.PHONY: setup run iso usb
setup:
	$(Q)BUILD=$(BUILD) tools/setup

run: setup
	$(BUILD_ALL)
	$(Q)tools/run --build $(BUILD) --config $(CONFIG) --banner --spare --ssh 2222 --docker 2376 $(RUN_ARGUMENTS)

# The management image with containers, and the demonstration's example on top.
ifneq ($(and $(MGMT_PACKAGES),$(MGMT_MODULES)),)
all: $(BUILD)/demo.cpio.gz
endif
$(BUILD)/demo.cpio.gz: $(BUILD)/mgmt-containers.cpio.gz $(BUILD)/guest/virtio.cpio.gz tools/demo/list tools/demo/motd \
		$(wildcard tools/demo/examples/*)
	$(Q)GUESTS=$(abspath $(BUILD)/guest) tools/make-initramfs tools/demo/list $@.more
	$(Q)$(call over,$<,$@.more) >$@

iso: setup
	$(BUILD_ALL)
	$(Q)tools/make-media iso $(BUILD)/bulkhead.iso --build $(BUILD) --config $(CONFIG)

usb: setup
	$(BUILD_ALL)
	$(Q)tools/make-media usb $(BUILD)/bulkhead-usb.img --build $(BUILD) --config $(CONFIG)

.PHONY: help clean
clean:
	rm -rf $(BUILD)

define HELP_TEXT
make              builds the hypervisor, the loader, the test kernels and the management image into $(BUILD)
make setup        installs packages (apt), unpacks Debian's kernels, the management image's packages, the tests' peers
make run          set-up, build, and the demonstration in QEMU; CONFIG=FILE for another configuration,
                  RUN_ARGUMENTS='--emulator bochs' for another machine (tools/run --help)
make check        set-up, build, all tests; ends with `N passed, N failed`
make check-host   host tests only        make check-emu CASES='linux*'   some emulator tests
make check-launch the launcher's tests   make check-clang                builds with Clang
make check-native containers, on this machine as root; NATIVE='peers' for one of tests/native/*_test.py
make check-ssh    boots the management image in QEMU and logs in; tools/mgmt-ssh PORT does it by hand
make lint         layout of the C files (clang-format), the tree's limits, headers alone
make transcript   runs the session that README.md shows, and writes it there
make bench        measures exits, boot cost, I/O, starts, sizes (20 minutes); BENCH_ARGUMENTS='--only exits'
make iso, usb     boot media: $(BUILD)/bulkhead.iso, $(BUILD)/bulkhead-usb.img
make clean        removes $(BUILD); downloaded packages stay in ~/.cache/bulkhead
endef
export HELP_TEXT
help:
	@printf '%s\n' "$$HELP_TEXT"

include tools/bench/files.mk
