# shellcheck shell=bash disable=SC2034
# Kernels: which package has one, and the few modules that a machine needs.

# What the guest needs and Debian builds as modules: the report's disk and a source of randomness.
readonly KERNEL_MODULES=(virtio_pci virtio_blk virtio-rng)

# kernel_suites KERNEL: where to look for it, best first. Backports and later suites carry one newest
# kernel each and change it often.
kernel_suites() {
    case $1 in
        5.10 | 5.10.*) echo bullseye-security bullseye ;;
        6.1 | 6.1.*) echo bookworm-security bookworm ;;
        6.12 | 6.12.*) echo trixie-security trixie ;;
        *) echo trixie-backports forky sid experimental ;;
    esac
}

# kernel_packages ARCH: reads APT_STATE; prints "VERSION PACKAGE" for each plain kernel (no debug,
# unsigned, cloud, real-time or 16k-page flavour).
kernel_packages() {
    local names
    names=$(private_apt apt-cache pkgnames linux-image- | grep -E "^linux-image-[0-9][^-]*(-[0-9][^-]*)?-$1\$" || true)
    [ -n "$names" ] || return 0
    # shellcheck disable=SC2086  # package names have no spaces
    private_apt apt-cache show --no-all-versions $names |
        awk '$1 == "Package:" { package = $2 } $1 == "Version:" { print $2, package }' | sort -V
}

# kernel_matches KERNEL: filters "VERSION PACKAGE" lines to those of that kernel: 6.1 is not 6.12.
kernel_matches() {
    awk -v kernel="$1" 'index($1, kernel) == 1 && substr($1, length(kernel) + 1) !~ /^[0-9]/'
}

# kernel_find SUITE KERNEL DEB-ARCH: sets KERNEL_PACKAGE and KERNEL_VERSION to the suite's newest.
kernel_find() {
    local found
    apt_lists "$1" "$3" || return 1
    apt_state "$1" "$3"
    found=$(kernel_packages "$3" | kernel_matches "$2" | tail -n 1)
    [ -n "$found" ] || return 1
    KERNEL_VERSION=${found% *} KERNEL_PACKAGE=${found#* }
}

# kernel_list ARCH: every kernel that can be asked for.
kernel_list() {
    local deb suite
    deb=$(debian_arch "$1")
    for suite in bullseye-security bookworm-security trixie-security trixie-backports forky sid experimental; do
        apt_lists "$suite" "$deb" || continue
        apt_state "$suite" "$deb"
        kernel_packages "$deb" | sed "s/^/$suite /"
    done | awk '{ printf "%-20s %-24s %s\n", $1, $2, $3 }'
}

# kernel_parts PACKAGE: the package and those of its dependencies that carry parts of the kernel
# (newer Debian kernels come as linux-image, linux-binary and linux-modules).
kernel_parts() {
    private_apt apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
        --no-replaces --no-enhances "$1" | grep -E '^linux-(image|binary|modules)-[^ ]+$' | sort -u
}

# kernel_fetch KERNEL ARCH: sets KERNEL_IMAGE (the kernel), KERNEL_TREE (modules and load order)
# and KERNEL_RELEASE (as in uname -r).
kernel_fetch() {
    local deb suite dir
    deb=$(debian_arch "$2")
    for suite in $(kernel_suites "$1"); do
        kernel_find "$suite" "$1" "$deb" || continue
        dir=$(cache_dir)/kernels/$deb/${KERNEL_PACKAGE}_${KERNEL_VERSION//[^A-Za-z0-9.+~-]/_}
        [ -f "$dir/release" ] || kernel_unpack "$suite" "$deb" "$dir" || continue
        # Kernels that Debian has replaced go after a month without use.
        touch "$dir"
        find "${dir%/*}" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} +
        KERNEL_IMAGE=$dir/vmlinuz KERNEL_TREE=$dir/tree KERNEL_RELEASE=$(cat "$dir/release")
        return 0
    done
    die "$EX_UNAVAILABLE" "no kernel $1 for $2 in Debian's $(kernel_suites "$1") (see --list)"
}

# kernel_unpack SUITE DEB-ARCH DIR: fetches KERNEL_PACKAGE and puts what a machine needs into DIR.
kernel_unpack() {
    local file parts image release made
    need depmod kmod
    mapfile -t parts < <(kernel_parts "$KERNEL_PACKAGE")
    apt_fetch "$1" "$2" "${parts[@]}" || return 1
    scratch "$3"
    made=$SCRATCH
    say "unpacking $KERNEL_PACKAGE $KERNEL_VERSION ($1)"
    mkdir -p "$made/all/usr/lib"
    ln -s usr/lib "$made/all/lib"
    for file in "${APT_FILES[@]}"; do
        # Of some hundred megabytes of modules only the drivers that could matter.
        attended deb_extract "$file" "$made/all" --wildcards \
            --exclude='*/kernel/[!d]*' --exclude='*/kernel/drivers/[!bcv]*' \
            --exclude='*/drivers/video' --exclude='*/usr/share' ||
            die "$EX_UNAVAILABLE" "${file##*/} does not unpack"
        rm -f -- "$file"
    done
    image=$(find "$made/all" -name 'vmlinu[xz]*' -type f | head -n 1)
    [ -n "$image" ] || die "$EX_UNAVAILABLE" "$KERNEL_PACKAGE has no kernel image"
    release=$(ls "$made/all/usr/lib/modules")
    # (It complains about lists that were left out on purpose.)
    depmod -b "$made/all" "$release" 2>"$made/depmod.log" || die "$EX_UNAVAILABLE" "$(tail -n 1 "$made/depmod.log")"
    kernel_modules "$made/all/usr/lib/modules/$release" "$made/tree"
    mv "$image" "$made/vmlinuz"
    rm -rf -- "$made/all" "$made/depmod.log"
    echo "$release" >"$made/release"
    rm -rf -- "$3"
    mv "$made" "$3"
}

# kernel_modules MODULES DIR: copies the needed modules of the tree MODULES (as /lib/modules/RELEASE,
# with modules.dep) uncompressed to DIR/modules, and the order to load them to DIR/modules/order.
kernel_modules() {
    local modules=$1 dir=$2/modules name path file n=0
    [ -f "$modules/modules.dep" ] || die "$EX_USAGE" "$modules has no modules.dep: run depmod on it"
    mkdir -p "$dir"
    : >"$dir/order"
    for name in "${KERNEL_MODULES[@]}"; do
        if ! modules_closure "$modules/modules.dep" "$name"; then
            # Built in, or not there at all: then the machine says so when it misses the device.
            continue
        fi
    done | awk '!seen[$0]++' >"$dir/paths"
    while read -r path; do
        n=$((n + 1))
        name=${path##*/}
        file=$(printf '%02d-%s.ko' "$n" "${name%%.ko*}")
        case $path in
            *.ko) cat "$modules/$path" ;;
            *.ko.xz) xz -dc "$modules/$path" ;;
            *.ko.zst) zstd -qdc "$modules/$path" ;;
            *.ko.gz) gzip -dc "$modules/$path" ;;
        esac >"$dir/$file"
        echo "$file" >>"$dir/order"
    done <"$dir/paths"
    rm -f -- "$dir/paths"
}

# modules_closure MODULES.DEP NAME: prints the module's file and all that it needs, in load order.
# modules.dep lists for each file everything that it needs, the innermost last.
modules_closure() {
    awk -v name="$2" '
        function base(path) {
            sub(/.*\//, "", path); sub(/\.ko(\..*)?$/, "", path); gsub(/-/, "_", path); return path
        }
        BEGIN { gsub(/-/, "_", name) }
        {
            path = $1; sub(/:$/, "", path)
            if (base(path) != name) next
            for (i = NF; i > 1; i--) print $i
            print path; found = 1
        }
        END { exit !found }' "$1"
}
