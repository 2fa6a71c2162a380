# Containers on this machine, beside their peers; included by tests/files.mk.
CHECK_GROUPS += check-native check-asan
.PHONY: check-native check-asan asan asan-programs
check-native: all
	$(Q)tests/native/run --build $(BUILD) $(addprefix --only ,$(NATIVE))

# The programs that stay or that read what strangers send, with AddressSanitizer and UBSan. bh-runtime and bh-init are
# static, for they start inside of root file systems that have no libraries: they are taken as they are.
ASAN := $(BUILD)/asan
ASAN_PROGRAMS := bh-engine bh-image bh-network bh-monitor bh-client
ASAN_TESTS ?= engine_abuse engine_hostile engine_crash images
ASAN_PLAIN := bh-runtime bh-process bh-init bh-tls seccomp.json
asan-programs: $(ASAN_PROGRAMS:%=$(BIN)/%)
ifneq ($(WITH_ASAN),)
$(ASAN_PROGRAMS:%=$(BIN)/%): $(BUILD)/app-objs/asan_options.o
endif
$(BUILD)/app-objs/asan_options.o: tests/native/asan_options.c
	@mkdir -p $(@D)
	$(Q)$(CC) -O1 -DASAN_REPORTS='"$(abspath $(BUILD)/reports/report)"' -c $< -o $@
asan: all
	$(Q)$(MAKE) --no-print-directory BUILD=$(ASAN) WITH_ASAN=1 APP_EXTRA='-O1 -U_FORTIFY_SOURCE $(SANITIZE)' APP_LINK_STATIC=-pie asan-programs
	$(Q)cd $(BIN) && ln -f $(ASAN_PLAIN) $(abspath $(ASAN)/bin)/
	$(Q)ln -sfn ../peers $(ASAN)/peers
check-asan: asan
	$(Q)tests/native/run-asan $(ASAN) $(ASAN_TESTS)
