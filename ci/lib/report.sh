# shellcheck shell=bash disable=SC2034
# The report's way back: one frame, the same on a raw disk and in a stream.
#
#   bytes 0..4095   "PROCDESC-REPORT 1 LENGTH SHA256 STATE", newline, zeros
#   bytes 4096..    LENGTH bytes of tar
#
# STATE is "complete", or "partial" while the guest still has runs to do: what it wrote so far then
# is evidence, not a result. The guest writes the header last, so that a frame with a good header
# but wrong contents can only be a damaged one.

readonly REPORT_OFFSET=4096

# Names at the top of a report; report_clear removes these and nothing else.
readonly REPORT_NAMES=(status console.log dmesg.txt java.txt processes.txt system.txt
    root root.log root.left-behind.txt tester tester.log tester.left-behind.txt)

report_clear() {
    mkdir -p "$1"
    local name
    for name in "${REPORT_NAMES[@]}"; do
        rm -rf -- "${1:?}/$name"
    done
}

# report_unpack FRAME DIR: checks and unpacks; prints "complete" or "partial"; on damage prints why.
report_unpack() {
    local magic version length sum state _
    read -r magic version length sum state _ < <(head -c 512 "$1" 2>/dev/null | tr -d '\0' | head -n 1) || true
    if [ "${magic:-}" != PROCDESC-REPORT ]; then
        echo 'no report was written'
        return 1
    fi
    if [ "${version:-}" != 1 ] || ! [[ ${length:-} =~ ^[0-9]{1,12}$ ]] || ! [[ ${sum:-} =~ ^[0-9a-f]{64}$ ]]; then
        echo 'the report has a damaged header'
        return 1
    fi
    case ${state:-} in
        complete | partial) ;;
        *)
            echo 'the report has a damaged header'
            return 1
            ;;
    esac
    local tar=$1.tar have
    dd if="$1" of="$tar" bs=1M iflag=skip_bytes,count_bytes skip="$REPORT_OFFSET" count="$length" status=none
    have=$(stat -c %s "$tar")
    if [ "$have" -ne "$length" ]; then
        echo "the report is truncated: $have of $length bytes"
        return 1
    fi
    if ! has_hash "$tar" sha256 "$sum"; then
        echo 'the report is damaged: its SHA-256 does not match'
        return 1
    fi
    mkdir -p "$2"
    if ! tar -x -f "$tar" -C "$2" --no-same-owner --no-same-permissions --no-overwrite-dir; then
        echo 'the report does not unpack'
        return 1
    fi
    rm -f -- "$tar"
    echo "$state"
}

# report_value FILE KEY: the value of "KEY=value" in a status file; empty if it is not there.
report_value() {
    sed -n "s/^$2=//p" "$1" 2>/dev/null | tail -n 1
}

# report_verdict DIR RUN...: prints one line per run; returns the worst (largest) exit status. A run
# without a status counts as a failed machine.
report_verdict() {
    local dir=$1 run status worst=0 seconds left
    shift
    for run in "$@"; do
        status=$(report_value "$dir/status" "$run.exit")
        if ! [[ $status =~ ^[0-9]{1,3}$ ]]; then
            say "$run: no exit status in the report"
            status=$EX_VM
        else
            seconds=$(report_value "$dir/status" "$run.seconds")
            left=$(report_value "$dir/status" "$run.left_behind")
            say "$run: exit status $status in $seconds s; processes left behind: ${left:-?}"
            # 77 means "not run" to our caller; a suite that ran must not be able to say that.
            [ "$status" -ne "$EX_NOT_RUN" ] || status=1
        fi
        [ "$status" -le "$worst" ] || worst=$status
    done
    return "$worst"
}

# report_tails DIR: the last lines of every run in RUN_LIST that failed.
report_tails() {
    local run
    for run in "${RUN_LIST[@]}"; do
        if [ "$(report_value "$1/status" "$run.exit")" != 0 ]; then
            echo "--- the last lines of the run as $run ---" >&2
            tail -n 40 "$1/$run.log" >&2 || true
        fi
    done
}

# host_facts MEMORY SECONDS PROBLEM: what the host adds to a status file.
host_facts() {
    echo "host.accel=$ACCEL"
    echo "host.memory=$1"
    echo "host.timeout_factor=$FACTOR"
    echo "host.java_options=$JAVA_OPTIONS"
    echo "host.seconds=$2"
    echo "host.problem=$3"
}
