# Test guests, built from their sources into one directory: NAME.bin as assembled, and for a boot
# sector also NAME.img, a raw disk of 1 MiB (firmware boots nothing smaller from virtio).
# A guest of another kind gets a function of its own here, called from guest_prepare.
# shellcheck shell=bash disable=SC2154 # shares variables with scripts/services

guest_prepare() {
    local home=$1
    guest_boot_sectors "$home" || return
    export NOVA_TEST_GUEST_DIR=$home
}

guest_boot_sectors() {
    local home=$1 source name
    for source in "$repo"/nova-virt/guests/*.asm; do
        [[ -e $source ]] || continue
        name=$(basename "$source" .asm)
        nasm -f bin -o "$home/$name.bin" "$source" || return
        if (($(stat -c %s "$home/$name.bin") == 512)); then
            cp "$home/$name.bin" "$home/$name.img"
            truncate -s 1M "$home/$name.img"
        fi
    done
}
