# Rules of the daemon bh-engine; included by guest/files.mk. The reader of Dockerfiles is a part of it.
ENGINE := $(notdir $(wildcard guest/engine/*.c)) $(addprefix ../build/,$(notdir $(wildcard guest/build/*.c)))
$(eval $(call app_rules,guest/build,))
$(eval $(call app_rules,guest/engine,-Iguest/build))
$(eval $(call app_program,bh-engine,guest/engine,$(ENGINE),-lmicrohttpd -lsqlite3))
