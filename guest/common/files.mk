# Rules of the programs of containers; included by guest/files.mk. guest/common is what they share; each
# folder's files.mk names its program, its sources and its libraries.
BIN := $(BUILD)/bin
APP_OBJ := $(BUILD)/app-objs
# json-c walks objects by a statement expression, of which Clang warns.
APP_FLAGS := -std=gnu11 -O2 -g -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -ffunction-sections -fdata-sections $(WARN) -MMD -MP \
	-Wno-gnu-statement-expression -Iguest/common
# Folders of such programs, for lint: each one's headers compile alone.
APP_FOLDERS := guest/common guest/build $(patsubst %/files.mk,%,$(wildcard $(addsuffix /files.mk,$(addprefix guest/,runtime \
	monitor engine store network tls partition client))))
COMMON := text.c file.c in_root.c json.c lsm.c spawn.c seccomp_profile.c process_names.c attach_frame.c base64.c pass_fd.c timestamp.c utf8.c
COMMON_OBJECTS := $(COMMON:%.c=$(APP_OBJ)/guest/common/%.o)
# The loops of json-c's headers are statement expressions.
APP_FLAGS += -Wno-gnu-statement-expression

# Another build changes this: tests/native/files.mk.
APP_LINK_STATIC ?= -static

# $(call app_rules,folder,more flags): the objects of a folder
define app_rules
$(APP_OBJ)/$(1)/%.o: $(1)/%.c Makefile guest/common/files.mk $(1)/files.mk
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(APP_FLAGS) $$(APP_EXTRA) -I$(1) $(2) -c $$< -o $$@
-include $(wildcard $(APP_OBJ)/$(1)/*.d)
endef
# $(call app_program,name,folder,sources,libraries): build/bin/NAME; those of -lX are shared
# All are in APP_PROGRAMS.
define app_program
APP_PROGRAMS += $(1)
$(BIN)/$(1): $(patsubst %.c,$(APP_OBJ)/$(2)/%.o,$(3)) $(COMMON_OBJECTS)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(APP_EXTRA) -pie -Wl,--gc-sections $$^ $(4) -ljson-c -o $$@
all: $(BIN)/$(1)
endef
# The same, linked statically: what starts with each container.
define app_program_static
APP_PROGRAMS += $(1)
$(BIN)/$(1): $(patsubst %.c,$(APP_OBJ)/$(2)/%.o,$(3)) $(COMMON_OBJECTS)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(APP_EXTRA) $$(APP_LINK_STATIC) -Wl,--gc-sections $$^ $(4) -ljson-c -o $$@
all: $(BIN)/$(1)
endef
$(eval $(call app_rules,guest/common,))
