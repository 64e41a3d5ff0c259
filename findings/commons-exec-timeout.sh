#!/bin/sh
# Apache Commons Exec 1.6.0: execute() returns the exit value 0 of a command whose time-out has passed.
#
# Expected: with an ExecuteWatchdog of one second, a command that runs for three is killed, and execute() throws an
# ExecuteException, as it does if the command dies by the signal.
# Observed (JDK 17 and 25, x86-64 Linux): the watchdog sends SIGTERM once, by Process.destroy(). A command that ignores
# it runs to its own end, and execute() returns its exit value 0 like that of a success. Only killedProcess() of the
# watchdog reports the time-out; it is true also for this command, which was not killed.
#
# Exit status: 0 as described, 1 the behaviour has changed, 2 cannot run here.
set -eu

here=$(cd "$(dirname "$0")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
cat >"$work/TimeOut.java" <<'JAVA'
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.commons.exec.CommandLine;
import org.apache.commons.exec.DefaultExecutor;
import org.apache.commons.exec.ExecuteException;
import org.apache.commons.exec.ExecuteWatchdog;

public class TimeOut {
  public static void main(String[] arguments) throws Exception {
    run("exec sleep 3");
    run("trap '' TERM; sleep 3; mkdir end");
  }

  private static void run(String script) throws Exception {
    ExecuteWatchdog watchdog = ExecuteWatchdog.builder().setTimeout(Duration.ofSeconds(1)).get();
    DefaultExecutor executor = DefaultExecutor.builder().get();
    executor.setWatchdog(watchdog);
    String result;
    try {
      result = "returns " + executor.execute(
          new CommandLine("sh").addArgument("-c").addArgument(script, false));
    } catch (ExecuteException e) {
      result = "throws, exit value " + e.getExitValue();
    }
    System.out.println(script + ": " + result + ", killed " + watchdog.killedProcess()
        + ", ran to its end " + Files.exists(Path.of("end")));
  }
}
JAVA

classpath=$("$here/classpath" org.apache.commons:commons-exec:1.6.0 "$work") || exit 2
cd "$work"
"$java" -cp "$classpath" "$work/TimeOut.java" >"$work/output" || exit 2
cat "$work/output"
expected='exec sleep 3: throws, exit value 143, killed true, ran to its end false
trap '\'''\'' TERM; sleep 3; mkdir end: returns 0, killed true, ran to its end true'
[ "$(cat "$work/output")" = "$expected" ] || { echo 'the behaviour has changed' >&2; exit 1; }
