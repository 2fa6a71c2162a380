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

# What containers need, to be unpacked over it: programs without debug information, not packed, for the kernel of partitions cannot be packed any
# better and the rest costs more to unpack than to read.
CONTAINERS := $(BUILD)/containers.cpio
# The keys of Docker's API: made once, as SSH's.
$(MGMT)/tls/ca.pem: | $(BIN)/bh-tls
	@mkdir -p $(MGMT)
	$(Q)rm -rf $(MGMT)/tls
	$(Q)$(BIN)/bh-tls make-certificates $(MGMT)/tls --host localhost --host 127.0.0.1 >/dev/null
$(CONTAINERS): guest/mgmt/containers.list $(wildcard guest/mgmt/containers/*) $(BUILD)/mgmt.cpio.gz $(APP_PROGRAMS:%=$(BIN)/%) \
		$(BIN)/bh-agent.cpio $(BIN)/vmlinuz $(MGMT)/tls/ca.pem
	$(Q)rm -rf $(MGMT)/bin && mkdir -p $(MGMT)/bin && cp -LR $(BIN)/. $(MGMT)/bin
	$(Q)strip $(APP_PROGRAMS:%=$(MGMT)/bin/%)
	$(Q)BIN=$(abspath $(MGMT)/bin) MGMT=$(abspath $(MGMT)) tools/make-initramfs $< $@ $(MGMT_IMAGE_LIMIT)
# $(call over,archive below,archive above): an archive that is not packed begins on a multiple of 4.
over = (cat $(1) && head -c $$(( -$$(stat -c %s $(1)) & 3 )) /dev/zero && cat $(2))
$(BUILD)/mgmt-containers.cpio.gz: $(BUILD)/mgmt.cpio.gz $(CONTAINERS)
	$(Q)$(call over,$(word 1,$^),$(word 2,$^)) >$@
	@stat -c %s $@ | awk '{ printf "$(@F): %.1f of $(MGMT_IMAGE_LIMIT) MiB\n", $$1 / 1048576; exit $$1 > $(MGMT_IMAGE_LIMIT) * 1048576 }'
ifneq ($(and $(MGMT_PACKAGES),$(MGMT_MODULES)),)
all: $(BUILD)/mgmt-containers.cpio.gz
endif
