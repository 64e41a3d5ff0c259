#!/usr/bin/env bash
# ci/debian-root: its arguments, the README's commands with stand-ins, and for root the namespaces, with this machine's
# own root directory in place of a Debian.
# shellcheck disable=SC2016 # for the shell in there
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
script=$CI/debian-root
touch "$WORLD/kit.jar"

ends 'help' 0 'usage: ci/debian-root' "$script" --help
ends 'no suite' 2 'which suite' "$script" --pd
ends 'an unknown suite' 2 "not 'buster'" "$script" buster --pd
ends 'two suites' 2 'one suite at a time' "$script" trixie sid --pd
ends 'nothing to do' 2 'nothing to run' "$script" trixie
ends 'an unknown option' 2 'unknown option --colour' "$script" trixie --colour
ends 'an option without its value' 2 '--java needs a value' "$script" trixie --java
ends 'an action and a command' 2 'a command excludes --pd' "$script" trixie --pd -- true
ends 'a version that is none' 2 "not 'new'" "$script" trixie --pd --java 21,new
ends 'an early version that is none' 2 "not '/opt/jdk'" "$script" sid --pd --early /opt/jdk
ends 'a JDK that is not there' 69 "no bin/java in $WORLD/jdk" "$script" trixie --pd --java "$WORLD/jdk"
ends 'a user that is none' 2 'not everybody' "$script" trixie --pd --runs 'not everybody'
ends 'no such kit' 2 'no such kit' "$script" sid --kit --jar "$WORLD/nothing"
ends 'a kit and no --kit' 2 '--jar is for --kit' "$script" sid --pd --jar "$WORLD/kit.jar"
fake id <<'FAKE'
#!/bin/sh
echo 1000
FAKE
ends 'not root' 69 'only root' "$script" sid --kit --jar "$WORLD/kit.jar"
rm "$WORLD/fakes/id"
clean 'after all these'

# The README's two commands.
mkdir "$WORLD/clone"
cd "$WORLD/clone"
sed -n '/^\.\/pd run -- /p; /^\.\/mvnw /p' "$CI/../README.md" >README.md
equals 'the commands of the README' "$(wc -l <README.md)" 2
stand_in() { # NAME: from standard input
    cat >"$1"
    chmod +x "$1"
}
stand_in pd <<'FAKE'
#!/bin/sh
[ "$1 $2" = 'run --' ] && shift 2 && exec "$@"
FAKE
stand_in mvnw <<'FAKE'
#!/bin/sh
echo "mvnw $*"
FAKE
ends 'both' 0 'mvnw verify' "$CI/guest/readme" --readme
ends 'the first' 0 'ended with 3' "$CI/guest/readme" --pd
fails 'the first alone' grep -q 'mvnw verify' <<<"$OUTPUT"
echo 'exit 7' >>mvnw
ends 'the second fails' 1 'ended with 7' "$CI/guest/readme" --readme
echo 'echo hi' | stand_in pd
ends 'the first fails' 1 "ended with 0, not 'hi' and 3" "$CI/guest/readme" --pd

# A root directory in the cache that is this machine's own.
if [ "$(id -u)" -ne 0 ] || [ -e /root/procdesc ] || ! unshare --mount --pid --fork true 2>/dev/null; then
    echo 'the namespaces: not run, they need root'
    exit 0
fi
roots=$XDG_CACHE_HOME/procdesc/ci/roots
mkdir -p "$roots"
for name in trixie_default-jdk-headless trixie_openjdk-99-jdk-headless trixie; do
    ln -s / "$roots/$name"
    touch "$roots/$name.complete"
done
in_root=("$script" trixie --runs root -- sh -c)
ends 'a status' 7 'exit status 7' "${in_root[@]}" 'exit 7'
ends 'where it runs' 0 '/root/procdesc 700 README.md' "${in_root[@]}" 'echo $(pwd) $(stat -c %a ~) README*'
ends 'what it writes' 0 '' "${in_root[@]}" 'for place in ~ /dev/shm /tmp; do echo x >$place/procdesc.left; done'
equals 'is gone' "$(ls -d /root/procdesc* /dev/shm/procdesc.left /tmp/procdesc.left 2>/dev/null)" ''
ends 'a user namespace' 0 '' "${in_root[@]}" 'unshare --user --map-root-user true'
ends 'a process that is left behind' 1 'left behind: ' "${in_root[@]}" 'sleep 1000 & exit 0'
contains 'its command' "$OUTPUT" 'sleep 1000'
ends 'a JDK that the suite lacks' 69 'NOT RUN: openjdk-99-jdk-headless' "$script" trixie --pd --java 99
ends 'an early one' 0 'no failure' "$script" trixie --pd --early 99
mkdir -p "$WORLD/jdk/bin"
stand_in "$WORLD/jdk/bin/java" <<'FAKE'
#!/bin/sh
echo "$JAVA_HOME: $*"
FAKE
ends 'the kit on a JDK of the host' 0 '/opt/jdk: -jar /root/kit.jar --all' \
    "$script" trixie --kit --jar "$WORLD/kit.jar" --java "$WORLD/jdk" --runs root -- --all
clean 'after all these'

# A root directory that cannot be made, and one that is not finished.
if command -v apt-get >/dev/null; then
    touch "$WORLD/keyring.gpg"
    export PROCDESC_CI_KEYRING=$WORLD/keyring.gpg
    fake debootstrap <<'FAKE'
#!/bin/sh
echo "debootstrap of $4 failed"
exit 1
FAKE
    ends 'no mirror' 69 'sid cannot be had' "$script" sid --pd
    contains 'why' "$OUTPUT" '| debootstrap of sid failed'
    fake debootstrap <<'FAKE'
#!/bin/sh
mkdir "$5/etc"
touch "$WORLD/making"
exec sleep 1000
FAKE
    export WORLD
    "$script" sid --pd >"$WORLD/out" 2>&1 &
    pid=$!
    holds 'it is being made' wait_for "$WORLD/making"
    kill -s TERM "$pid"
    holds 'interrupted: it ends' gone "$pid"
    status=0
    wait "$pid" || status=$?
    equals 'interrupted: status' "$status" 143
    clean 'interrupted'
fi

# What ends the script ends what it runs: nobody holds its output any more.
mkfifo "$WORLD/output"
for signal in TERM KILL; do
    "${in_root[@]}" 'echo ready; exec sleep 1000' >"$WORLD/output" 2>&1 &
    pid=$!
    exec 3<"$WORLD/output"
    while read -r line <&3 && [ "$line" != ready ]; do :; done
    equals "SIG$signal: it runs" "$line" ready
    ends "SIG$signal: another run meanwhile" 0 'exit status 0' timeout 60 "${in_root[@]}" true
    kill -s "$signal" "$pid"
    wait "$pid" 2>/dev/null || true
    holds "SIG$signal: all have ended" timeout 20 cat <&3 >/dev/null
    exec 3<&-
done
equals 'nothing is mounted' "$(grep -c "$WORLD" /proc/mounts)" 0
