# Rules of bh-image; included by guest/files.mk.
STORE := main.c report.c digest.c store.c stream.c tar_plan.c unpack.c unpack_parent.c unpack_file.c layer.c image.c \
	manifest.c load.c load_docker.c load_oci.c import.c \
	tree.c links.c pack.c pack_xattr.c commit.c diff.c usage.c export.c container_get.c container_put.c request.c \
	reference.c challenge.c http.c http_url.c registry.c token.c login.c transfer.c download.c pull.c gzip.c \
	push_blob.c push.c glob.c chown.c context.c copy.c copy_source.c save.c save_layer.c gc.c verify.c
STORE_LIBRARIES := -larchive -lcurl-gnutls -lnettle -lz
$(eval $(call app_rules,guest/store,))
$(eval $(call app_program,bh-image,guest/store,$(STORE),$(STORE_LIBRARIES)))
