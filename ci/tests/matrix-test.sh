#!/usr/bin/env bash
# ci/matrix with stand-ins for the machines: the four marks, what is pinned, exit statuses, cleanup.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# A copy of the script with other scripts beside it, so that nothing real is run.
mkdir -p "$WORLD/tree/ci/lib" "$WORLD/tree/docs" "$WORLD/made"
cp "$CI/matrix" "$WORLD/tree/ci/"
cp "$CI"/lib/common.sh "$CI"/lib/matrix.py "$WORLD/tree/ci/lib/"
matrix=$WORLD/tree/ci/matrix
touch "$WORLD/kit.jar"
export WORLD

# The stand-in for every machine: what FAKE_<system> says is made of the report.
cat >"$WORLD/machine" <<'FAKE'
#!/usr/bin/env bash
set -eu
me=${0##*/} system=host users='root tester'
case $me in
    kit-here) users=root ;;
    *) system=${me%-vm}_${1//./_}_$3 ;;
esac
printf '%s\n' "$system $*" >>"$WORLD/calls"
while [ "$1" != --report ]; do shift; done
dir=$2
mode=FAKE_$system
mode=${!mode:-passes}
case $mode in
    hangs) touch "$WORLD/hanging"; exec sleep 1000 ;;
    not-run) echo "$me: not run: no image" >&2; exit 77 ;;
    panics) echo "$me: kernel panic: why not" >&2; exit 70 ;;
esac
status=0
printf '%s\n' "kernel=9.9-$system" machine=vax java=17.0.1 host.accel=tcg >"$dir/status"
for user in $users; do
    mkdir -p "$dir/$user"
    outcome=PASSED reason='' feature='' absent=false code=0 control=PASSED
    case $mode in
        no-backend) code=3 ;;
        fails) [ "$user" = root ] || { outcome=FAILED reason=$'expected: <1> but was: <2>\nat'; code=1; } ;;
        lacks) outcome=LACKS_FEATURE feature=KILL_CGROUP reason='Linux 5.14' ;;
        needs) outcome=LACKS_CONDITION reason=root ;;
        lacks-more) absent=true ;;
        crashes) code=134 ;;
        control) control=FAILED code=1 ;;
        leaves) echo "$user.left_behind=1" >>"$dir/status"; echo '77 1 /bin/left' >"$dir/$user.left-behind.txt" ;;
        broken) code=0 ;;
    esac
    printf '%s\n' "$user.exit=$code" "$user.seconds=3" >>"$dir/status"
    [ "$code" -le "$status" ] || status=$code
    case $mode in no-backend | crashes) continue ;; esac
    cat >"$dir/$user/report.json" <<JSON
{"deathGuard": "GUARDIAN", "passed": 2, "failed": 0, "lacksFeature": 0, "lacksCondition": 0,
 "features": [{"name": "KILL_CGROUP", "present": false}, {"name": "CGROUP", "present": $([ $absent = true ] && echo false || echo true)}],
 "mechanisms": [{"name": "autoreap", "present": false}, {"name": "launcher", "present": false}, {"name": "pidfd_spawn", "present": false}, {"name": "clone3", "present": true}],
 "tests": [
  {"subject": "linux", "class": "a.b.SpawnTest", "name": "one", "contracts": ["C1"], "outcome": "PASSED", "feature": "", "reason": ""},
  {"subject": "linux", "class": "a.b.GroupTest", "name": "two", "contracts": ["C1", "C6"], "outcome": "$outcome", "feature": "$feature",
   "reason": $(python3 -c 'import json, sys; print(json.dumps(sys.argv[1]))' "$reason")},
  {"subject": "control", "class": "a.b.SignalsControlTest", "name": "three", "contracts": ["C3"], "outcome": "$control", "feature": "", "reason": "no"}]}
JSON
    [ "$mode" != broken ] || echo '{"tests": [' >"$dir/$user/report.json"
done
exit "$status"
FAKE
chmod +x "$WORLD/machine"
for name in kit-here linux-vm freebsd-vm; do
    ln -s "$WORLD/machine" "$WORLD/tree/ci/$name"
done
cat >"$WORLD/tree/ci/lib/without-pidfd.py" <<'FAKE'
import os, sys
mode = os.environ.get("FAKE_without", "clear")
if mode == "no-filter":
    sys.exit(77)
sys.stderr.write("this system lacks PROCESS_DESCRIPTORS (x): older than Linux 5.4\n")
if mode == "stack":
    sys.stderr.write("\tat a.b.C\n")
sys.exit(3)
FAKE

report=$WORLD/report
start=("$matrix" --kit "$WORLD/kit.jar" --report "$report")
field() { # field SYSTEM EXPRESSION: of the JSON
    python3 - "$report/conformance.json" "$1" "$2" <<'PY'
import json, sys
system = {each["system"]: each for each in json.load(open(sys.argv[1]))["systems"]}[sys.argv[2]]
print(eval(sys.argv[3], {"s": system, "g": system["guarantees"]}))
PY
}
page() { # page ROW: that row of the table
    grep "^| $1" "$report/CONFORMANCE.md"
}

# Arguments.
ends 'help' 0 'usage: ci/matrix' "$matrix" --help
ends 'an unknown argument' 2 'unknown argument --colour' "$matrix" --colour
ends 'two sizes' 2 'either --quick or --full' "$matrix" --quick --full
ends 'no such system' 2 'no such system: ../x' "${start[@]}" --only ../x
ends 'no such kit' 2 'no such kit' "$matrix" --kit "$WORLD/nothing"
ends 'nothing to render' 2 'no such directory' "$matrix" --render "$WORLD/nothing"
ends 'an option without its value' 2 '--report needs a value' "$matrix" --report
mkdir "$WORLD/empty"
ends 'an empty directory is not green' 1 'no report at all' "$matrix" --render "$WORLD/empty"
ends 'the quick list' 0 'linux-5.10-x86_64' "$matrix" --list
ends 'the full list' 0 'freebsd-15.1-x86_64' "$matrix" --full --list

# What is pinned.
: >"$WORLD/calls"
ends 'nothing is pinned yet' 1 'nothing is pinned in 5.10-x86_64-root.txt' "${start[@]}"
equals 'each was run once' "$(cut -d ' ' -f 1 "$WORLD/calls" | tr '\n' ' ')" 'host linux_5_10_x86_64 linux_7_2_x86_64 '
contains 'the kit is quick' "$(cat "$WORLD/calls")" '-- --quick --backend-only'
ends 'pinning' 0 'linux-5.10-x86_64: passed' "$matrix" --render "$report" --pin
equals 'what is pinned' "$(cat "$WORLD/tree/ci/expected/5.10-x86_64-tester.txt")" \
    "# What this kernel lacks for this user; written by ci/matrix --pin.
feature KILL_CGROUP
mechanism autoreap
on the JVM's death GUARDIAN"
holds 'the host is not pinned' [ ! -e "$WORLD/tree/ci/expected/host-root.txt" ]
clean 'after pinning'
ends 'all as pinned' 0 'without-pidfd: passed' "${start[@]}"
FAKE_linux_7_2_x86_64=lacks-more ends 'one more' 1 'root: lacks more than is pinned: feature CGROUP' "${start[@]}"
equals 'the difference' "$(field linux-7.2-x86_64 's["users"]["root"]["pinned"]["more"]')" "['feature CGROUP']"
echo 'feature STATE_CHANGES' >>"$WORLD/tree/ci/expected/7.2-x86_64-root.txt"
ends 'one fewer' 1 'root: pinned, and not so: feature STATE_CHANGES' "${start[@]}"
sed -i /STATE/d "$WORLD/tree/ci/expected/7.2-x86_64-root.txt"

# The four marks.
ends 'passes' 0 'host: passed' "${start[@]}"
equals 'passed' "$(field linux-7.2-x86_64 'g["C1"]["mark"], g["C1"]["passed"]')" "('passed', 4)"
equals 'no test of it' "$(field linux-7.2-x86_64 'g["C2"]["mark"]')" 'not run'
equals 'not run' "$(field linux-6.1-x86_64 's["outcome"], g["C1"]["mark"]')" "('not run', 'not run')"
contains 'in the table' "$(page C1)" '| ✓ 2 | ✓ 4 | · |'
FAKE_linux_7_2_x86_64=lacks ends 'an absent feature is no failure' 0 'linux-7.2-x86_64: passed' "${start[@]}"
equals 'absent' "$(field linux-7.2-x86_64 'g["C6"]["mark"], g["C6"]["absentFeatures"]')" "('absent', ['KILL_CGROUP'])"
equals 'passed in part' "$(field linux-7.2-x86_64 'g["C1"]["mark"], g["C1"]["absent"]')" "('passed', 2)"
contains 'absent, in the table' "$(page C6)" "∅ \`KILL_CGROUP\`"
contains 'in part, in the table' "$(page C1)" "✓ 2, ∅ \`KILL_CGROUP\`"
FAKE_linux_7_2_x86_64=needs ends 'a place that lacks something' 0 '' "${start[@]}"
equals 'is not run' "$(field linux-7.2-x86_64 'g["C6"]["mark"]')" 'not run'
FAKE_linux_7_2_x86_64=fails ends 'a failure' 1 'tester: GroupTest.two (linux): expected: <1> but was: <2>' "${start[@]}"
equals 'failed' "$(field linux-7.2-x86_64 'g["C6"]["mark"], g["C6"]["failed"]')" "('failed', 1)"
contains 'failed, in the table' "$(page C1)" '**✗** 1 of 4'
equals 'the others went on' "$(field linux-5.10-x86_64 's["outcome"]')" passed
FAKE_host=control ends 'a control group that fails' 1 'root: SignalsControlTest.three (control): no' "${start[@]}"

# Machines.
FAKE_linux_5_10_x86_64=panics ends 'a panic' 1 'could not be run: linux-vm: kernel panic: why not (status 70)' "${start[@]}"
equals 'the next was run' "$(field linux-7.2-x86_64 's["outcome"]')" passed
equals 'what is old is gone' "$(field linux-5.10-x86_64 's["users"]')" '{}'
FAKE_linux_5_10_x86_64=not-run ends 'a Linux that was not run' 0 'linux-5.10-x86_64: not run (linux-vm: not run: no image)' "${start[@]}"
FAKE_linux_5_10_x86_64=crashes ends 'a kit that crashes' 1 'root: status 134, no usable report.json' "${start[@]}"
FAKE_linux_5_10_x86_64=broken ends 'a report that is cut off' 1 'no usable report.json' "${start[@]}"
FAKE_linux_5_10_x86_64=leaves ends 'processes left behind' 1 'root: processes outlived the kit: 77 1 /bin/left' "${start[@]}"
FAKE_linux_5_10_x86_64=no-backend ends 'a Linux without a backend' 1 'no usable report.json' "${start[@]}"
ends 'FreeBSD passes' 0 'freebsd-14.4-x86_64: passed' \
    "${start[@]}" --only freebsd-14.4-x86_64,linux-5.10-x86_64
FAKE_freebsd_14_4_x86_64=not-run ends 'no image' 0 'freebsd-14.4-x86_64: not run (freebsd-vm: not run: no image)' \
    "${start[@]}" --only freebsd-14.4-x86_64,linux-5.10-x86_64
contains 'and the page says so' "$(cat "$report/CONFORMANCE.md")" '- freebsd-14.4-x86_64: freebsd-vm: not run: no image'
FAKE_freebsd_14_4_x86_64=no-backend ends 'no backend yet' 0 'no backend for it yet' "${start[@]}" --only freebsd-14.4-x86_64
FAKE_freebsd_14_4_x86_64=panics ends 'a FreeBSD that panics' 1 'status 70' "${start[@]}" --only freebsd-14.4-x86_64
rm -rf "$report/freebsd-14.4-x86_64"
FAKE_without=stack ends 'a stack instead of one line' 1 'no clear error' "${start[@]}" --only without-pidfd
FAKE_without=no-filter ends 'no filter' 0 'without-pidfd: not run' "${start[@]}" --only without-pidfd

# What is written where.
holds 'the tree is as it was' [ ! -e "$WORLD/tree/docs/CONFORMANCE.md" ]
ends 'only one' 0 'linux-7.2-x86_64: passed' "${start[@]}" --only linux-6.1-x86_64 --pin --write
equals 'the page' "$(cat "$WORLD/tree/docs/CONFORMANCE.md")" "$(cat "$report/CONFORMANCE.md")"
for what in kernel JDK date commit; do
    contains "$what in each column" "$(page "$what ")" "| $what | "
done
contains 'the kernel' "$(page kernel)" '| 9.9-linux_7_2_x86_64 |'
: >"$WORLD/calls"
ends 'all' 0 '' "${start[@]}" --full --only host
fails 'then the kit is whole' grep -q -e --quick "$WORLD/calls"
clean 'at the end'

# Interruption.
FAKE_linux_5_10_x86_64=hangs env --default-signal=HUP,INT,TERM "${start[@]}" >"$WORLD/out" 2>&1 &
pid=$!
holds 'the machine runs' wait_for "$WORLD/hanging"
kill -s TERM "$pid"
status=0
wait "$pid" || status=$?
equals 'interrupted: status' "$status" 143
equals 'interrupted: no machine' "$(pgrep -f "$WORLD/tree/ci/linux-vm" || true)" ''
clean 'interrupted'
