# Rules of the reader of Dockerfiles: see guest/engine/files.mk.
