# SPDX-License-Identifier: Apache-2.0
# Completion of bh's commands, options and partitions for bash: source it, or put it into
# /usr/share/bash-completion/completions/bh.

_bh() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
	local commands='ls info create check-config start stop pause resume reset rm give take inspect stat top console disk
		log events trace container run exec ps images attach logs pull push build commit tag rmi login logout'
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands --help" -- "$word")
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(bh "$command" --help 2>/dev/null |
			grep -o -- '--[a-z][a-z-]*' | sort -u)" -- "$word")
	elif [[ $command == trace && ($before == -o || $before == --output) ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	elif [ "$command" = check-config ] || [[ $command == create && ($before == -f || $before == --file) ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	elif [ "$command" = disk ] && [ "$COMP_CWORD" -eq 2 ]; then
		COMPREPLY=(serve)
	elif [ "$command" = disk ] && [ "$COMP_CWORD" -ge 4 ]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	elif [[ ' start stop pause resume reset rm give take inspect stat console trace disk ' == *" $command "* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(bh ls 2>/dev/null | awk 'NR > 1 { print $2 }')" -- "$word")
	fi
}
complete -F _bh bh
