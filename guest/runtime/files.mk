# Rules of the OCI runtime; included by guest/files.mk.
COMMA := ,
# What few containers need lies behind the rest, so that a start maps less.
RUNTIME_RARE := security.c memory_policy.c number_list.c netdev.c rtnetlink.c rdt.c rdt_schema.c
RUNTIME := $(filter-out $(RUNTIME_RARE),$(notdir $(wildcard guest/runtime/*.c))) $(RUNTIME_RARE)
# At fixed addresses tables of pointers are constants, which nothing has to copy when they are read.
$(eval $(call app_rules,guest/runtime,$(if $(filter -static,$(APP_LINK_STATIC)),-fno-pie)))
$(eval $(call app_program_static,bh-runtime,guest/runtime,$(RUNTIME),-s -Wl$(COMMA)-e$(COMMA)sealed_start -lseccomp -lcap -lm))
$(BIN)/bh-process: $(BIN)/bh-runtime
	$(Q)ln -f $< $@
all: $(BIN)/bh-process
# The engine's default profile lies beside it.
$(BIN)/seccomp.json: guest/runtime/seccomp.json
	@mkdir -p $(@D)
	$(Q)cp $< $@
all: $(BIN)/seccomp.json
