#!/bin/sh
# OpenJDK 17 and 25: Process.destroy() closes the pipes of the child at once, ProcessHandle.destroy() does not.
#
# Expected: destroy() "requests" the termination (SIGTERM, supportsNormalTermination() is true), so that a child that
# handles the signal can write its last output, and the reader gets it, then the end of file. process.destroy() and
# process.toHandle().destroy() are the same request.
# Observed (OpenJDK 17.0.15 and 25.0.3, x86-64 Linux): process.destroy() also closes the three streams. The child's last
# words hit a closed pipe, so that it is killed by SIGPIPE (141) before its own exit, and a read of its output throws
# "Stream closed". With toHandle().destroy() the output is read, and the exit value is the child's own, 5.
#
# Exit status: 0 as described, 1 the behaviour has changed, 2 cannot run here.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
cat >"$work/Destroy.java" <<'JAVA'
import java.io.BufferedReader;
import java.io.IOException;

public class Destroy {
  public static void main(String[] arguments) throws Exception {
    for (boolean handle : new boolean[] {false, true}) {
      // The child ends at a signal, at the latest at the end of its input.
      Process process = new ProcessBuilder("sh", "-c",
          "trap 'sleep 1; echo bye; exit 5' TERM; echo ready; while read line; do :; done").start();
      BufferedReader output = process.inputReader();
      output.readLine();
      if (handle) {
        process.toHandle().destroy();
      } else {
        process.destroy();
      }
      String text;
      try {
        text = "read " + output.readLine();
      } catch (IOException e) {
        text = e.getMessage();
      }
      if (handle) {
        process.getOutputStream().close();
      }
      System.out.println((handle ? "toHandle().destroy(): " : "destroy(): ") + text + ", exit value "
          + process.waitFor());
    }
  }
}
JAVA
"$java" -version 2>&1 | head -n 1
"$java" "$work/Destroy.java" >"$work/output" || exit 2
cat "$work/output"
expected='destroy(): Stream closed, exit value 141
toHandle().destroy(): read bye, exit value 5'
[ "$(cat "$work/output")" = "$expected" ] || { echo 'the behaviour has changed' >&2; exit 1; }
