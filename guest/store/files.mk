# Rules of bh-image and bh-registry; included by guest/files.mk.
STORE_BASE := main.c report.c digest.c store.c stream.c tar_plan.c unpack.c unpack_parent.c unpack_file.c layer.c layer_tar.c image.c \
	manifest.c request.c tree.c links.c pack.c pack_xattr.c archive_xar.c
STORE := $(STORE_BASE) commands_image.c load.c load_docker.c load_oci.c import.c commit.c diff.c usage.c export.c container_get.c \
	container_put.c reference.c glob.c chown.c context.c copy.c copy_source.c save.c save_layer.c gc.c verify.c
STORE_REGISTRY := $(STORE_BASE) commands_registry.c reference.c challenge.c http.c http_url.c registry.c token.c login.c fetch.c listing.c \
	transfer.c download.c pull.c gzip.c push_blob.c push.c
# Static, without xar (archive_xar.c); what it packs with is shared.
STORE_ARCHIVE := -l:libarchive.a -lnettle -lz -l:libzstd.so.1 -l:libbz2.so.1.0 -l:liblzma.so.5 -l:liblz4.so.1 -l:libacl.so.1
$(eval $(call app_rules,guest/store,))
$(eval $(call app_program,bh-image,guest/store,$(STORE),$(STORE_ARCHIVE)))
$(eval $(call app_program,bh-registry,guest/store,$(STORE_REGISTRY),$(STORE_ARCHIVE) -lcurl-gnutls))
$(BIN)/bh-image: | $(BIN)/bh-registry
