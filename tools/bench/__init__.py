# SPDX-License-Identifier: Apache-2.0
# The bench: runs the emulators, reads what they print, makes figures of it.
