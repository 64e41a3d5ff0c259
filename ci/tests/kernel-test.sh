#!/usr/bin/env bash
# Choosing kernels and modules.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=../lib/common.sh
. "$CI/lib/common.sh"
# shellcheck source=../lib/debian.sh
. "$CI/lib/debian.sh"
# shellcheck source=../lib/kernel.sh
. "$CI/lib/kernel.sh"

lines='5.10.223-1 linux-image-5.10.0-32-amd64
6.1.176-1 linux-image-6.1.0-50-amd64
6.1.192-2 linux-image-6.1.0-56-amd64
6.12.94-1 linux-image-6.12.94+deb13-amd64
7.2.12-1~bpo13+1 linux-image-7.2.12+deb13-amd64
7.3~rc7-1~exp1 linux-image-7.3-amd64'
newest() { kernel_matches "$1" <<<"$lines" | tail -n 1; }
equals '6.1 is not 6.12' "$(newest 6.1)" '6.1.192-2 linux-image-6.1.0-56-amd64'
equals '6.12' "$(newest 6.12)" '6.12.94-1 linux-image-6.12.94+deb13-amd64'
equals 'in full' "$(newest 6.1.176)" '6.1.176-1 linux-image-6.1.0-50-amd64'
equals 'a candidate' "$(newest 7.3)" '7.3~rc7-1~exp1 linux-image-7.3-amd64'
equals 'none' "$(newest 7.1)" ''
equals 'no regular expression' "$(newest 5.1)" ''
equals 'suites of 5.10' "$(kernel_suites 5.10.223)" 'bullseye-security bullseye'
equals 'suites of 6.12' "$(kernel_suites 6.12)" 'trixie-security trixie'
equals 'suites of 6.18' "$(kernel_suites 6.18)" 'trixie-backports forky sid experimental'

# The plain flavour only.
fake apt-cache <<'FAKE'
#!/bin/sh
case $1 in
    pkgnames) printf 'linux-image-%s\n' 7.2.12+deb13-amd64 7.2.12+deb13-cloud-amd64 7.2.12+deb13-rt-amd64 \
        7.2.12+deb13-amd64-dbg 7.2.12+deb13-amd64-unsigned 5.10.0-46-amd64 amd64 cloud-amd64 6.1.0-56-rt-amd64 ;;
    show) shift 2; for p; do printf 'Package: %s\nVersion: 1-%s\n\n' "$p" "${#p}"; done ;;
esac
FAKE
APT_STATE=$WORLD
equals 'flavours' "$(kernel_packages amd64 | cut -d ' ' -f 2 | sort | tr '\n' ' ')" \
    'linux-image-5.10.0-46-amd64 linux-image-7.2.12+deb13-amd64 '

# Modules: the order of loading, with what they need first; every compression; built in is no error.
tree=$WORLD/modules
mkdir -p "$tree/kernel/drivers/virtio" "$tree/kernel/drivers/block" "$tree/kernel/drivers/char"
echo ring >"$tree/kernel/drivers/virtio/virtio_ring.ko"
echo virtio | xz >"$tree/kernel/drivers/virtio/virtio.ko.xz"
echo blk | gzip >"$tree/kernel/drivers/block/virtio_blk.ko.gz"
echo rng >"$tree/kernel/drivers/char/virtio-rng.ko"
cat >"$tree/modules.dep" <<'DEP'
kernel/drivers/virtio/virtio_ring.ko:
kernel/drivers/virtio/virtio.ko.xz: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/block/virtio_blk.ko.gz: kernel/drivers/virtio/virtio.ko.xz kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/char/virtio-rng.ko: kernel/drivers/virtio/virtio.ko.xz kernel/drivers/virtio/virtio_ring.ko
DEP
kernel_modules "$tree" "$WORLD/tree"
equals 'load order' "$(tr '\n' ' ' <"$WORLD/tree/modules/order")" \
    '01-virtio_ring.ko 02-virtio.ko 03-virtio_blk.ko 04-virtio-rng.ko '
equals 'contents' "$(cat "$WORLD"/tree/modules/0*.ko | tr '\n' ' ')" 'ring virtio blk rng '
ends 'no modules.dep' 2 'run depmod' kernel_modules "$WORLD/home" "$WORLD/tree2"
