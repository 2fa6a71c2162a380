# SPDX-License-Identifier: Apache-2.0
# The two kinds of trouble the launcher tells apart, and its exit codes.

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


class UsageError(Exception):
    """Something the caller has to change: an argument, a configuration, a missing file."""


class RunError(Exception):
    """The machine could not be made or started."""
