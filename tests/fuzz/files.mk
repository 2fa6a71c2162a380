# Fuzz entries: every tests/fuzz/X_fuzz.c, with the seeds of tests/fuzz/corpus/X. With clang's
# libFuzzer where it is, else with standalone.c. Included by tests/files.mk.
FUZZ_SECONDS ?= 4
FUZZ_CLANG := $(shell command -v clang)
FUZZ_LIBRARY := $(if $(FUZZ_CLANG),$(wildcard $(shell $(FUZZ_CLANG) \
	-print-file-name=lib/linux/libclang_rt.fuzzer-x86_64.a)))
FUZZ_KIND := $(if $(FUZZ_LIBRARY),libfuzzer,standalone)
FUZZ_CC := $(if $(FUZZ_LIBRARY),$(FUZZ_CLANG) -fsanitize=fuzzer,$(CC))
FUZZ_MAIN := $(if $(FUZZ_LIBRARY),,tests/fuzz/standalone.c)
FUZZ_TESTS := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
HOST_PROGRAMS += $(FUZZ_TESTS:%=$(BUILD)/host-tests/fuzz_%)

# $(call fuzz_rule,name,sources)
define fuzz_rule
$(BUILD)/fuzz/$(1): tests/fuzz/$(1)_fuzz.c $(FUZZ_MAIN) $(2) $(wildcard hv/lib/*.h hv/abi/*.h boot/*.h guest/common/*.h) \
		tests/fuzz/fuzz.h tests/fuzz/files.mk
	@mkdir -p $$(@D)
	$$(Q)$(FUZZ_CC) $(filter-out -MMD -MP,$(HOSTED)) -Wno-gnu-statement-expression -O2 $(SANITIZE) $(call folders_of,tests/fuzz/$(1)_fuzz.c) $(INC_tests) -Itests/fuzz \
		$$(filter %.c,$$^) $(call libraries_of,tests/fuzz/$(1)_fuzz.c) -o $$@
$(BUILD)/host-tests/fuzz_$(1): $(BUILD)/fuzz/$(1)
	@mkdir -p $$(@D)
	$$(Q)printf '#!/bin/sh\nexec %s/tests/fuzz/run %s %s $$$${FUZZ_SECONDS:-%s} %s\n' $(CURDIR) \
		$$(abspath $$<) $(FUZZ_KIND) $(FUZZ_SECONDS) $(CURDIR)/tests/fuzz/corpus/$(1) > $$@
	$$(Q)chmod +x $$@
endef
$(foreach test,$(FUZZ_TESTS),$(eval $(call fuzz_rule,$(test),$(call links_of,tests/fuzz/$(test)_fuzz.c))))
