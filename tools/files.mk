# Rules of tools; included by the top Makefile.
