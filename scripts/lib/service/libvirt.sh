# libvirt: its QEMU driver inside the test's own process (an `embed` URI), so no daemon is started.
# A directory serves one process at a time; a test that needs two adds a directory for the second.
# Guests outlive the process that started them: scripts/services ends what is left.
# shellcheck shell=bash

libvirt_prepare() {
    local home=$1
    mkdir "$home/etc"
    # No log daemon, no labels, no groups of control: nothing on this machine is touched but $home.
    cat >"$home/etc/qemu.conf" <<'CONF'
stdio_handler = "file"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
CONF
    # Only root may choose a user; QEMU's usual one could not enter the directory.
    ((EUID != 0)) || printf 'user = "root"\ngroup = "root"\n' >>"$home/etc/qemu.conf"
    export NOVA_TEST_LIBVIRT_URI="qemu:///embed?root=$home"
}
