# SPDX-License-Identifier: Apache-2.0
# Each limit of a container under a Linux with cgroup v2 alone: read back, and seen to bite.
# pivot_root cannot leave an initramfs: all happens in a file system that is mounted over it.
if [ "${1:-}" != inside ]; then
	mkdir /t
	mount -t tmpfs tmpfs /t
	mkdir -p /t/bin /t/proc /t/sys /t/dev /t/tmp /t/run /t/c/rootfs/bin /t/c/rootfs/proc /t/c/rootfs/dev
	cp /bin/busybox /bin/bh-runtime /t/bin
	ln /t/bin/busybox /t/c/rootfs/bin/busybox
	cp /limits.sh /apparmor /t
	for name in proc sys dev; do mount --move /$name /t/$name; done
	mount -t cgroup2 cgroup2 /t/sys/fs/cgroup
	cd /t && mount --move . /
	chroot . /bin/busybox --install -s /bin
	chroot c/rootfs /bin/busybox --install -s /bin
	chroot . /bin/sh /limits.sh inside
	bin/busybox poweroff -f
fi
top=/sys/fs/cgroup/bulkhead
passed=0 failed=0
result() { # NAME WHY: failed where WHY is not empty
	if [ -z "$2" ]; then
		echo "PASS $1"; passed=$((passed + 1))
	else
		echo "FAIL $1: $(echo "$2" | tr '\n' ' ')"; failed=$((failed + 1))
	fi
}
is() { [ "$2" = "$3" ] || echo "$1 is '$2', not '$3';"; }
above() { [ "$2" -gt "$3" ] || echo "$1 is $2, not above $3;"; }
below() { [ "$2" -lt "$3" ] || echo "$1 is $2, not below $3;"; }

# config ID RESOURCES COMMAND [MORE OF THE PROCESS]: a bundle
config() {
	mkdir -p /c/$1
	caps='["CAP_MKNOD","CAP_SYS_ADMIN","CAP_KILL"]'
	cat >/c/$1/config.json <<END
{"ociVersion":"1.0.2","process":{"args":["/bin/sh","-c","$3"],"cwd":"/","env":["PATH=/bin"],"user":{"uid":0,"gid":0}${4:+,$4},
"capabilities":{"bounding":$caps,"effective":$caps,"permitted":$caps}},"root":{"path":"/c/rootfs"},"mounts":[
{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["mode=755"]}],
"linux":{"namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"}],"resources":$2}}
END
}
run() { config "$@"; bh-runtime run --bundle /c/$1 $1 2>&1; }
start() { config "$@"; bh-runtime create --bundle /c/$1 $1 </dev/null >/c/$1/out 2>&1 && bh-runtime start $1; }
end() { bh-runtime delete --force $1; [ ! -e $top/$1 ] || echo "$top/$1 is left;"; }
value() { cat $top/$1/$2; }
field() { sed -n "s/^$3 //p" $top/$1/$2; }

disk=$(sed 's/:/,"minor":/' /sys/class/block/nvme0n1/dev)
major=${disk%%,*} minor=${disk##*:}
sleeping='sleep 1000 & wait'

test_read_back() {
	start all '{"cpu":{"shares":2048,"quota":20000,"period":100000,"burst":10000,"cpus":"0","mems":"0"},
	"memory":{"limit":16777216,"swap":25165824,"reservation":4194304},"pids":{"limit":8},
	"blockIO":{"weight":500,"throttleReadBpsDevice":[{"major":'"$disk"',"rate":1048576}],
	"throttleWriteIOPSDevice":[{"major":'"$disk"',"rate":99}]},
	"hugepageLimits":[{"pageSize":"2MB","limit":4194304}],"unified":{"memory.high":"15728640"}}' 'sleep 1000'
	is cpu.weight "$(value all cpu.weight)" 174
	is cpu.max "$(value all cpu.max)" '20000 100000'
	is cpu.max.burst "$(value all cpu.max.burst)" 10000
	is cpuset.cpus "$(value all cpuset.cpus)" 0
	is cpuset.mems "$(value all cpuset.mems)" 0
	is memory.max "$(value all memory.max)" 16777216
	is memory.swap.max "$(value all memory.swap.max)" 8388608
	is memory.low "$(value all memory.low)" 4194304
	is memory.high "$(value all memory.high)" 15728640
	is pids.max "$(value all pids.max)" 8
	is io.weight "$(value all io.weight)" 'default 4950'
	is io.max "$(value all io.max)" "$major:$minor rbps=1048576 wbps=max riops=max wiops=99"
	is hugetlb.2MB.max "$(value all hugetlb.2MB.max)" 4194304
	is hugetlb.2MB.rsvd.max "$(value all hugetlb.2MB.rsvd.max)" 4194304
}
test_update() {
	bh-runtime update --cpu-quota 5000 --memory 32m --memory-swap 32m --pids-limit 9 all 2>&1
	is cpu.max "$(value all cpu.max)" '5000 100000'
	is cpu.max.burst "$(value all cpu.max.burst)" 5000
	is memory.max "$(value all memory.max)" 33554432
	is memory.swap.max "$(value all memory.swap.max)" 0
	is pids.max "$(value all pids.max)" 9
	echo '{"cpu":{"quota":-1,"shares":1024},"memory":{"limit":-1},"pids":{"limit":-1}}' | bh-runtime update -r - all 2>&1
	is cpu.max "$(value all cpu.max)" 'max 100000'
	is cpu.weight "$(value all cpu.weight)" 100
	is memory.max "$(value all memory.max)" max
	is memory.swap.max "$(value all memory.swap.max)" max
	is pids.max "$(value all pids.max)" max
	bh-runtime update -r - all <<-END 2>&1 | grep -q checkBeforeUpdate || echo 'a limit below what is in use passed;'
	{"memory":{"limit":4096,"checkBeforeUpdate":true}}
	END
	is memory.max "$(value all memory.max)" max
	end all
}
test_memory() {
	start mem '{"memory":{"limit":8388608,"swap":8388608}}' "$sleeping"
	out=$(bh-runtime exec mem sh -c 'x=$(head -c 30000000 /dev/zero | tr "\0" a); echo survived' 2>&1)
	is output "${out##*survived}" "$out"
	above oom_kill "$(field mem memory.events oom_kill)" 0
	below memory.peak "$(value mem memory.peak)" 8388609
	end mem
}
test_pids() {
	out=$(run pids '{"pids":{"limit":6}}' 'for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; echo all')
	is output "$out" "/bin/sh: can't fork: Resource temporarily unavailable"
}
test_cpu() {
	start cpu '{"cpu":{"quota":10000,"period":50000}}' 'while :; do :; done'
	before=$(field cpu cpu.stat usage_usec) began=$(cut -d. -f1 /proc/uptime)
	sleep 3
	used=$(($(field cpu cpu.stat usage_usec) - before)) time=$(($(cut -d. -f1 /proc/uptime) - began + 1))
	below "microseconds in $time s" $used $((time * 300000))
	above nr_throttled "$(field cpu cpu.stat nr_throttled)" 5
	end cpu
}
disk_reader="mknod /dev/d b $major $minor && dd if=/dev/d of=/dev/null bs=64k count=32 2>&1 | tail -1; head -c 3 /dev/zero | wc -c"
test_devices() {
	out=$(run dev0 '{"devices":[{"allow":false,"access":"rwm"}]}' "$disk_reader")
	is 'reading the disk' "$(echo "$out" | head -1)" "dd: can't open '/dev/d': Operation not permitted"
	is 'reading zero' "$(echo "$out" | tail -1)" 3
	out=$(run dev1 '{"devices":[{"allow":false},{"allow":true,"type":"b","major":'$disk',"access":"r"}]}' "$disk_reader; echo >/dev/d")
	is 'allowed to read' "$(echo "$out" | head -1)" '32+0 records out'
	is 'but to write' "$(echo "$out" | tail -1)" "/bin/sh: can't create /dev/d: Operation not permitted"
	# Without a rule nothing but the usual devices.
	out=$(run dev2 '{}' "$disk_reader")
	is 'without a rule' "$(echo "$out" | head -1)" "dd: can't open '/dev/d': Operation not permitted"
	is 'zero without a rule' "$(echo "$out" | tail -1)" 3
}
test_device_update() {
	start dev3 '{"devices":[{"allow":true,"access":"rwm"}]}' "$sleeping"
	bh-runtime exec dev3 mknod /dev/d b $major $minor 2>&1
	bh-runtime exec dev3 head -c 1 /dev/d >/dev/null || echo 'all allowed, the disk not;'
	echo '{"devices":[{"allow":false}]}' | bh-runtime update -r - dev3 2>&1
	bh-runtime exec dev3 head -c 1 /dev/d >/dev/null 2>&1 && echo 'denied, and still read;'
	echo '{"devices":[{"allow":false},{"allow":true,"type":"b","major":'$disk',"access":"rw"}]}' | bh-runtime update -r - dev3 2>&1
	bh-runtime exec dev3 head -c 1 /dev/d >/dev/null || echo 'allowed again, and not read;'
	bh-runtime update --pids-limit 50 dev3 2>&1
	bh-runtime exec dev3 head -c 1 /dev/d >/dev/null || echo 'another limit took the device away;'
	end dev3
}
test_io() {
	echo 3 >/proc/sys/vm/drop_caches
	began=$(cut -d' ' -f1 /proc/uptime | tr -d .)
	run io '{"devices":[{"allow":true,"access":"rwm"}],"blockIO":{"throttleReadBpsDevice":[{"major":'$disk',"rate":1048576}]}}' "$disk_reader" >/dev/null
	above 'hundredths of a second for 2 MiB' $(($(cut -d' ' -f1 /proc/uptime | tr -d .) - began)) 150
}
test_freezer() {
	start cold '{}' 'i=0; while :; do i=$((i+1)); echo $i >/count; sleep 0.05; done'
	sleep 0.3
	bh-runtime pause cold 2>&1
	is status "$(bh-runtime state cold | sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p')" paused
	is frozen "$(field cold cgroup.events frozen)" 1
	before=$(cat /c/rootfs/count); sleep 0.5
	is 'the count of a frozen one' "$(cat /c/rootfs/count)" "$before"
	bh-runtime pause cold 2>/dev/null && echo 'paused twice;'
	bh-runtime resume cold 2>&1
	sleep 0.5
	above 'the count of a thawed one' "$(cat /c/rootfs/count)" "$before"
	bh-runtime pause cold 2>&1
	end cold
}
test_rlimits() {
	ulimit -Sn 512; ulimit -Hn 512
	out=$(run limits '{}' 'ulimit -Hn; ulimit -Sn; ulimit -Hl; ulimit -c' \
		'"rlimits":[{"type":"RLIMIT_NOFILE","hard":70000,"soft":60000},{"type":"RLIMIT_MEMLOCK","hard":1073741824,"soft":1073741824},{"type":"RLIMIT_CORE","hard":0,"soft":0}]')
	is limits "$(echo $out)" '70000 60000 1048576 0'
}
test_processes() {
	start tree '{"pids":{"limit":20}}' "mkdir /sys/fs 2>/dev/null; $sleeping"
	bh-runtime exec -d tree sleep 900 2>&1
	mkdir -p $top/tree/a/b
	sleep 900 &
	echo $! >$top/tree/a/b/cgroup.procs
	is ps "$(bh-runtime ps -f json tree | tr -dc , | wc -c)" 3
	is 'ps as a table' "$(bh-runtime ps tree | grep -c 'sleep 900')" 2
	end tree
	wait $!; status=$?
	is "the end of what was inside" $status 137
}
test_refused() {
	out=$(run no '{"unified":{"nosuch.max":"1"}}' 'echo ran')
	[ "${out##*nosuch.max*no controller*}" = '' ] || echo "said '$out';"
	[ ! -e $top/no ] || echo 'a cgroup is left;'
	out=$(run no '{"cpu":{"cpus":"7"}}' 'echo ran')
	[ "${out##*cpuset.cpus*}" = '' ] || echo "said '$out';"
	out=$(run no '{"memory":{"swappiness":3}}' 'echo ran')
	[ "${out##*swappiness*}" = '' ] || echo "said '$out';"
	[ ! -e $top/no ] || echo 'a cgroup is left;'
}

# A profile of AppArmor, compiled when the case was built.
test_apparmor() {
	own='"apparmorProfile":"bulkhead-test"'
	mount -t securityfs securityfs /sys/kernel/security
	cat /apparmor >/sys/kernel/security/apparmor/.load || echo 'the profile was not loaded;'
	echo secret >/c/rootfs/secret
	look='cat /proc/self/attr/current; cat /secret; mknod /dev/d c 1 3 || echo none'
	denied="bulkhead-test (enforce) cat: can't open '/secret': Permission denied mknod: /dev/d: Operation not permitted none"
	is confined "$(echo $(run aa0 '{}' "$look" "$own"))" "$denied"
	is 'without new privileges' "$(echo $(run aa1 '{}' "$look" "$own,\"noNewPrivileges\":true"))" "$denied"
	is unconfined "$(echo $(run aa2 '{}' "cat /proc/self/attr/current /secret"))" 'unconfined secret'
	start aa3 '{}' "$sleeping" "$own"
	echo '{"args":["cat","/proc/self/attr/current","/secret"],"cwd":"/","env":["PATH=/bin"]}' >/process
	is 'a process that names none' "$(bh-runtime exec -p /process aa3 2>/dev/null)" 'bulkhead-test (enforce)'
	is 'exec' "$(bh-runtime exec aa3 cat /proc/self/attr/current)" 'bulkhead-test (enforce)'
	is 'exec --apparmor' "$(bh-runtime exec --apparmor unconfined aa3 cat /proc/self/attr/current)" unconfined
	out=$(bh-runtime exec --apparmor nosuch aa3 echo ran 2>&1)
	[ "${out##*nosuch*is not loaded*}" = '' ] || echo "exec said '$out';"
	end aa3
	config aa4 '{}' 'echo ran' '"apparmorProfile":"nosuch"'
	out=$(bh-runtime create --bundle /c/aa4 aa4 2>&1)
	[ "${out##*nosuch*is not loaded*}" = '' ] || echo "create said '$out';"
	[ ! -e $top/aa4 ] || echo 'a cgroup is left;'
	out=$(run aa5 '{}' 'echo ran' '"selinuxLabel":"u:r:t:s0"')
	[ "${out##*no SELinux*}" = '' ] || echo "said '$out';"
}

# A user whose session was given a cgroup, as systemd does it.
test_rootless() {
	mkdir -p /etc /home $(dirname $top)/user/session /run/user
	echo 'user:x:1000:1000::/home:/bin/sh' >/etc/passwd
	echo 'user:x:1000:' >/etc/group
	(cd $(dirname $top)/user && chown 1000:1000 . cgroup.procs cgroup.subtree_control session session/cgroup.procs)
	chown 1000:1000 /home /run/user; chmod 777 /c
	cat >/home/script <<-END
	mkdir -p /home/b && cat >/home/b/config.json <<-EOF
	{"ociVersion":"1.0.2","process":{"args":["/bin/sh","-c","for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; echo all"],"cwd":"/","env":["PATH=/bin"],
	"user":{"uid":0,"gid":0}},"root":{"path":"/c/rootfs"},"mounts":[{"destination":"/dev","type":"tmpfs","source":"tmpfs"}],"linux":{"namespaces":[{"type":"user"},{"type":"pid"},{"type":"mount"}],
	"uidMappings":[{"containerID":0,"hostID":1000,"size":1}],"gidMappings":[{"containerID":0,"hostID":1000,"size":1}],
	"resources":{"pids":{"limit":6},"memory":{"limit":33554432},"devices":[{"allow":false}]}}}
	EOF
	bh-runtime --root /run/user/bh run --bundle /home/b mine 2>&1
	END
	out=$(sh -c "echo \$\$ >$(dirname $top)/user/session/cgroup.procs; exec su -s /bin/sh user -c 'sh /home/script'")
	is output "$out" "/bin/sh: can't fork: Resource temporarily unavailable"
	[ -d $(dirname $top)/user/bulkhead ] || echo 'the cgroup was not made beside the session;'
	[ ! -e $(dirname $top)/user/bulkhead/mine ] || echo 'a cgroup is left;'
}

for name in read_back update memory pids cpu devices device_update io freezer processes refused rootless rlimits; do
	result $name "$(test_$name)"
done
skipped=0
if [ -s /apparmor ]; then
	result apparmor "$(test_apparmor)"
else
	echo 'SKIP apparmor no apparmor_parser among the peers (tools/setup)'; skipped=1
fi
echo "DONE passed=$passed failed=$failed skipped=$skipped"
