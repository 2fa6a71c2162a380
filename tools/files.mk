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
	$(Q)tools/run --build $(BUILD) --config $(CONFIG) --banner $(RUN_ARGUMENTS)

iso: setup
	$(BUILD_ALL)
	$(Q)tools/make-media iso $(BUILD)/bulkhead.iso --build $(BUILD) --config $(CONFIG)

usb: setup
	$(BUILD_ALL)
	$(Q)tools/make-media usb $(BUILD)/bulkhead-usb.img --build $(BUILD) --config $(CONFIG)
