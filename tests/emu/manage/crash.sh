# SPDX-License-Identifier: Apache-2.0
# Case manage-crash: what this system does at each of its starts. The partition alpha, made at the first, lives through all.
cd /root || exit
start=$(bh inspect mgmt | sed -n 's/^starts *//p')
echo "CHAPTER $start"

room() {
	bh info --json | sed 's/.*"memory_free":\([0-9]*\).*"pool_used":\([0-9]*\).*/ROOM memory=\1 pool=\2/'
}
# As the last start has left it, which its console still has.
compare() {
	before=$(bh console mgmt </dev/null | tr -d '\r' | grep '^ROOM' | tail -n 1)
	now=$(room)
	echo "$now"
	[ "$now" = "$before" ] && echo "same-room=$start"
}

case $start in
1)
	bh create --wait -f alpha.conf
	# What stays with an id is there from now on.
	bh create --no-start -f gamma.conf && bh rm gamma
	sleep 1
	room
	sleep 1
	hostile die clearing
	;;
2)
	bh ls
	bh start clearing
	echo "start-half=$?"
	bh rm clearing && compare
	sleep 1
	hostile die between
	;;
3)
	bh ls
	bh rm between && compare
	sleep 1
	hostile die loading
	;;
4)
	bh ls
	bh start loading # some of it is there: it may run what it has
	bh rm --force loading && compare
	reboot -f
	;;
*)
	bh ls
	bh console alpha </dev/null
	bh pause alpha && bh resume alpha
	echo "pause-alpha=$?"
	bh stop beta 2>/dev/null
	bh start --wait beta && bh create --wait -f gamma.conf
	sleep 1
	bh ls
	while bh ls | grep -q '[a-z]a .*running'; do
		sleep 0.5
	done
	bh console alpha </dev/null
	bh start alpha
	echo "start-alpha=$?"
	bh rm alpha gamma
	bh ls
	poweroff -f
	;;
esac
