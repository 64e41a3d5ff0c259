# shellcheck shell=bash disable=SC2034
# Messages, exit statuses, cleanup, the cache and its lock. Sourced by the scripts of ci/.

# What the scripts end with when it is not the suite's own status.
readonly EX_USAGE=2         # wrong arguments
readonly EX_UNAVAILABLE=69  # a tool, a package or a download is missing or not what it should be
readonly EX_VM=70           # the machine failed: panic, hang, timeout, no report
readonly EX_NOT_RUN=77      # nothing was tested, because it could not be fetched; not a success

PROG=${PROG:-${0##*/}}

say() { printf '%s: %s\n' "$PROG" "$*" >&2; }

# die STATUS MESSAGE...
die() {
    local status=$1
    shift
    say "$@"
    exit "$status"
}

# need TOOL PACKAGE: names the package that has a missing tool.
need() {
    command -v "$1" >/dev/null 2>&1 || die "$EX_UNAVAILABLE" "$1 is missing: apt-get install $2"
}

# option_value OPTION REMAINING: dies unless the option is followed by a value.
option_value() {
    [ "$2" -ge 2 ] || die "$EX_USAGE" "$1 needs a value (see --help)"
}

# option_number OPTION VALUE: dies unless the value is a positive whole number.
option_number() {
    [[ $2 =~ ^[1-9][0-9]{0,6}$ ]] || die "$EX_USAGE" "$1 needs a positive whole number, not '$2'"
}

# --- cleanup -----------------------------------------------------------------------------------
# Every temporary path and every child process is registered here, and nothing else is removed or
# killed. A child is killed by the PID that we have not yet waited for: it cannot be somebody else's.

CLEANUP_PATHS=()
CHILD=''   # what `attended` runs
MACHINE='' # QEMU

on_exit() {
    local status=$? path
    trap - EXIT
    trap '' INT TERM HUP
    stop_process "$CHILD"
    stop_process "$MACHINE"
    for path in "${CLEANUP_PATHS[@]}"; do
        rm -rf -- "$path"
    done
    exit "$status"
}

install_traps() {
    set -E
    trap 'say "failed at ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND"' ERR
    trap on_exit EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# stop_process PID: ends a child of this script and its process group if it leads one, by force if
# it does not end in five seconds.
stop_process() {
    [ -n "$1" ] || return 0
    local i
    kill -TERM -- "-$1" 2>/dev/null || kill -TERM "$1" 2>/dev/null || true
    for ((i = 0; i < 50; i++)); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL -- "-$1" 2>/dev/null || kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# attended COMMAND...: runs it so that a signal to this script ends it, with all that it has started,
# at once instead of after it.
attended() {
    local status=0
    set -m # a process group of its own
    "$@" <&0 &
    CHILD=$!
    set +m
    wait "$CHILD" || status=$?
    CHILD=''
    return "$status"
}

# make_work_dir: sets WORK to a private directory that goes away with the script.
make_work_dir() {
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/procdesc-vm.XXXXXX")
    CLEANUP_PATHS+=("$WORK")
}

# --- cache -------------------------------------------------------------------------------------

cache_dir() {
    printf '%s/procdesc/ci' "${XDG_CACHE_HOME:-$HOME/.cache}"
}

# Only one script at a time prepares things in the cache; the machines themselves run in parallel.
cache_lock() {
    mkdir -p "$(cache_dir)"
    exec 9>"$(cache_dir)/lock"
    if ! flock -n 9; then
        say 'waiting for another run that fills the cache'
        attended flock 9
    fi
}

cache_unlock() {
    exec 9>&-
}

# scratch DEST: sets SCRATCH to an empty directory beside DEST; `mv` it there when it is complete.
scratch() {
    SCRATCH=$1.new.$$
    CLEANUP_PATHS+=("$SCRATCH")
    rm -rf -- "$SCRATCH"
    mkdir -p "$SCRATCH"
}

# has_hash FILE ALGORITHM HEX, with ALGORITHM as in "sha256".
has_hash() {
    local actual
    actual=$("$2sum" <"$1") || return 1
    [ "${actual%% *}" = "$3" ]
}

# sh_quote WORD: the word in single quotes, for any POSIX shell.
sh_quote() {
    printf "'%s'" "${1//\'/\'\\\'\'}"
}

# sh_arguments WORD...: a line of shell that sets these as its arguments.
sh_arguments() {
    printf 'set --'
    local word
    for word in "$@"; do
        printf ' '
        sh_quote "$word"
    done
    echo
}

# parse_runs LIST: sets RUN_LIST.
parse_runs() {
    case $1 in
        root,tester | root | tester) IFS=, read -ra RUN_LIST <<<"$1" ;;
        *) die "$EX_USAGE" "--runs takes root,tester or one of them, not '$1'" ;;
    esac
}

# find_kit ROOT: the suite's JAR in a built tree.
find_kit() {
    local jars=() jar
    for jar in "$1"/compat-tests/target/procdesc-compat-tests-*.jar; do
        case $jar in
            *-sources.jar | *-javadoc.jar | *-tests.jar) ;;
            *) [ -f "$jar" ] && jars+=("$jar") ;;
        esac
    done
    [ "${#jars[@]}" -ge 1 ] ||
        die "$EX_UNAVAILABLE" 'no kit: run ./mvnw -q package -DskipTests, or give --kit JAR'
    [ "${#jars[@]}" -eq 1 ] ||
        die "$EX_USAGE" "more than one kit in compat-tests/target, choose with --kit: ${jars[*]##*/}"
    printf '%s' "${jars[0]}"
}
