#!/bin/sh
# Linux, every version with pidfds: the pidfd of a dead child that is traced is readable, and waitid reports nothing.
#
# Expected: when poll() reports POLLIN for the pidfd of a child, the child has ended, and the parent's waitid(P_PIDFD,
# WEXITED | WNOHANG) returns its status.
# Observed (Linux 6.18.44; Debian's kernels 5.10, 6.12.118 and 6.16.3 to 7.3.4 are the same): while a tracer (gdb,
# strace) has not yet waited for the dead child, poll() reports POLLIN, again and again, and waitid returns 0 without a
# process (si_pid 0), as for a running child. A loop around the two spins until the tracer has waited or ended. The
# child is reported to its tracer first.
#
# Exit status: 0 as described, 1 the behaviour has changed, 2 cannot run here (needs gcc and Linux 5.4).
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

cat >"$work/program.c" <<'C'
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int pidfd;

static void look(const char *what) {
  struct pollfd set = {.fd = pidfd, .events = POLLIN};
  siginfo_t info = {0};
  int ready = poll(&set, 1, 10000);
  int result = waitid(3 /* P_PIDFD */, pidfd, &info, WEXITED | WNOHANG);
  printf("%s: poll() %s POLLIN, waitid() returns %d", what, ready == 1 ? "reports" : "lacks", result);
  printf(info.si_pid ? " and exit status %d\n" : " and no process\n", info.si_status);
}

int main(void) {
  int start[2], seized[2], end[2], status;
  char byte;
  if (pipe(start) || pipe(seized) || pipe(end))
    return 2;
  int child = fork();
  if (child == 0) {
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    write(seized[1], "c", 1);
    read(start[0], &byte, 1);
    _exit(7);
  }
  pidfd = syscall(SYS_pidfd_open, child, 0);
  read(seized[0], &byte, 1);
  int tracer = fork();
  if (tracer == 0) {
    close(end[1]);
    byte = ptrace(PTRACE_SEIZE, child, 0, 0) == 0 ? 'y' : 'n';
    write(seized[1], &byte, 1);
    read(end[0], &byte, 1); /* Without waiting for the child. */
    _exit(0);
  }
  read(seized[0], &byte, 1);
  write(start[1], "x", 1);
  if (pidfd >= 0 && byte == 'y') {
    look("traced");
    look("again");
  }
  close(end[1]);
  waitpid(tracer, &status, 0);
  if (pidfd < 0 || byte != 'y') {
    fprintf(stderr, "no pidfd_open or no ptrace here\n");
    return 2;
  }
  look("the tracer has ended");
}
C
gcc -O1 -o "$work/program" "$work/program.c" || exit 2
"$work/program" >"$work/output" || exit 2
cat "$work/output"
expected='traced: poll() reports POLLIN, waitid() returns 0 and no process
again: poll() reports POLLIN, waitid() returns 0 and no process
the tracer has ended: poll() reports POLLIN, waitid() returns 0 and exit status 7'
[ "$(cat "$work/output")" = "$expected" ] || { echo 'the behaviour has changed' >&2; exit 1; }
