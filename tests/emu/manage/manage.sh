# SPDX-License-Identifier: Apache-2.0
# Case manage: commands=, seed= and rounds= come from the kernel's command line.
for word in $(cat /proc/cmdline); do
	case $word in
	manage.*=*) eval "${word#manage.}" ;;
	esac
done
hostile "$commands" "${seed:-1}" "$rounds"
bh stop beta
poweroff -f
