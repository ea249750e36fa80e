#!/usr/bin/env bash
# apt.sh PASS PACKAGE…: installs packages as root, starting none of the services they bring.
# Asks before it changes anything when a person is at the terminal.
set -euo pipefail

pass=$1
shift
options=(--no-install-recommends -o DPkg::Lock::Timeout=300)
if [[ ${CI:-} || ! -t 0 ]]; then
    options+=(--yes)
    export DEBIAN_FRONTEND=noninteractive
fi

# 101 is the answer «not allowed»: Debian's maintainer scripts ask this program before they start a
# daemon, which would otherwise listen on its public port.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy && ! -L $policy ]]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

if ((pass == 1)); then
    # A list that could not be refreshed may still do.
    apt-get update -o DPkg::Lock::Timeout=300 || echo "apt-get update failed: trying with the lists that are there" >&2
fi
if apt-get install "${options[@]}" "$@"; then
    exit 0
fi
# One that cannot be had must not keep out the others.
for package in "$@"; do
    apt-get install "${options[@]}" "$package" || true
done
