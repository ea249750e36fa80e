# Helpers that scripts/test and scripts/services share. Sourced, never run.
# shellcheck shell=bash

# Debian leaves the server programs' directories out of an ordinary user's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

say() { printf '%s\n' "$*" >&2; }

# fail STATUS MESSAGE…
fail() {
    say "${0##*/}: ${*:2}"
    exit "$1"
}

# Prints the comment that opens a script: that is its --help.
usage() { sed -n '2,/^$/ s/^# \{0,1\}//p' "$0"; }

# alive PID: true while the process runs; a zombie does not.
alive() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    [[ ${stat##*) } != [ZX]* ]]
}

# wait_gone SECONDS PID…: true once none of them runs.
wait_gone() {
    local tries=$(($1 * 20)) pid
    for pid in "${@:2}"; do
        while alive "$pid"; do
            ((tries-- > 0)) || return 1
            sleep 0.05
        done
    done
}

# run CMD…: CMD with our standard input and terminal, so that a signal to this script is acted on at
# once: bash puts a trap off until the command in the foreground ends, but not while it waits. An
# asynchronous command would ignore the interrupt key; `env` undoes that.
# What it prints goes to the descriptor `out`, where a script has set that.
child=
out=
run() {
    local status=0
    env --default-signal=INT,QUIT "$@" <&0 >&"${out:-1}" 2>&"${out:-2}" &
    child=$!
    wait "$child" || status=$?
    child=
    return "$status"
}

# interrupted SIGNAL STATUS: hands the signal to what `run` runs, and leaves when that has ended.
# A script may define `offspring`, which prints the processes that must hear of it too, and set
# `grace`, the seconds that they get.
interrupted() {
    local pids
    trap '' INT TERM HUP
    say "${0##*/}: interrupted"
    if [[ $child ]]; then
        mapfile -t pids < <(! declare -F offspring >/dev/null || offspring)
        kill -s "$1" "$child" "${pids[@]}" 2>/dev/null || true
        wait_gone "${grace:-10}" "$child" || kill -s KILL "$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    fi
    exit "$2"
}

trap_signals() {
    trap 'interrupted INT 130' INT
    trap 'interrupted TERM 143' TERM
    trap 'interrupted HUP 129' HUP
}
