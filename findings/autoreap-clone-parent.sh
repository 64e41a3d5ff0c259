#!/bin/sh
# Linux 7.1 to 7.3: a program that was started with CLONE_AUTOREAP can no longer call clone with CLONE_PARENT.
#
# Expected: CLONE_AUTOREAP concerns the child and its parent only: no process has to reap the child. The child's program
# does not notice it, and its own children are ordinary ones (the flag is not inherited).
# Observed (Debian's kernel 7.3.4; 7.1.13 and 7.2.12 are the same): clone(CLONE_PARENT) fails with EINVAL in such a
# program, also after execve. Container runtimes use that flag (runc creates the container's first process with it).
#
# Exit status: 0 as described, 1 the behaviour has changed, 2 cannot run here (x86-64, see findings/kernel).
set -eu

here=$(cd "$(dirname "$0")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

cat >"$work/program.c" <<'C'
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <poll.h>

#ifndef CLONE_AUTOREAP
#define CLONE_AUTOREAP (1ULL << 34)
#endif

/* Creates a child as fork does, with flags of clone3 and without an exit signal. */
static int create(uint64_t flags, int *pidfd) {
  struct clone_args arguments = {.flags = flags | CLONE_PIDFD, .pidfd = (uintptr_t)pidfd};
  return syscall(SYS_clone3, &arguments, sizeof arguments);
}

int main(int count, char **arguments) {
  if (count > 1) {
    int sibling = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    if (sibling == 0)
      _exit(0);
    printf("%s: clone(CLONE_PARENT) %s\n", arguments[1], sibling > 0 ? "succeeds" : strerrorname_np(errno));
    fflush(stdout);
    _exit(0);
  }
  for (int autoreap = 0; autoreap < 2; autoreap++) {
    int pidfd;
    fflush(stdout);
    if (create(autoreap ? CLONE_AUTOREAP : 0, &pidfd) == 0) {
      execl("/proc/self/exe", "program", autoreap ? "CLONE_AUTOREAP" : "an ordinary child", (char *)0);
      _exit(1);
    }
    struct pollfd set = {.fd = pidfd, .events = POLLIN};
    poll(&set, 1, -1);
  }
}
C
gcc -static -O1 -D_GNU_SOURCE -o "$work/program" "$work/program.c" || exit 2
"$here/kernel" 7.3.4 "$work" "$work/program" >"$work/output" || exit 2
cat "$work/output"
expected='an ordinary child: clone(CLONE_PARENT) succeeds
CLONE_AUTOREAP: clone(CLONE_PARENT) EINVAL'
[ "$(cat "$work/output")" = "$expected" ] || { echo 'the behaviour has changed' >&2; exit 1; }
