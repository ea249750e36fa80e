# What the tests need, how to see that it is there, and the Debian package that brings it.
# Sourced, never run.
# shellcheck shell=bash disable=SC2154 # `lib` is the caller's

# One line each: who needs it (a service, or `build`), probe, package.
# A probe is a program, a pkg-config module (pc:NAME) or a path with wildcards (/…).
needs() {
    cat <<'LIST'
build     cc                                                     gcc
build     /usr/include/stdio.h                                   libc6-dev
build     pkg-config                                             pkg-config
build     pc:libvirt                                             libvirt-dev
build     jq                                                     jq
postgres  /usr/lib/postgresql/*/bin/initdb                       postgresql
postgres  openssl                                                openssl
mysql     openssl                                                openssl
mysql     mariadbd                                               mariadb-server
mysql     mariadb-install-db                                     mariadb-server
amqp      /usr/lib/rabbitmq/bin/rabbitmq-server                  rabbitmq-server
amqp      epmd                                                   erlang-base
libvirt   /usr/lib/*/libvirt/connection-driver/*_qemu.so         libvirt-daemon-system
libvirt   virsh                                                  libvirt-clients
libvirt   qemu-system-x86_64                                     qemu-system-x86
libvirt   qemu-img                                               qemu-utils
guest     nasm                                                   nasm
guest     qemu-system-x86_64                                     qemu-system-x86
guest     qemu-img                                               qemu-utils
LIST
}

present() {
    case $1 in
        pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
        /*) compgen -G "$1" >/dev/null ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

# missing WHO…: the packages that these lack, one a line.
missing() {
    local who probe package
    while read -r who probe package; do
        [[ " $* " == *" $who "* ]] && ! present "$probe" && printf '%s\n' "$package"
    done < <(needs) | sort -u
}

# A Rust toolchain is the user's choice: never installed here.
need_rust() {
    local part
    if ! command -v cargo >/dev/null; then
        say "missing: cargo. Install Rust from https://rustup.rs, at least the rust-version in Cargo.toml."
        return 1
    fi
    for part in fmt clippy; do
        cargo "$part" --version >/dev/null 2>&1 && continue
        say "missing: cargo $part. With rustup: rustup component add rustfmt clippy"
        return 1
    done
}

# install WHO…: installs what these lack, through apt, or says what is missing and fails.
# In passes, because apt may take one thing away to install another (a newer qemu-utils than
# qemu-system-x86 allows, say), which has to come back at the release's own version.
install() {
    local pass packages root=()
    for pass in 1 2 3; do
        mapfile -t packages < <(missing "$@")
        ((${#packages[@]})) || return 0
        say "missing: ${packages[*]}"
        if ! command -v apt-get >/dev/null; then
            say "no apt-get on this machine: install these, or what corresponds to them, and run this again"
            return 1
        fi
        if ((EUID != 0)); then
            if ! command -v sudo >/dev/null || ! { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
                say "neither root nor able to use sudo: apt-get install ${packages[*]}"
                return 1
            fi
            root=(sudo)
        fi
        run "${root[@]}" bash "$lib/apt.sh" "$pass" "${packages[@]}" || true
    done
    mapfile -t packages < <(missing "$@")
    ((${#packages[@]} == 0)) || {
        say "still missing: ${packages[*]}"
        return 1
    }
}
