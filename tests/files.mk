# Rules of tests; included by the top Makefile.
