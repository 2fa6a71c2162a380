# SPDX-License-Identifier: Apache-2.0
# bh-monitor, one beside each running container; included by guest/files.mk.
MONITOR := monitor_main.c monitor_options.c monitor_loop.c monitor_request.c server.c clients.c client_queue.c \
	streams.c stdin.c console.c log_line.c log_file.c detach_keys.c runtime_call.c runtime_error.c \
	ending.c
$(eval $(call app_rules,guest/monitor,))
$(eval $(call app_program_static,bh-monitor,guest/monitor,$(MONITOR),))
$(eval $(call app_program_static,bh-init,guest/monitor,bh_init.c,))
