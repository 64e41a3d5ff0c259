#!/bin/sh
# Linux 7.1 to 7.3: waitpid(-1) sleeps until a child with CLONE_AUTOREAP ends, although it can never return that
# child.
#
# Expected: CLONE_AUTOREAP (clone3) makes a child that no wait call returns, so that a caller without other children
# gets ECHILD at once, as with "no children", and is not held up by a library's children.
# Observed (Debian's kernel 7.3.4; 7.1.13 and 7.2.12 are the same): waitpid(-1) with WNOHANG returns 0, "children
# exist, none has changed", and without WNOHANG it sleeps for as long as the child runs, and then fails with ECHILD.
# The stop of such a child is even returned by WUNTRACED.
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
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef CLONE_AUTOREAP
#define CLONE_AUTOREAP (1ULL << 34)
#endif

/* Creates a child as fork does, with flags of clone3 and without an exit signal. */
static int create(uint64_t flags, int *pidfd) {
  struct clone_args arguments = {.flags = flags | CLONE_PIDFD, .pidfd = (uintptr_t)pidfd};
  return syscall(SYS_clone3, &arguments, sizeof arguments);
}

static void *wait_for_any(void *unused) {
  printf("waitpid(-1) has returned %d", waitpid(-1, 0, 0));
  printf(", %s\n", strerrorname_np(errno));
  return unused;
}

int main(int count, char **arguments) {
  int pidfd, input[2], started[2], status;
  char byte;
  pthread_t thread;
  if (count > 1) { /* The child's program: until the end of its standard input. */
    write(1, "x", 1);
    _exit(read(0, &byte, 1));
  }
  pipe(input);
  pipe(started);
  int pid = create(CLONE_AUTOREAP, &pidfd);
  if (pid == 0) {
    close(input[1]);
    dup2(input[0], 0);
    dup2(started[1], 1);
    execl("/proc/self/exe", "program", "child", (char *)0);
    _exit(1);
  }
  read(started[0], &byte, 1);
  printf("waitpid(-1, WNOHANG) returns %d\n", waitpid(-1, 0, WNOHANG));
  kill(pid, SIGSTOP);
  int stopped = waitpid(-1, &status, WUNTRACED);
  printf("waitpid(-1, WUNTRACED) returns the child: %s\n",
         stopped == pid && WIFSTOPPED(status) ? "stopped" : "no");
  kill(pid, SIGCONT);
  pthread_create(&thread, 0, wait_for_any, 0);
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += 2;
  printf("2 s later waitpid(-1) %s\n",
         pthread_timedjoin_np(thread, 0, &deadline) == ETIMEDOUT ? "sleeps" : "has returned");
  fflush(stdout);
  close(input[1]); /* The child ends. */
  pthread_join(thread, 0);
}
C
gcc -static -O1 -pthread -D_GNU_SOURCE -o "$work/program" "$work/program.c" || exit 2
"$here/kernel" 7.3.4 "$work" "$work/program" >"$work/output" || exit 2
cat "$work/output"
expected='waitpid(-1, WNOHANG) returns 0
waitpid(-1, WUNTRACED) returns the child: stopped
2 s later waitpid(-1) sleeps
waitpid(-1) has returned -1, ECHILD'
[ "$(cat "$work/output")" = "$expected" ] || { echo 'the behaviour has changed' >&2; exit 1; }
