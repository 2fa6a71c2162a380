# Rules of guest; included by the top Makefile.
