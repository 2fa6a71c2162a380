# Rules of bh-tls, TLS in front of the engine's socket; included by guest/files.mk.
TLS := bh_tls.c certificate.c credentials.c connection.c proxy.c listen_address.c
$(eval $(call app_rules,guest/tls,))
$(eval $(call app_program,bh-tls,guest/tls,$(TLS),-lgnutls))
