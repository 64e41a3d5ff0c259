# shellcheck shell=bash disable=SC2034
# FreeBSD's BASIC-CI images: their names, fetching and checking them. They are made for this use:
# console on the serial line, DHCP, sshd with root and an empty password.

FREEBSD_SITE=${PROCDESC_CI_FREEBSD_SITE:-https://download.freebsd.org}

# A snapshot is fetched anew after that many days.
readonly FREEBSD_SNAPSHOT_AGE=7

# freebsd_release NAME: the full name of a release: 14.3 is 14.3-RELEASE, 16-CURRENT 16.0-CURRENT.
freebsd_release() {
    [[ $1 =~ ^([0-9]+)(\.([0-9]+))?(-(RELEASE|STABLE|CURRENT|PRERELEASE|ALPHA[0-9]+|BETA[0-9]+|RC[0-9]+))?$ ]] ||
        die "$EX_USAGE" "not a FreeBSD release: '$1' (14.3, 15.0-STABLE, 16-CURRENT ...)"
    local minor=${BASH_REMATCH[3]} kind=${BASH_REMATCH[5]:-RELEASE}
    [ -n "$minor" ] || [ "$kind" = CURRENT ] || die "$EX_USAGE" "which $1? (14.3, 15.0-STABLE ...)"
    echo "${BASH_REMATCH[1]}.${minor:-0}-$kind"
}

freebsd_is_snapshot() {
    case $1 in
        *-RELEASE | *-RC* | *-BETA*) return 1 ;;
        *) return 0 ;;
    esac
}

# freebsd_directory RELEASE ARCH: the URL of the directory with the newest image.
freebsd_directory() {
    local kind=releases arch=amd64
    ! freebsd_is_snapshot "$1" || kind=snapshots
    [ "$2" = x86_64 ] || arch=aarch64
    echo "$FREEBSD_SITE/$kind/CI-IMAGES/$1/$arch/Latest"
}

# freebsd_checksum RELEASE ARCH: reads CHECKSUM.SHA256; prints "NAME SHA256" of the image to take, the
# one with UFS if there are two. A snapshot's line carries date and revision; its link does not.
freebsd_checksum() {
    local machine=amd64 flavour
    [ "$2" = x86_64 ] || machine=arm64-aarch64
    local lines pattern
    lines=$(cat)
    for flavour in BASIC-CI-ufs BASIC-CI; do
        pattern="SHA256 \((FreeBSD-$1-$machine-$flavour)(-[0-9]{8}-[0-9a-f]+-[0-9]+)?\.raw\.xz\) = ([0-9a-f]{64})"
        if [[ $lines =~ $pattern ]]; then
            echo "${BASH_REMATCH[1]}.raw.xz ${BASH_REMATCH[3]}"
            return 0
        fi
    done
    return 1
}

# fetch URL FILE: 77 if it cannot be had.
fetch() {
    local status=0
    attended curl --fail --silent --show-error --location --proto '=http,https' --retry 2 --connect-timeout 20 \
        --speed-limit 1000 --speed-time 120 --output "$2" "$1" 2>"$WORK/curl.log" || status=$?
    [ "$status" -eq 0 ] || die "$EX_NOT_RUN" "not run: cannot fetch $1 ($(tail -n 1 "$WORK/curl.log"))"
}

# unpack_image FILE.xz RAW: leaves holes where the image has zeros.
unpack_image() {
    xz -dc -- "$1" | dd of="$2" bs=1M iflag=fullblock conv=sparse status=none
    truncate -s "%512" "$2"
}

# freebsd_image RELEASE ARCH SHA256: sets IMAGE to the image, from the cache or fetched and checked
# against the site's list, or against SHA256 if that is given.
freebsd_image() {
    local release=$1 arch=$2 pinned=$3 dir url name sum line
    dir=$(cache_dir)/freebsd/$release-$arch
    IMAGE=$dir/image.raw
    if [ -f "$dir/sha256" ] && { [ -z "$pinned" ] || [ "$(cat "$dir/sha256")" = "$pinned" ]; }; then
        if ! freebsd_is_snapshot "$release" ||
            [ -n "$(find "$dir/sha256" -mtime "-$FREEBSD_SNAPSHOT_AGE")" ]; then
            return 0
        fi
    fi
    url=$(freebsd_directory "$release" "$arch")
    need curl curl
    fetch "$url/CHECKSUM.SHA256" "$WORK/CHECKSUM.SHA256"
    line=$(freebsd_checksum "$release" "$arch" <"$WORK/CHECKSUM.SHA256") ||
        die "$EX_NOT_RUN" "not run: no BASIC-CI image of $release for $arch in $url/CHECKSUM.SHA256"
    name=${line% *} sum=${line#* }
    if [ -n "$pinned" ] && [ "$sum" != "$pinned" ]; then
        die "$EX_UNAVAILABLE" "refused: the site's list says $sum for $name, and --sha256 $pinned"
    fi
    if [ -f "$dir/sha256" ] && [ "$(cat "$dir/sha256")" = "$sum" ]; then
        touch "$dir/sha256"
        return 0
    fi
    scratch "$dir"
    local made=$SCRATCH
    say "fetching $url/$name"
    fetch "$url/$name" "$made/image.xz"
    has_hash "$made/image.xz" sha256 "$sum" ||
        die "$EX_UNAVAILABLE" "refused: $name does not have the SHA-256 that the site's list gives ($sum)"
    say 'unpacking the image'
    attended unpack_image "$made/image.xz" "$made/image.raw" || die "$EX_UNAVAILABLE" "$name does not unpack"
    rm -f -- "$made/image.xz"
    echo "$sum" >"$made/sha256"
    rm -rf -- "$dir"
    mv "$made" "$dir"
}

# given_image FILE SHA256: sets IMAGE to an image given by path, unpacked if it is compressed.
given_image() {
    [ -f "$1" ] || die "$EX_USAGE" "no such image: $1"
    if [ -n "$2" ] && ! has_hash "$1" sha256 "$2"; then
        die "$EX_UNAVAILABLE" "refused: $1 does not have the given SHA-256"
    fi
    case $1 in
        *.xz)
            say 'unpacking the image'
            attended unpack_image "$1" "$WORK/image.raw" || die "$EX_UNAVAILABLE" "$1 does not unpack"
            IMAGE=$WORK/image.raw
            ;;
        *) IMAGE=$1 ;;
    esac
}

image_format() {
    if [ "$(head -c 3 "$1")" = QFI ]; then echo qcow2; else echo raw; fi
}

# freebsd_firmware ARCH: sets FIRMWARE to QEMU's options for it.
freebsd_firmware() {
    FIRMWARE=()
    [ "$1" = aarch64 ] || return 0
    local file
    for file in "${PROCDESC_CI_EFI:-}" /usr/share/qemu-efi-aarch64/QEMU_EFI.fd /usr/share/AAVMF/AAVMF_CODE.fd \
        /usr/share/edk2/aarch64/QEMU_EFI.fd; do
        if [ -f "$file" ]; then
            FIRMWARE=(-bios "$file")
            return 0
        fi
    done
    die "$EX_UNAVAILABLE" 'the firmware QEMU_EFI.fd is missing: apt-get install qemu-efi-aarch64'
}
