# Rules of the OCI runtime; included by guest/files.mk.
COMMA := ,
RUNTIME := $(notdir $(wildcard guest/runtime/*.c))
$(eval $(call app_rules,guest/runtime,))
$(eval $(call app_program_static,bh-runtime,guest/runtime,$(RUNTIME),-s -Wl$(COMMA)-e$(COMMA)sealed_start -lseccomp -lcap -lm))
$(BIN)/bh-process: $(BIN)/bh-runtime
	$(Q)ln -f $< $@
all: $(BIN)/bh-process
# The engine's default profile lies beside it.
$(BIN)/seccomp.json: guest/runtime/seccomp.json
	@mkdir -p $(@D)
	$(Q)cp $< $@
all: $(BIN)/seccomp.json
