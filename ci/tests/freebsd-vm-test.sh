#!/usr/bin/env bash
# ci/freebsd-vm without FreeBSD: a local file server for the images, stand-ins for QEMU, for ssh and
# for the guest's own commands; the guest's script (guest/freebsd-run) is the real one.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
vm=$CI/freebsd-vm
export WORLD

echo 'the kit' >"$WORLD/kit.jar"
mkdir -p "$WORLD/guest-bin" "$WORLD/guest-tmp"

# QEMU: a machine that runs until it is told to power off.
fake qemu-system-x86_64 <<'FAKE'
#!/usr/bin/env bash
set -eu
echo $$ >"$WORLD/qemu.pid"
printf '%s\n' "$@" >"$WORLD/qemu.args"
rm -f "$WORLD/off"
for arg; do
    case $arg in
        file:*) console=${arg#file:} ;;
    esac
done
if [ -e "$WORLD/port-taken" ]; then
    rm "$WORLD/port-taken"
    echo 'qemu: Could not set up host forwarding rule' >&2
    exit 1
fi
[ "${FAKE_MODE:-}" != die ] || { echo 'qemu: no such thing' >&2; exit 1; }
echo 'FreeBSD/amd64 (freebsd) (ttyu0)' >"$console"
[ "${FAKE_MODE:-}" != panic ] || echo 'panic: no reason' >>"$console"
touch "$WORLD/running"
until [ -e "$WORLD/off" ]; do sleep 0.1; done
FAKE
cp "$WORLD/fakes/qemu-system-x86_64" "$WORLD/fakes/qemu-system-aarch64"

# ssh: runs the command here, with the stand-ins of FreeBSD's commands first in PATH.
fake ssh <<'FAKE'
#!/usr/bin/env bash
set -eu
case " $* " in *' -o BatchMode=yes '*) ;; *) echo 'would ask' >&2; exit 255 ;; esac
while [ "$1" != root@127.0.0.1 ]; do shift; done
shift
case ${FAKE_MODE:-} in
    panic | mute) echo 'ssh: connection refused' >&2; exit 255 ;;
    hang) case $* in *'run kit'*) touch "$WORLD/hanging"; exec sleep 1000 ;; esac ;;
    damaged) case $* in *'run report'*) env TMPDIR="$WORLD/guest-tmp" PATH="$WORLD/guest-bin:$PATH" sh -c "$*" | head -c 6000; exit ;; esac ;;
    torn) case $* in *'>'*kit.jar) head -c 3 | env TMPDIR="$WORLD/guest-tmp" sh -c "$*"; exit ;; esac ;;
esac
exec env TMPDIR="$WORLD/guest-tmp" PATH="$WORLD/guest-bin:$PATH" sh -c "$*"
FAKE

guest() {
    cat >"$WORLD/guest-bin/$1"
    chmod +x "$WORLD/guest-bin/$1"
}
for name in mount chown id sysctl freebsd-version dmesg pw; do
    printf '#!/bin/sh\nexit 0\n' | guest $name
done
guest uname <<'FAKE'
#!/bin/sh
case $1 in -r) echo 14.3-RELEASE ;; -m) echo amd64 ;; *) echo FreeBSD guest 14.3-RELEASE ;; esac
FAKE
guest ps <<'FAKE'
#!/bin/sh
echo '1 I /sbin/init'
[ ! -e "$WORLD/stray" ] || cat "$WORLD/stray"
FAKE
guest su <<'FAKE'
#!/bin/sh
[ "$1 $2 $3" = '-m tester -c' ] || exit 99
exec sh -c "$4"
FAKE
guest pkg <<'FAKE'
#!/bin/sh
echo "$@" >>"$WORLD/pkg.log"
[ ! -e "$WORLD/no-packages" ] || exit 1
touch "$WORLD/java-there"
FAKE
printf '#!/bin/sh\n' | guest sleep
guest shutdown <<'FAKE'
#!/bin/sh
touch "$WORLD/off"
FAKE
# Java: the kit's environment is empty, so the stand-in finds its orders beside itself.
guest java <<FAKE
#!/bin/sh
[ -e "$WORLD/java-there" ] || exit 127
if [ "\$1" = -version ]; then
    echo 'openjdk version "17.0.99" 2026' >&2
    exit 0
fi
while [ "\$1" != --report ]; do
    case \$1 in *.jar) jar=\$1 ;; esac
    shift
done
out=\$2
shift 2
echo "kit of \$USER: \$(cat "\$jar")"
{
    echo "factor \$PROCDESC_TIMEOUT_FACTOR"
    for arg; do echo "arg [\$arg]"; done
} >"\$out/result"
[ ! -e "$WORLD/left" ] || cp "$WORLD/left" "$WORLD/stray"
[ ! -e "$WORLD/exit.\$USER" ] || exit "\$(cat "$WORLD/exit.\$USER")"
FAKE

# The site: one release with one image, one with two, a snapshot, an image that is not what the list
# says, and the other architecture.
image() { # DIRECTORY LINK [NAME IN THE LIST]
    local dir=$WORLD/site/$1
    mkdir -p "$dir"
    { echo "image $2"; head -c 3000000 /dev/zero; echo end; } | xz -0 >"$dir/$2"
    echo "SHA256 (${3:-$2}) = $(sha256sum <"$dir/$2" | cut -d ' ' -f 1)" >>"$dir/CHECKSUM.SHA256"
}
releases=releases/CI-IMAGES snapshots=snapshots/CI-IMAGES
image $releases/14.3-RELEASE/amd64/Latest FreeBSD-14.3-RELEASE-amd64-BASIC-CI.raw.xz
image $releases/15.0-RELEASE/amd64/Latest FreeBSD-15.0-RELEASE-amd64-BASIC-CI-zfs.raw.xz
image $releases/15.0-RELEASE/amd64/Latest FreeBSD-15.0-RELEASE-amd64-BASIC-CI.raw.xz
image $releases/15.0-RELEASE/amd64/Latest FreeBSD-15.0-RELEASE-amd64-BASIC-CI-ufs.raw.xz
image $releases/14.3-RELEASE/aarch64/Latest FreeBSD-14.3-RELEASE-arm64-aarch64-BASIC-CI.raw.xz
image $snapshots/16.0-CURRENT/amd64/Latest FreeBSD-16.0-CURRENT-amd64-BASIC-CI-ufs.raw.xz \
    FreeBSD-16.0-CURRENT-amd64-BASIC-CI-ufs-20261105-0123456789ab-300000.raw.xz
image $releases/13.5-RELEASE/amd64/Latest FreeBSD-13.5-RELEASE-amd64-BASIC-CI.raw.xz
echo more >>"$WORLD/site/$releases/13.5-RELEASE/amd64/Latest/FreeBSD-13.5-RELEASE-amd64-BASIC-CI.raw.xz"
mkdir -p "$WORLD/site/$releases/14.2-RELEASE/amd64/Latest"
echo nothing >"$WORLD/site/$releases/14.2-RELEASE/amd64/Latest/CHECKSUM.SHA256"
serve
export PROCDESC_CI_FREEBSD_SITE=$URL
# Without the address space of a real machine nothing waits for long.
common=(--kit "$WORLD/kit.jar" --accel tcg --arch x86_64)
start=("${common[@]}" --timeout 60)

# Arguments.
ends 'help' 0 'usage: ci/freebsd-vm RELEASE' "$vm" --help
ends 'no release' 2 'which release?' "$vm"
ends 'not a release' 2 'not a FreeBSD release' "$vm" ../../etc "${common[@]}"
ends 'which minor' 2 'which 14?' "$vm" 14 "${common[@]}"
ends 'two releases' 2 'one release at a time' "$vm" 14.3 15.0
ends 'an unknown option' 2 'unknown option' "$vm" 14.3 --colour
ends 'a bad checksum' 2 '64 hexadecimal digits' "$vm" 14.3 "${common[@]}" --sha256 abc
ends 'a bad package' 2 'not a package' "$vm" 14.3 "${common[@]}" --jdk-package 'a b'
ends 'no such kit' 2 'no such kit' "$vm" 14.3 --kit "$WORLD/nothing"
ends 'no such image' 2 'no such image' "$vm" 14.3 "${common[@]}" --image "$WORLD/nothing"

# Fetching.
PROCDESC_CI_FREEBSD_SITE=http://127.0.0.1:9 ends 'no network' 77 'not run: cannot fetch' "$vm" 14.3 "${start[@]}"
equals 'no network: one line' "$(wc -l <<<"$OUTPUT")" 1
ends 'no such release there' 77 'not run: cannot fetch' "$vm" 12.0 "${start[@]}"
ends 'no image in the list' 77 'not run: no BASIC-CI image' "$vm" 14.2 "${start[@]}"
ends 'not what the list says' 69 'refused' "$vm" 13.5 "${start[@]}"
holds 'a refused image stays out of the cache' [ ! -e "$XDG_CACHE_HOME/procdesc/ci/freebsd/13.5-RELEASE-x86_64" ]
ends 'not what the caller says' 69 'refused' "$vm" 14.3 "${start[@]}" --sha256 "$(printf '%064d' 0)"
clean 'after refusals'
holds 'no machine runs a refused image' [ ! -e "$WORLD/qemu.pid" ]

# A whole run.
report=$WORLD/report
# shellcheck disable=SC2016  # on purpose
ends 'a run' 0 'status 0' "$vm" 14.3 "${start[@]}" --report "$report" -- 'a b' "it's" '$HOME'
clean 'a run'
equals 'the kit as root' "$(cat "$report/root.log")" 'kit of root: the kit'
equals 'the kit as an ordinary user' "$(cat "$report/tester.log")" 'kit of tester: the kit'
# shellcheck disable=SC2016  # on purpose
equals 'factor and arguments' "$(tr '\n' ' ' <"$report/tester/result")" 'factor 10 arg [a b] arg [it'\''s] arg [$HOME] '
contains 'the status file' "$(cat "$report/status")" 'host.release=14.3-RELEASE'
contains 'the status file' "$(cat "$report/status")" 'java=17.0.99'
contains 'the console' "$(cat "$report/console.log")" FreeBSD/amd64
equals 'OpenJDK is installed' "$(cat "$WORLD/pkg.log")" 'install -y openjdk17-jre'
contains 'the image is not written to' "$(cat "$WORLD/qemu.args")" snapshot=on
contains 'only this machine can reach the guest' "$(cat "$WORLD/qemu.args")" hostfwd=tcp:127.0.0.1:
image=$XDG_CACHE_HOME/procdesc/ci/freebsd/14.3-RELEASE-x86_64/image.raw
equals 'the image is unpacked' "$(head -n 1 "$image")" 'image FreeBSD-14.3-RELEASE-amd64-BASIC-CI.raw.xz'
equals 'in whole sectors' "$(($(stat -c %s "$image") % 512))" 0
holds 'QEMU ends after a run' gone "$(cat "$WORLD/qemu.pid")"

PROCDESC_CI_FREEBSD_SITE=http://127.0.0.1:9 ends 'a release from the cache' 0 'status 0' "$vm" 14.3 "${start[@]}"
ends 'UFS where there are two' 0 'status 0' "$vm" 15.0 "${start[@]}" --runs root
equals 'UFS' "$(head -n 1 "$XDG_CACHE_HOME/procdesc/ci/freebsd/15.0-RELEASE-x86_64/image.raw")" \
    'image FreeBSD-15.0-RELEASE-amd64-BASIC-CI-ufs.raw.xz'
ends 'a snapshot' 0 'status 0' "$vm" 16-CURRENT "${start[@]}" --runs root
: >"$WORLD/efi.fd"
PROCDESC_CI_EFI=$WORLD/efi.fd ends 'aarch64' 0 'status 0' "$vm" 14.3 "${start[@]}" --arch aarch64 --runs root
contains 'its firmware' "$(cat "$WORLD/qemu.args")" "$WORLD/efi.fd"
echo 'by path' | xz >"$WORLD/own.raw.xz"
ends 'an image by path' 0 'status 0' "$vm" 14.3 "${start[@]}" --image "$WORLD/own.raw.xz" --runs root
ends 'an image by path that is another' 69 'refused' "$vm" 14.3 "${start[@]}" --image "$WORLD/own.raw.xz" --sha256 "$(printf '%064d' 0)"
touch "$WORLD/port-taken"
ends 'a port that is taken' 0 'status 0' "$vm" 14.3 "${start[@]}" --runs root

# Verdicts.
echo 3 >"$WORLD/exit.tester"
ends 'one run fails' 3 'kit of tester' "$vm" 14.3 "${start[@]}"
echo 77 >"$WORLD/exit.tester"
ends 'a kit that says 77' 1 '' "$vm" 14.3 "${start[@]}"
rm "$WORLD/exit.tester"
STRAY=$(sh -c 'sleep 500 >/dev/null & echo $!')
echo "$STRAY S sleep 500" >"$WORLD/left"
ends 'something is left behind' 0 'left behind: 1' "$vm" 14.3 "${start[@]}" --runs root --report "$report"
contains 'and listed' "$(cat "$report/root.left-behind.txt")" 'sleep 500'
holds 'what is left behind is ended' gone "$STRAY"
STRAY=''
rm -f "$WORLD/left" "$WORLD/stray"

# Failures.
rm "$WORLD/java-there"
touch "$WORLD/no-packages"
ends 'no package of OpenJDK' 77 'not run: no OpenJDK' "$vm" 14.3 "${start[@]}"
rm "$WORLD/no-packages"
touch "$WORLD/java-there"
: >"$WORLD/pkg.log"
ends 'an image with Java' 0 '' "$vm" 14.3 "${start[@]}" --runs root
equals 'nothing is installed' "$(cat "$WORLD/pkg.log")" ''
FAKE_MODE=die ends 'QEMU does not start' 70 'no such thing' "$vm" 14.3 "${start[@]}"
FAKE_MODE=panic ends 'a panic' 70 'FreeBSD stopped: panic: no reason' "$vm" 14.3 "${start[@]}"
contains 'the console is shown' "$OUTPUT" '| FreeBSD/amd64'
FAKE_MODE=mute ends 'no answer' 70 'no answer to ssh within 8 s: ssh: connection refused' "$vm" 14.3 "${common[@]}" --timeout 8
FAKE_MODE=torn ends 'a torn copy' 70 'the kit arrived damaged' "$vm" 14.3 "${start[@]}"
FAKE_MODE=damaged ends 'a truncated report' 70 'truncated' "$vm" 14.3 "${start[@]}" --report "$report"
contains 'tried again' "$OUTPUT" 'try 3'
holds 'an old status is gone after a failed machine' [ ! -e "$report/status" ]
FAKE_MODE=hang ends 'a hang' 70 'timeout, 30 s' "$vm" 14.3 "${common[@]}" --timeout 30
holds 'QEMU ends after a hang' gone "$(cat "$WORLD/qemu.pid")"
clean 'after failures'

# Interruption, while the guest runs the kit and while an image is fetched.
for signal in INT:130 TERM:143; do
    rm -f "$WORLD/hanging"
    FAKE_MODE=hang env --default-signal=HUP,INT,TERM "$vm" 14.3 "${start[@]}" >"$WORLD/out" 2>&1 &
    pid=$!
    holds "${signal%:*}: the machine runs" wait_for "$WORLD/hanging"
    kill -s "${signal%:*}" "$pid"
    status=0
    wait "$pid" || status=$?
    equals "${signal%:*}: status" "$status" "${signal#*:}"
    holds "${signal%:*}: QEMU ends" gone "$(cat "$WORLD/qemu.pid")"
    clean "after ${signal%:*}"
done
fake curl <<'FAKE'
#!/bin/sh
touch "$WORLD/fetching"
exec sleep 1000
FAKE
rm -rf "$XDG_CACHE_HOME"
"$vm" 14.3 "${start[@]}" >"$WORLD/out" 2>&1 &
pid=$!
holds 'the image is being fetched' wait_for "$WORLD/fetching"
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
equals 'TERM while fetching: status' "$status" 143
clean 'after TERM while fetching'
