# Rules of the daemon bh-engine; included by guest/files.mk.
ENGINE := main.c listen.c loop.c route.c routes.c http.c http_request.c http_reply.c http_stream.c http_connection.c db.c db_schema.c \
	worker.c worker_reply.c runtime.c runtime_call.c system.c moment.c filter.c name.c event.c \
	image.c image_ref.c image_basic.c volume.c volume_sweep.c volume_fill.c rootfs.c monitor.c monitor_start.c reconcile.c \
	spec_check.c capability_names.c create_config.c create_mounts.c \
	oci_config.c oci_linux.c oci_mounts.c oci_process.c oci_seccomp.c oci_user.c cgroup.c log_reader.c restart.c attach.c exec.c exec_start.c \
	exec_process.c container_store.c container_create.c container_actions.c container_start.c container_end.c \
	container_stop.c container_remove.c container_wait.c container_view.c container_logs.c container_copy.c \
	container_top.c container_stats.c
ENGINE += network_store.c network_address.c endpoint_store.c network_plan.c network_port.c network_job.c network_up.c \
	network_join.c network_dns.c network_view.c network_container.c network_sync.c network_hosts.c network_routes.c \
	network_create.c network_member.c
$(eval $(call app_rules,guest/engine,))
$(eval $(call app_program,bh-engine,guest/engine,$(ENGINE),-lmicrohttpd -lsqlite3))
# The default profile lies beside the engine.
$(BIN)/seccomp.json: guest/runtime/seccomp.json
	@mkdir -p $(@D)
	$(Q)cp $< $@
all: $(BIN)/seccomp.json
$(BIN)/bh-init: $(APP_OBJ)/guest/engine/init.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(APP_EXTRA) -static -Wl,--gc-sections $^ -o $@
all: $(BIN)/bh-init
