# shellcheck shell=bash disable=SC2034
# What the tests of the scripts share: a private world (HOME, cache, temporary directory, PATH with
# stand-ins) and checks that count.

CI=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
WORLD=$(mktemp -d)
passed=0 failed=0
SERVER='' STRAY=''

finish() {
    local status=$?
    [ -z "$SERVER" ] || kill "$SERVER" 2>/dev/null || true
    [ -z "$STRAY" ] || kill "$STRAY" 2>/dev/null || true
    rm -rf -- "$WORLD"
    echo "$passed passed, $failed failed"
    [ "$status" -eq 0 ] && [ "$failed" -eq 0 ] || exit 1
}
trap finish EXIT

mkdir -p "$WORLD"/{home,tmp,fakes,site}
export HOME=$WORLD/home XDG_CACHE_HOME=$WORLD/cache TMPDIR=$WORLD/tmp PATH=$WORLD/fakes:$PATH
unset PROCDESC_TIMEOUT_FACTOR JAVA_HOME
PROG=test WORK=$WORLD/tmp

pass() {
    passed=$((passed + 1))
}

fail() {
    failed=$((failed + 1))
    echo "FAILED: $*"
}

# holds NAME COMMAND..., fails NAME COMMAND...: the command succeeds, or does not.
holds() {
    if "${@:2}"; then pass; else fail "$1"; fi
}

fails() {
    if "${@:2}"; then fail "$1"; else pass; fi
}

# equals NAME ACTUAL EXPECTED
equals() {
    if [ "$2" = "$3" ]; then pass; else fail "$1: got '$2', expected '$3'"; fi
}

# contains NAME TEXT PART
contains() {
    case $2 in
        *"$3"*) pass ;;
        *) fail "$1: '$3' is not in: $2" ;;
    esac
}

# run COMMAND...: sets STATUS and OUTPUT (standard output and error).
run() {
    STATUS=0
    OUTPUT=$("$@" 2>&1 </dev/null) || STATUS=$?
}

# ends NAME STATUS PART COMMAND...: the command ends so and says so.
ends() {
    local name=$1 status=$2 part=$3
    shift 3
    run "$@"
    equals "$name: status" "$STATUS" "$status"
    contains "$name: message" "$OUTPUT" "$part"
}

# clean NAME: no temporary file, no half-made thing in the cache.
clean() {
    equals "$1: temporary files" "$(find "$TMPDIR" -mindepth 1 -maxdepth 1 -name 'procdesc*' | wc -l)" 0
    equals "$1: half-made cache" "$(find "$XDG_CACHE_HOME" -name '*.new.*' 2>/dev/null | wc -l)" 0
}

# fake NAME: makes a program in PATH from standard input.
fake() {
    cat >"$WORLD/fakes/$1"
    chmod +x "$WORLD/fakes/$1"
}

# frame DIR STATE FILE: what a guest writes.
frame() {
    tar -cf "$3.tar" -C "$1" .
    {
        printf 'PROCDESC-REPORT 1 %d %s %s\n' "$(stat -c %s "$3.tar")" "$(sha256sum <"$3.tar" | cut -d ' ' -f 1)" "$2" |
            dd bs=4096 conv=sync status=none
        cat "$3.tar"
    } >"$3"
    rm -f "$3.tar"
}

# serve: a file server for $WORLD/site; sets URL.
serve() {
    python3 -u -m http.server --bind 127.0.0.1 --directory "$WORLD/site" 0 >"$WORLD/server.log" 2>&1 &
    SERVER=$!
    local i port=''
    for ((i = 0; i < 100; i++)); do
        port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$WORLD/server.log" | head -n 1)
        [ -z "$port" ] || break
        sleep 0.1
    done
    URL=http://127.0.0.1:$port
}

# wait_for FILE: at most 20 seconds.
wait_for() {
    local i
    for ((i = 0; i < 200; i++)); do
        [ ! -e "$1" ] || return 0
        sleep 0.1
    done
    return 1
}

# gone PID: whether the process ended, within 10 seconds.
gone() {
    local i
    for ((i = 0; i < 100; i++)); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.1
    done
    return 1
}
