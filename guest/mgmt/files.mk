# Rules of the management image; included by guest/files.mk. Limit and contents: README.md.
MGMT := $(BUILD)/mgmt
MGMT_INIT := init.c say.c process.c mounts.c devices.c network.c services.c service_life.c shutdown.c
# Static: it must start even when a library is missing, and it is built with the host's C library.
MGMT_FLAGS := -std=gnu11 -O2 -g -D_GNU_SOURCE $(WARN) -MMD -MP
MGMT_IMAGE_LIMIT := 48

$(GUEST_OBJ)/guest/mgmt/%.o: guest/mgmt/%.c Makefile guest/mgmt/files.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(MGMT_FLAGS) -c $< -o $@
$(MGMT)/init: $(MGMT_INIT:%.c=$(GUEST_OBJ)/guest/mgmt/%.o)
	@mkdir -p $(@D)
	$(Q)$(CC) -static -s $^ -o $@
all: $(MGMT)/init

# What set-up unpacked is there only after set-up.
MGMT_PACKAGES := $(wildcard $(MGMT)/package)
MGMT_MODULES := $(firstword $(wildcard $(BUILD)/kernel-mgmt/lib/modules/*))
ifneq ($(and $(MGMT_PACKAGES),$(MGMT_MODULES)),)
all: $(BUILD)/mgmt.cpio.gz
endif
$(BUILD)/mgmt.cpio.gz: guest/mgmt/image.list $(MGMT)/init $(MGMT)/bh $(MGMT_PACKAGES) tools/make-initramfs \
		$(wildcard tools/image/*.py) $(shell find guest/mgmt/root)
	$(Q)rm -f $@
	$(Q)MGMT=$(abspath $(MGMT)) MGMT_MODULES=$(abspath $(MGMT_MODULES)) tools/make-initramfs $< $@ $(MGMT_IMAGE_LIMIT)
