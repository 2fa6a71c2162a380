# Rules of the daemon bh-engine; included by guest/files.mk.
ENGINE := main.c listen.c loop.c route.c routes.c http.c http_request.c http_reply.c http_stream.c db.c db_schema.c \
	worker.c worker_reply.c runtime.c system.c
$(eval $(call app_rules,guest/engine,))
$(eval $(call app_program,bh-engine,guest/engine,$(ENGINE),-lmicrohttpd -lsqlite3))
