# Rules of docker's words for the management shell; included by guest/files.mk.
CLIENT := main.c options.c call.c http.c stream.c progress.c settings.c run.c life.c list.c image.c auth.c
$(eval $(call app_rules,guest/client,))
$(eval $(call app_program_static,bh-client,guest/client,$(CLIENT),))
