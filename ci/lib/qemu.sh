# shellcheck shell=bash disable=SC2034
# Starting, watching and ending one QEMU machine.

# machine_arch NAME: the canonical name of an architecture.
machine_arch() {
    case $1 in
        x86_64 | amd64) echo x86_64 ;;
        aarch64 | arm64) echo aarch64 ;;
        *) die "$EX_USAGE" "unknown architecture '$1': x86_64 or aarch64" ;;
    esac
}

need_qemu() {
    case $1 in
        x86_64) need qemu-system-x86_64 qemu-system-x86 ;;
        aarch64) need qemu-system-aarch64 qemu-system-arm ;;
    esac
}

# probe_kvm ARCH: whether KVM really runs a guest here, with the very options that we will use. The
# device file alone says little: nested and emulated KVM exist that open it and then cannot run. The
# guest is a few instructions that switch the machine off.
probe_kvm() {
    ulimit -S -c 0 # where KVM is strange, QEMU may abort; nobody wants its core file
    [ "$1" = "$(uname -m)" ] && [ -r /dev/kvm ] && [ -w /dev/kvm ] || return 1
    local image=$WORK/kvm-probe status=0
    local common=(-accel kvm -cpu host -smp 2 -m 64 -nodefaults -display none -no-reboot)
    case $1 in
        x86_64)
            # mov dx, 0xf4; mov al, 0x10; out dx, al; hlt; the debug device exits with 2 * al + 1
            printf '\272\364\000\260\020\356\364\353\375' >"$image"
            truncate -s 510 "$image"
            printf '\125\252' >>"$image"
            truncate -s 1M "$image"
            attended timeout -k 1 10 qemu-system-x86_64 "${common[@]}" -device isa-debug-exit,iobase=0xf4 \
                -drive "file=$image,format=raw,if=ide,snapshot=on" >/dev/null 2>&1 || status=$?
            [ "$status" -eq 33 ]
            ;;
        aarch64)
            # mov w0, #0x84000008 (PSCI SYSTEM_OFF); hvc #0; b .
            printf '\000\001\200\122\000\200\260\162\002\000\000\324\000\000\000\024' >"$image"
            attended timeout -k 1 10 qemu-system-aarch64 -M virt "${common[@]}" \
                -kernel "$image" >/dev/null 2>&1 || status=$?
            [ "$status" -eq 0 ]
            ;;
    esac
}

# probe_kvm_kernel ARCH: whether KVM boots KERNEL_IMAGE, if there is one, as far as its first message.
# Nested KVM exists that runs a few instructions and then hangs in a kernel. Without a root file system the
# kernel panics, and the machine ends.
probe_kvm_kernel() {
    [ -n "${KERNEL_IMAGE:-}" ] || return 0
    local console=$WORK/kvm-console machine=q35 tty=ttyS0
    [ "$1" = x86_64 ] || machine=virt,gic-version=host tty=ttyAMA0
    rm -f -- "$console"
    attended timeout -k 1 20 "qemu-system-$1" -accel kvm -cpu host -smp 2 -m 512 -M "$machine" \
        -nodefaults -display none -no-reboot -kernel "$KERNEL_IMAGE" -append "console=$tty panic=-1" \
        -serial "file:$console" >/dev/null 2>&1 || true
    [ -s "$console" ]
}

# choose_accel ARCH auto|kvm|tcg: sets ACCEL.
choose_accel() {
    case $2 in
        auto) if probe_kvm "$1" && probe_kvm_kernel "$1"; then ACCEL=kvm; else ACCEL=tcg; fi ;;
        kvm)
            probe_kvm "$1" || die "$EX_UNAVAILABLE" "KVM cannot run a guest for $1 here"
            ACCEL=kvm
            ;;
        tcg) ACCEL=tcg ;;
        *) die "$EX_USAGE" "unknown accelerator '$2': auto, kvm or tcg" ;;
    esac
}

# choose_pace OPTIONS|default: sets FACTOR (how much patience the kit should have) and JAVA_OPTIONS.
choose_pace() {
    JAVA_OPTIONS=$1
    FACTOR=${PROCDESC_TIMEOUT_FACTOR:-}
    if [ "$ACCEL" = tcg ]; then
        FACTOR=${FACTOR:-10}
        [ "$JAVA_OPTIONS" != default ] || JAVA_OPTIONS=-XX:TieredStopAtLevel=1
    fi
    FACTOR=${FACTOR:-1}
    [ "$JAVA_OPTIONS" != default ] || JAVA_OPTIONS=''
    [[ $FACTOR =~ ^[0-9]+(\.[0-9]+)?$ ]] || die "$EX_USAGE" "PROCDESC_TIMEOUT_FACTOR is not a number: $FACTOR"
}

# qemu_base ARCH MEMORY: sets QEMU to the program with the options that every machine has.
qemu_base() {
    local arch=$1 memory=$2 accel=kvm cpu=host
    if [ "$ACCEL" = tcg ]; then
        accel=tcg,thread=multi
        # x86 promises a stronger memory order than ARM keeps: there threads must take turns.
        [ "$arch" != x86_64 ] || [ "$(uname -m)" = x86_64 ] || accel=tcg,thread=single
        case $arch in
            # Five-level paging and wide vectors gain nothing when they are emulated.
            x86_64) cpu=max,la57=off,avx=off,avx2=off ;;
            aarch64) cpu=cortex-a72 ;;
        esac
    fi
    # shellcheck disable=SC2054  # QEMU's commas
    QEMU=("qemu-system-$arch" -accel "$accel" -cpu "$cpu" -smp 2 -m "$memory"
        -nodefaults -display none -monitor none -no-reboot
        -object rng-random,id=rng,filename=/dev/urandom -device virtio-rng-pci,rng=rng)
    # shellcheck disable=SC2054
    case $arch in
        x86_64) QEMU+=(-M q35) ;;
        aarch64) if [ "$ACCEL" = kvm ]; then QEMU+=(-M virt,gic-version=host); else QEMU+=(-M virt,gic-version=3); fi ;;
    esac
    # QEMU must not outlive this script even if that is killed with no chance to clean up.
    if setpriv --pdeathsig KILL true 2>/dev/null; then
        QEMU=(setpriv --pdeathsig KILL "${QEMU[@]}")
    fi
}

# qemu_start LOG ARGS...: starts QEMU in the background as MACHINE; its own messages go to LOG.
qemu_start() {
    local log=$1
    shift
    "${QEMU[@]}" "$@" </dev/null >"$log" 2>&1 &
    MACHINE=$!
}

# machine_stop: ends the machine now.
machine_stop() {
    stop_process "$MACHINE"
    MACHINE=''
}

# machine_wait DEADLINE: waits until the machine ends or SECONDS reaches DEADLINE. Sets QEMU_STATUS,
# or ends the machine and returns 1.
machine_wait() {
    QEMU_STATUS=0
    while kill -0 "$MACHINE" 2>/dev/null; do
        if [ "$SECONDS" -ge "$1" ]; then
            machine_stop
            return 1
        fi
        sleep 0.2
    done
    wait "$MACHINE" || QEMU_STATUS=$?
    MACHINE=''
}

# console_tail FILE: the last lines of a console, without control characters.
console_tail() {
    if [ -s "$1" ]; then
        echo "--- the console's last lines ---" >&2
        tail -n 40 "$1" | LC_ALL=C sed $'s/\033\\[[0-9;?]*[A-Za-z]//g; s/^/| /' | LC_ALL=C tr -cd '\11\12\40-\176' >&2
    else
        echo '--- the console is empty ---' >&2
    fi
}
