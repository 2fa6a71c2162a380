# Rules of boot; included by the top Makefile.
