#!/bin/sh
# JNA 5.19.1: a function that succeeds throws, if its method declares "throws LastErrorException".
#
# Expected: as with every wrapper of C functions, the exception is thrown when the function reports a failure: here
# posix_spawnp, which returns 0 for success, and an error number, without errno, for a failure.
# Observed (JDK 17 and 25, x86-64 Linux, glibc 2.36): JNA looks at errno alone, whatever the function returned. A
# posix_spawnp that finds its program in the second directory of PATH has started the child, stored its process ID, and
# throws "No such file or directory": the search in the first directory left ENOENT in errno. The caller believes that
# there is no child.
#
# Exit status: 0 as described, 1 the behaviour has changed, 2 cannot run here.
set -eu

here=$(cd "$(dirname "$0")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
cat >"$work/Spawn.java" <<'JAVA'
import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.StringArray;
import com.sun.jna.ptr.IntByReference;

public class Spawn {
  public interface C extends Library {
    int posix_spawnp(IntByReference pid, String file, Pointer actions, Pointer attributes, StringArray argv,
        StringArray environment) throws LastErrorException;

    int waitpid(int pid, IntByReference status, int options);
  }

  public static void main(String[] arguments) {
    C c = Native.load("c", C.class);
    IntByReference pid = new IntByReference();
    try {
      int result = c.posix_spawnp(pid, "true", null, null, new StringArray(new String[] {"true"}),
          new StringArray(new String[0]));
      System.out.println("posix_spawnp returned " + result);
    } catch (LastErrorException e) {
      System.out.println("posix_spawnp threw: " + e.getMessage());
    }
    IntByReference status = new IntByReference(-1);
    boolean reaped = c.waitpid(pid.getValue(), status, 0) == pid.getValue();
    System.out.println("child: " + (reaped ? "wait status " + status.getValue() : "none"));
  }
}
JAVA

classpath=$("$here/classpath" net.java.dev.jna:jna:5.19.1 "$work") || exit 2
javac=${java}c
"$javac" -cp "$classpath" -d "$work" "$work/Spawn.java" || exit 2
mkdir "$work/empty"
java=$(command -v "$java")
PATH="$work/empty:$PATH" "$java" -Djava.io.tmpdir="$work" -cp "$work:$classpath" Spawn \
    >"$work/output" 2>"$work/errors" || { cat "$work/errors" >&2; exit 2; }
cat "$work/output"
expected='posix_spawnp threw: [2] No such file or directory
child: wait status 0'
[ "$(cat "$work/output")" = "$expected" ] || { echo 'the behaviour has changed' >&2; exit 1; }
