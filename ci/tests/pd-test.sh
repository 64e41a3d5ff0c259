#!/usr/bin/env bash
# Tests of the script pd where it cannot build or start: each time one clear message, and status 125.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

TREE=$WORLD/tree
mkdir -p "$TREE/cli/src" "$WORLD/tools"
cp "$CI/../pd" "$TREE/pd"
for module in api posix linux freebsd; do
    mkdir "$TREE/$module"
done
touch "$TREE/pom.xml"
# All that the script calls, and no Java.
for tool in sh readlink sed find mkdir grep touch rm cat; do
    ln -s "$(command -v "$tool")" "$WORLD/tools/$tool"
done

# mvnw SCRIPT: what stands in for Maven.
mvnw() {
    printf '#!/bin/sh\n%s\n' "$1" >"$TREE/mvnw"
    chmod +x "$TREE/mvnw"
}

# jdk NAME VERSION PROGRAM...: a directory for JAVA_HOME, which says its version in a file, and by -version.
jdk() {
    local home=$WORLD/$1 version=$2 program
    shift 2
    mkdir -p "$home/bin"
    printf 'JAVA_VERSION="%s"\n' "$version" >"$home/release"
    for program; do
        printf '#!/bin/sh\necho "openjdk version \\"%s\\" 2020-01-01" >&2\n' "$version" >"$home/bin/$program"
        chmod +x "$home/bin/$program"
    done
}

# pd JDK [OPTION...]: runs the script with that JDK, and env with those options.
pd() {
    env "${@:2}" PATH="$WORLD/tools" JAVA_HOME="$WORLD/$1" "$TREE/pd" run -- true
}

# says NAME MESSAGE COMMAND...: ends with 125 and says so, in a line that begins with "pd: ".
says() {
    ends "$1" 125 "pd: $2" "${@:3}"
}

jdk jdk8 1.8.0_402 java javac
jdk jdk11 11.0.2 java javac
jdk jdk17 17.0.15 java javac
jdk jre17 17.0.15 java
jdk silent11 11.0.2 java javac
rm "$WORLD/silent11/release"
mvnw 'echo "this must not run"'

says 'no Java' 'Java 17 or newer is needed: set JAVA_HOME, or have java in PATH' \
    env -u JAVA_HOME PATH="$WORLD/tools" "$TREE/pd" run -- true
says 'no such JAVA_HOME' "JAVA_HOME is $WORLD/none, and there is no bin/java in it" pd none
says 'Java 8' "Java 17 or newer is needed, and $WORLD/jdk8/bin/java is 1.8.0_402" pd jdk8
says 'Java 11' "Java 17 or newer is needed, and $WORLD/jdk11/bin/java is 11.0.2" pd jdk11
says 'Java 11 without a release file' 'Java 17 or newer is needed' pd silent11
says 'a JRE' "a JDK is needed to build pd, and $WORLD/jre17/bin/java comes without javac" pd jre17
says 'no home' 'cannot build: HOME is not set' pd jdk17 -u HOME
equals 'nothing was built' "$(find "$TREE" -name '*.log')" ''

mvnw 'echo "curl: Failed to fetch https://example.org/maven.zip" >&2; exit 1'
says 'no network' 'the build cannot download what it needs' pd jdk17
mvnw 'echo "[ERROR] no such symbol"; exit 1'
says 'a build that fails' 'the build failed; all of its output is in' pd jdk17
contains 'why the build failed' "$OUTPUT" 'no such symbol'

rm -r "$TREE/target"
touch "$TREE/target"
says 'a tree that cannot be written' "cannot build in $TREE: $TREE/target is not writable" pd jdk17

# From here on a tree that is built, and a Java whose start depends on its surroundings.
rm -r "$TREE/target" "$TREE/cli/src"
mkdir -p "$TREE/cli/target"
touch "$TREE/cli/target/pd.jar"

# java17 SCRIPT: a Java 17 that runs this script.
java17() {
    printf '#!/bin/sh\n%s\n' "$1" >"$WORLD/jdk17/bin/java"
}
touch "$TREE/cli/target/pd-17.0.15.jsa"
MARK='case "$* " in *"-jar "*" run "*) echo ran; exit 7 ;; *-Xshare:dump* | *-XX:Dump*) exit 1 ;; esac'
java17 "$MARK; exit 0"
ends 'Java starts' 7 'ran' pd jdk17
java17 "$MARK; echo no such option >&2; exit 1"
says 'a Java that does not start' "the Java virtual machine $WORLD/jdk17/bin/java does not start" pd jdk17
contains 'why Java does not start' "$OUTPUT" 'no such option'

# An archive says that this Java did start here.
echo archive >"$TREE/cli/target/pd-17.0.15.jsa"
ends 'no second start without a cause' 7 'ran' pd jdk17
for variable in PD_JAVA_OPTS JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS; do
    says "options in $variable" 'the Java virtual machine' pd jdk17 "$variable=-XX:+NoSuchOption"
done
ends 'a debugger does not attach twice' 7 'ran' pd jdk17 PD_JAVA_OPTS=-agentlib:jdwp=transport=dt_socket
for limit in '-v 4000000' '-d 500000' '-n 32'; do
    # shellcheck disable=SC2086 # an option and its value
    says "ulimit $limit" 'the Java virtual machine' eval "(ulimit $limit; pd jdk17)"
done
in_removed_directory() {
    mkdir "$WORLD/gone"
    (cd "$WORLD/gone" && rmdir "$WORLD/gone" && "$@" 2>&1 | grep -v getcwd; exit "${PIPESTATUS[0]}")
}
says 'a removed directory' 'the Java virtual machine' in_removed_directory pd jdk17

# A standard descriptor that is closed stays one that cannot be used.
java17 'case "$*" in *" run "*) { echo out || exit 11; } 2>/dev/null ;; esac; exit 0'
closed_output() {
    pd jdk17 >&-
}
ends 'standard output is closed' 11 '' closed_output
