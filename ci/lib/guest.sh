# shellcheck shell=bash disable=SC2034
# The file system of a Linux guest: a base (programs, C library, Java), made once and cached, and
# what belongs to one run (kernel modules, kit, settings). Both are cpio archives that the kernel
# unpacks one after the other.

# What the suite and the JVM need beyond what jdeps finds in the kit.
GUEST_JDK_MODULES=java.base,java.logging,java.management,java.xml
GUEST_JDK_MODULES+=,jdk.management,jdk.net,jdk.unsupported,jdk.zipfs

# Real programs, because busybox looks at argv[0] and a test may want its own there; whatever is not
# in this list is busybox.
readonly GUEST_PROGRAMS=(sh cat sleep true false echo env id sort head tail printf ls pwd dd tr wc mkdir
    rm touch chmod nice nohup od readlink seq stat stty tee test timeout uname yes)

# The runtime of a foreign architecture, from Debian's packages.
readonly GUEST_SUITE=bookworm
readonly GUEST_PACKAGES=(libc6 libgcc-s1 libstdc++6 zlib1g openjdk-17-jre-headless
    dash coreutils libacl1 libattr1 libgmp10 libselinux1 libpcre2-8-0)

# cpio_tree DIR FILE: archives a directory; the files belong to root whoever runs this.
cpio_tree() {
    (cd "$1" && find . -print0 | LC_ALL=C sort -z | cpio --quiet -0 -o -H newc --reproducible -R +0:+0) >"$2"
}

# guest_skeleton DIR: the directories of the guest, with /usr merged.
guest_skeleton() {
    local dir
    mkdir -p "$1"/{dev,proc,sys,run,tmp,root,etc,opt,usr/{bin,sbin,lib,lib64},home/tester,var/tmp,report,kit}
    chmod 1777 "$1/tmp" "$1/var/tmp"
    chmod 700 "$1/root"
    for dir in bin sbin lib lib64; do
        ln -s "usr/$dir" "$1/$dir"
    done
}

# guest_libraries DIR FILE...: copies the shared libraries that the files need, and the loader.
guest_libraries() {
    local dir=$1 path
    shift
    { ldd "$@" 2>/dev/null || true; } |
        awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// && $2 ~ /^\(/ { print $1 }' | sort -u | while read -r path; do
        case $path in
            "$dir"/*) continue ;;
        esac
        [ -e "$dir$path" ] || install -D -m 755 "$path" "$dir$path"
    done
}

# guest_host_runtime DIR JAVA_HOME MODULES: Java by jlink, programs and libraries of this host.
guest_host_runtime() {
    local dir=$1 java=$2 name path files=() libc
    attended "$java/bin/jlink" --add-modules "$3" --no-header-files --no-man-pages \
        --output "$dir/opt/java"
    # An archive of the classes that every JVM loads: start-up is what costs most under emulation.
    attended "$dir/opt/java/bin/java" -Xshare:dump >/dev/null 2>&1 || say 'no class archive: JVMs will start slower'
    for name in "${GUEST_PROGRAMS[@]}"; do
        path=$(type -P "$name") || continue
        install -m 755 "$path" "$dir/usr/bin/$name"
        files+=("$dir/usr/bin/$name")
    done
    mapfile -t -O "${#files[@]}" files < <(find "$dir/opt/java" -type f \( -name '*.so' -o -path '*/bin/java' \))
    guest_libraries "$dir" "${files[@]}"
    # Libraries that a JNI library may name though nothing above does.
    libc=$(find "$dir/usr/lib" "$dir/usr/lib64" -name libc.so.6 | head -n 1)
    [ -n "$libc" ] || die "$EX_UNAVAILABLE" 'this host has no glibc; use --runtime debian'
    libc=${libc#"$dir"}
    for name in libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libutil.so.1 libnss_files.so.2 libgcc_s.so.1; do
        for path in "${libc%/*}/$name" "/lib/${libc#/usr/lib/}"; do
            if [ -f "$path" ] && [ ! -e "$dir$path" ] && [ "${path##*/}" = "$name" ]; then
                install -D -m 755 "$path" "$dir$path"
            fi
        done
    done
}

# guest_debian_runtime DIR ARCH: Java, programs and libraries from Debian's packages.
guest_debian_runtime() {
    local dir=$1 deb file java home
    deb=$(debian_arch "$2")
    apt_lists "$GUEST_SUITE" "$deb" || die "$EX_UNAVAILABLE" "no package lists of $GUEST_SUITE ($deb)"
    apt_fetch "$GUEST_SUITE" "$deb" "${GUEST_PACKAGES[@]}" || exit "$EX_UNAVAILABLE"
    for file in "${APT_FILES[@]}"; do
        # Without documentation, and without the desktop half of the runtime, whose libraries are not
        # there anyway.
        attended deb_extract "$file" "$dir" --wildcards --exclude='*/usr/share/*' --exclude='*/gconv/*' \
            --exclude='*/lib/libawt*' --exclude='*/lib/libfontmanager*' --exclude='*/lib/liblcms*' \
            --exclude='*/lib/libmlib*' --exclude='*/lib/libjavajpeg*' --exclude='*/lib/libjsound*'
    done
    java=$(find "$dir/usr/lib/jvm" -path '*/bin/java' | head -n 1)
    home=${java%/bin/java}
    ln -s "${home#"$dir"}" "$dir/opt/java"
    ln -sf dash "$dir/usr/bin/sh"
}

# guest_busybox DIR ARCH
guest_busybox() {
    local deb
    deb=$(debian_arch "$2")
    apt_lists "$GUEST_SUITE" "$deb" || die "$EX_UNAVAILABLE" "no package lists of $GUEST_SUITE ($deb)"
    apt_fetch "$GUEST_SUITE" "$deb" busybox-static || exit "$EX_UNAVAILABLE"
    attended deb_extract "${APT_FILES[0]}" "$1" --wildcards --exclude='*/usr/share/*'
}

# guest_java_home: the JDK that jlink comes from; empty if there is none that can link. Newer JDKs can
# do it without a jmods directory.
guest_java_home() {
    local home=${JAVA_HOME:-} jlink
    if [ -z "$home" ] && jlink=$(type -P jlink); then
        jlink=$(readlink -f "$jlink")
        home=${jlink%/bin/jlink}
    fi
    if [ -n "$home" ] && [ -x "$home/bin/jlink" ] && { [ -f "$home/jmods/java.base.jmod" ] ||
        [[ $("$home/bin/jlink" --help) == *'run-time image enabled'* ]]; }; then
        echo "$home"
    fi
}

# guest_base ARCH RUNTIME KIT: sets GUEST_BASE to the base archive, GUEST_RUNTIME to what is in it.
guest_base() {
    local arch=$1 runtime=$2 kit=$3 java='' modules='' key
    if [ "$runtime" != debian ] && [ "$arch" = "$(uname -m)" ]; then
        java=$(guest_java_home)
    fi
    case $runtime in
        auto) if [ -n "$java" ]; then runtime=host; else runtime=debian; fi ;;
        host)
            [ -n "$java" ] || die "$EX_UNAVAILABLE" \
                "no JDK with jlink for $arch: set JAVA_HOME, or apt-get install openjdk-17-jdk-headless"
            ;;
        debian) ;;
        *) die "$EX_USAGE" "unknown runtime '$runtime': auto, host or debian" ;;
    esac
    if [ "$runtime" = host ]; then
        modules=$(guest_jdk_modules "$java" "$kit")
        key=$( (cat "$java/release" "$CI/lib/guest.sh"; ldd --version 2>&1; echo "$java $modules") | sha256sum)
        GUEST_RUNTIME="jlink of $java"
    else
        key=$(sha256sum <"$CI/lib/guest.sh")
        GUEST_RUNTIME="Debian $GUEST_SUITE packages"
    fi
    GUEST_BASE=$(cache_dir)/base/$arch-$runtime-${key:0:16}.cpio
    if [ -f "$GUEST_BASE" ]; then
        touch "$GUEST_BASE"
        return 0
    fi
    say "making the guest's base ($arch, $GUEST_RUNTIME)"
    scratch "$GUEST_BASE"
    local made=$SCRATCH
    guest_skeleton "$made/root"
    guest_busybox "$made/root" "$arch"
    case $runtime in
        host) guest_host_runtime "$made/root" "$java" "$modules" ;;
        debian) guest_debian_runtime "$made/root" "$arch" ;;
    esac
    attended cpio_tree "$made/root" "$made/base.cpio"
    # Bases of older kits and JDKs go after a week without use.
    find "$(cache_dir)/base" -maxdepth 1 -name '*.cpio' -mtime +7 -delete
    mv "$made/base.cpio" "$GUEST_BASE"
    rm -rf -- "$made"
}

# guest_jdk_modules JAVA_HOME KIT: the modules of the runtime image, comma separated.
guest_jdk_modules() {
    local found='' known
    known=$("$1/bin/java" --list-modules | sed 's/@.*//')
    found=$("$1/bin/jdeps" --ignore-missing-deps --multi-release base --print-module-deps "$2" 2>/dev/null) || found=''
    tr ',' '\n' <<<"$GUEST_JDK_MODULES,$found" | grep -Fx "$known" | sort -u | paste -s -d ,
}

# guest_initrd FILE KIT LIMIT ARGS...: the archive that boots: base, modules (KERNEL_TREE, if set),
# and this run's own things.
guest_initrd() {
    local file=$1 kit=$2 limit=$3 own=$WORK/own
    shift 3
    mkdir -p "$own/kit" "$own/etc"
    install -m 755 "$CI/guest/linux-init" "$own/init"
    install -m 644 "$kit" "$own/kit/kit.jar"
    {
        echo "LIMIT=$limit"
        echo "FACTOR=$FACTOR"
        echo "RUNS=$(sh_quote "${RUN_LIST[*]}")"
        echo "JAVA_OPTIONS=$(sh_quote "$JAVA_OPTIONS")"
    } >"$own/etc/procdesc.conf"
    sh_arguments "$@" >"$own/etc/procdesc.args"
    printf '%s\n' root:x:0:0:root:/root:/bin/sh tester:x:1000:1000:tester:/home/tester:/bin/sh \
        nobody:x:65534:65534:nobody:/nonexistent:/bin/false >"$own/etc/passwd"
    printf '%s\n' root:x:0: tester:x:1000: nogroup:x:65534: >"$own/etc/group"
    echo '127.0.0.1 localhost guest' >"$own/etc/hosts"
    echo guest >"$own/etc/hostname"
    printf '%s\n' 'passwd: files' 'group: files' 'hosts: files' >"$own/etc/nsswitch.conf"
    if [ -n "${KERNEL_TREE:-}" ]; then
        cp -r "$KERNEL_TREE/modules" "$own/modules"
    fi
    chmod -R u=rwX,go=rX "$own"
    cpio_tree "$own" "$WORK/own.cpio"
    cat "$GUEST_BASE" "$WORK/own.cpio" >"$file"
    rm -rf -- "$own" "$WORK/own.cpio"
}
