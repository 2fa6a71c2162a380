# SPDX-License-Identifier: Apache-2.0
# `make bench`: crun beside bh-runtime, and nothing else.
export PARTS=beside_crun
exec sh /root/small.sh
