#!/usr/bin/env bash
# ci/linux-vm with a stand-in for QEMU: arguments, verdicts, failures of the machine, cleanup.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
vm=$CI/linux-vm

touch "$WORLD/kit.jar" "$WORLD/vmlinuz" "$WORLD/base.cpio"

# The stand-in writes a console and, on the report's disk, what a guest would: FAKE_ROOT and
# FAKE_TESTER are the kit's exit statuses, FAKE_MODE is how the machine ends.
fake qemu-system-x86_64 <<'FAKE'
#!/usr/bin/env bash
set -eu
echo $$ >>"$WORLD/qemu.pids"
printf '%s\n' "$@" >"$WORLD/qemu.args"
for arg; do
    case $arg in
        file:*) console=${arg#file:} ;;
        if=none,id=report,*) disk=${arg#*file=} disk=${disk%%,*} ;;
    esac
done
boots=$(wc -l <"$WORLD/qemu.pids")
mode=${FAKE_MODE:-complete}
[ "$mode" != int3-once ] || { if [ "$boots" = 1 ]; then mode=int3; else mode=complete; fi; }
echo '[    0.000000] Linux version of the stand-in' >"$console"
case $mode in
    hang)
        echo 'still here' >>"$console"
        touch "$WORLD/hanging"
        exec sleep 1000
        ;;
    panic) echo '[    1.0] Kernel panic - not syncing: no reason' >>"$console" ;;
    int3)
        echo '[    1.0] Oops: int3: 0000 [#1] SMP' >>"$console"
        echo '[    1.0] Kernel panic - not syncing: Fatal exception in interrupt' >>"$console"
        ;;
    silent) ;;
    die) echo 'qemu: no such thing' >&2; exit 1 ;;
    *)
        guest=$WORLD/guest
        mkdir -p "$guest/root" "$guest/tester"
        echo "output of root" >"$guest/root.log"
        echo "output of tester" >"$guest/tester.log"
        {
            echo kernel=9.9
            echo "root.exit=${FAKE_ROOT:-0}"
            echo root.seconds=1
            [ "$mode" = partial ] || echo "tester.exit=${FAKE_TESTER:-0}"
        } >"$guest/status"
        state=complete
        [ "$mode" != partial ] || state=partial
        tar -cf "$WORLD/report.tar" -C "$guest" .
        {
            printf 'PROCDESC-REPORT 1 %d %s %s\n' "$(stat -c %s "$WORLD/report.tar")" \
                "$(sha256sum <"$WORLD/report.tar" | cut -d ' ' -f 1)" "$state" | dd bs=4096 conv=sync status=none
            cat "$WORLD/report.tar"
        } | dd of="$disk" conv=notrunc status=none
        [ "$mode" != damaged ] || printf XXXX | dd of="$disk" bs=1 seek=6000 conv=notrunc status=none
        ;;
esac
FAKE
export WORLD
start=(--vmlinuz "$WORLD/vmlinuz" --base "$WORLD/base.cpio" --kit "$WORLD/kit.jar" --arch x86_64 --accel tcg)

# Arguments.
ends 'help' 0 'usage: ci/linux-vm KERNEL' "$vm" --help
ends 'no kernel' 2 'which kernel?' "$vm"
ends 'two kernels' 2 'one kernel at a time' "$vm" 5.10 6.1
ends 'a kernel and a file' 2 'not both' "$vm" 5.10 --vmlinuz "$WORLD/vmlinuz"
ends 'not a version' 2 'not a kernel version' "$vm" '../x'
ends 'an unknown option' 2 'unknown option --colour' "$vm" 5.10 --colour
ends 'an option without its value' 2 '--memory needs a value' "$vm" 5.10 --memory
ends 'not a number' 2 "positive whole number, not '1G'" "$vm" 5.10 --memory 1G
ends 'an unknown architecture' 2 "unknown architecture 'vax'" "$vm" 5.10 --arch vax
ends 'an unknown run' 2 '--runs takes' "$vm" 5.10 --runs nobody
ends 'modules without a kernel' 2 'goes with --vmlinuz' "$vm" 5.10 --modules "$WORLD"
ends 'no such kernel file' 2 'no such kernel' "$vm" --vmlinuz "$WORLD/nothing"
ends 'no such kit' 2 'no such kit' "$vm" 5.10 --kit "$WORLD/nothing"
ends 'too short' 2 'too short' "$vm" "${start[@]}" --timeout 20
ends 'a bad factor' 2 'not a number' env PROCDESC_TIMEOUT_FACTOR=x "$vm" "${start[@]}"
ends 'an unknown accelerator' 2 'unknown accelerator' "$vm" "${start[@]}" --accel warp
: >"$WORLD/qemu.pids"

# Verdicts.
report=$WORLD/report
ends 'all good' 0 'status 0' "$vm" "${start[@]}" --report "$report"
clean 'all good'
equals 'the report' "$(cd "$report" && echo *)" 'console.log root root.log status tester tester.log'
contains 'the host in the report' "$(cat "$report/status")" host.accel=tcg
contains 'the factor under TCG' "$(cat "$report/status")" host.timeout_factor=10
contains 'one processor at boot' "$(cat "$WORLD/qemu.args")" maxcpus=1
ends 'a factor by hand' 0 '' env PROCDESC_TIMEOUT_FACTOR=3 "$vm" "${start[@]}" --report "$report"
contains 'a factor by hand' "$(cat "$report/status")" host.timeout_factor=3
FAKE_ROOT=1 FAKE_TESTER=4 ends 'the worst of both' 4 'output of tester' "$vm" "${start[@]}"
FAKE_ROOT=3 ends 'the first fails' 3 'output of root' "$vm" "${start[@]}"
FAKE_ROOT=77 ends 'a kit that says 77' 1 '' "$vm" "${start[@]}"
FAKE_TESTER=5 ends 'one run only' 0 '' "$vm" "${start[@]}" --runs root

# Failures of the machine.
mkdir -p "$report"
echo 'root.exit=0' >"$report/status"
FAKE_MODE=silent ends 'no report' 70 'no report was written' "$vm" "${start[@]}" --report "$report"
contains 'the console is shown' "$OUTPUT" '| [    0.000000] Linux version'
holds 'an old status is gone after a failed machine' [ ! -e "$report/status" ]
FAKE_MODE=panic ends 'a panic' 70 'kernel panic: Kernel panic - not syncing: no reason' "$vm" "${start[@]}"
FAKE_MODE=die ends 'QEMU does not start' 70 'QEMU ended with 1: qemu: no such thing' "$vm" "${start[@]}"
FAKE_MODE=damaged ends 'a damaged report' 70 'SHA-256 does not match' "$vm" "${start[@]}"
FAKE_MODE=partial ends 'a partial report' 70 'the report is partial' "$vm" "${start[@]}" --report "$report"
equals 'but it is kept' "$(cat "$report/root.log")" 'output of root'
: >"$WORLD/qemu.pids"
FAKE_MODE=int3-once ends 'the emulator fails once' 0 'boot 1' "$vm" "${start[@]}" --report "$report"
contains 'and that is in the report' "$(cat "$report/status")" host.boots=2
: >"$WORLD/qemu.pids"
FAKE_MODE=int3 ends 'the emulator fails always' 70 'kernel panic' "$vm" "${start[@]}"
equals 'three times' "$(wc -l <"$WORLD/qemu.pids")" 3
clean 'after failures'

rm -f "$WORLD/hanging"
FAKE_MODE=hang ends 'a hang' 70 'did not end within 40 s' "$vm" "${start[@]}" --timeout 40
contains 'the console is shown' "$OUTPUT" '| still here'
holds 'QEMU ends after a hang' gone "$(tail -n 1 "$WORLD/qemu.pids")"
clean 'after a hang'

# Interruption.
for signal in INT:130 TERM:143 HUP:129; do
    rm -f "$WORLD/hanging"
    FAKE_MODE=hang env --default-signal=HUP,INT,TERM "$vm" "${start[@]}" >"$WORLD/out" 2>&1 &
    pid=$!
    holds "${signal%:*}: the machine runs" wait_for "$WORLD/hanging"
    kill -s "${signal%:*}" "$pid"
    status=0
    wait "$pid" || status=$?
    equals "${signal%:*}: status" "$status" "${signal#*:}"
    holds "${signal%:*}: QEMU ends" gone "$(tail -n 1 "$WORLD/qemu.pids")"
    clean "after ${signal%:*}"
done

# Even a script that is killed leaves no machine, where the system can do that.
if setpriv --pdeathsig KILL true 2>/dev/null; then
    rm -f "$WORLD/hanging"
    FAKE_MODE=hang "$vm" "${start[@]}" >"$WORLD/out" 2>&1 &
    pid=$!
    holds 'KILL: the machine runs' wait_for "$WORLD/hanging"
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    holds 'KILL: QEMU ends' gone "$(tail -n 1 "$WORLD/qemu.pids")"
    rm -rf "$TMPDIR"/procdesc-vm.*
fi

# A tool that is missing is named with its package.
mkdir "$WORLD/few"
for tool in bash dirname uname mktemp rm cat; do
    ln -s "$(type -P $tool)" "$WORLD/few/$tool"
done
ends 'no QEMU' 69 'qemu-system-x86_64 is missing: apt-get install qemu-system-x86' \
    env PATH="$WORLD/few" bash "$vm" "${start[@]}"
ends 'no QEMU for ARM' 69 'qemu-system-aarch64 is missing: apt-get install qemu-system-arm' \
    env PATH="$WORLD/few" bash "$vm" --arch aarch64 --kit "$WORLD/kit.jar" 6.12
