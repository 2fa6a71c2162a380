# SPDX-License-Identifier: Apache-2.0
# The launcher's modules; the program is tools/run.
