#!/usr/bin/env bash
# ci/kit-here with a stand-in for Java, ci/lib/without-pidfd.py with real system calls, and the
# arguments of ci/install-tools.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
here=$CI/kit-here
touch "$WORLD/kit.jar"
export WORLD

fake java <<'FAKE'
#!/usr/bin/env bash
if [ "$1" = -version ]; then echo 'openjdk version "17.0.99"' >&2; exit "${FAKE_VERSION:-0}"; fi
printf '%s\n' "$*" >>"$WORLD/calls"
echo 'output of the kit'
case ${FAKE_STATUS:-0} in
    hang) touch "$WORLD/hanging"; echo $$ >"$WORLD/java.pid"; exec sleep 1000 ;;
    *) exit "${FAKE_STATUS:-0}" ;;
esac
FAKE
user=tester
[ "$(id -u)" -ne 0 ] || user=root
report=$WORLD/report
start=("$here" --kit "$WORLD/kit.jar")

ends 'help' 0 'usage: ci/kit-here' "$here" --help
ends 'an unknown argument' 2 'unknown argument --colour' "$here" --colour
ends 'an option without its value' 2 '--kit needs a value' "$here" --kit
ends 'not a number' 2 'positive whole number' "${start[@]}" --timeout 1h
ends 'no such kit' 2 'no such kit' "$here" --kit "$WORLD/nothing"
FAKE_VERSION=1 ends 'no Java' 69 'Java does not start' "${start[@]}"
ends 'all good' 0 'exit status 0' "${start[@]}" --report "$report" -- --quick --filter 'a b'
contains 'the arguments' "$(cat "$WORLD/calls")" "--report $report/$user --quick --filter a b"
contains 'the status' "$(cat "$report/status")" "$user.exit=0"
contains 'Java' "$(cat "$report/status")" java=17.0.99
equals 'the log' "$(cat "$report/$user.log")" 'output of the kit'
FAKE_STATUS=1 ends 'a failure' 1 'output of the kit' "${start[@]}"
FAKE_STATUS=3 ends 'no backend' 3 'exit status 3' "${start[@]}"
FAKE_STATUS=3 ends 'no backend yet' 0 'exit status 3' "${start[@]}" --no-backend-yet --report "$report"
contains 'the report still says it' "$(cat "$report/status")" "$user.exit=3"
FAKE_STATUS=hang ends 'a hang' 124 'exit status 124' "${start[@]}" --timeout 1
clean 'after all these'

rm -f "$WORLD/hanging"
FAKE_STATUS=hang "${start[@]}" >"$WORLD/out" 2>&1 &
pid=$!
holds 'the kit runs' wait_for "$WORLD/hanging"
kill -s TERM "$pid"
status=0
wait "$pid" || status=$?
equals 'interrupted: status' "$status" 143
holds 'interrupted: the kit ends' gone "$(cat "$WORLD/java.pid")"
clean 'interrupted'

# What the filter refuses, and that the rest works.
cat >"$WORLD/calls.py" <<'PY'
import ctypes, os
call = ctypes.CDLL(None, use_errno=True).syscall
def errno(*arguments):
    ctypes.set_errno(0)
    call(*[ctypes.c_long(each) for each in arguments])
    return ctypes.get_errno()
waitid = {"x86_64": 247, "aarch64": 95}[os.uname().machine]
# pidfd_open, pidfd_send_signal, clone3, waitid(P_PIDFD); waitid(P_ALL) without children: ECHILD
print(errno(434, os.getpid(), 0), errno(424, -1, 0, 0, 0), errno(435, 0, 0), errno(waitid, 3, 0, 0, 4), errno(waitid, 0, 0, 0, 4))
os.waitpid(os.fork() or os._exit(0), 0)
PY
run python3 "$CI/lib/without-pidfd.py" python3 "$WORLD/calls.py"
case $STATUS in
    77) echo "skipped: $OUTPUT" ;;
    *)
        equals 'the filter' "$OUTPUT" '38 38 38 22 10'
        equals 'the filter: the rest works' "$STATUS" 0
        ;;
esac
ends 'the filter needs a command' 2 'usage' python3 "$CI/lib/without-pidfd.py"

ends 'help of install-tools' 0 'usage: ci/install-tools' "$CI/install-tools" --help
ends 'install-tools: an unknown argument' 2 'unknown argument' "$CI/install-tools" --colour
fake dpkg-query <<'FAKE'
#!/bin/sh
[ "$3" = cpio ] || echo 'install ok installed'
FAKE
for name in apt-get sudo; do
    fake $name <<'FAKE'
#!/usr/bin/env bash
echo "$*" >>"$WORLD/apt"
[ "${0##*/}" = apt-get ] || { [ "$1" != -n ] || shift; exec "$@"; }
FAKE
done
ends 'what is missing' 0 '' "$CI/install-tools"
contains 'is installed' "$(cat "$WORLD/apt")" 'install -q -y --no-install-recommends cpio'
fails 'and nothing else' grep -q qemu "$WORLD/apt"
