#!/bin/sh
# Linux 7.1 to 7.3: a process created with CLONE_PIDFD_AUTOKILL outlives the last close of its pidfd while any thread is
# in poll() on that pidfd.
#
# Expected: the last close of the pidfd from clone3 kills the process at once (SIGKILL). A thread that is still in
# poll() on a closed number is a fault of the program and delays nothing; waitid(P_PIDFD), too, delays nothing.
# Observed (Debian's kernel 7.3.4; 7.1.13 and 7.2.12 are the same): the process runs until poll() returns, here after a
# second thread was told to return. poll() holds the open file, so its release, which kills, waits for the poll.
#
# Exit status: 0 as described, 1 the behaviour has changed, 2 cannot run here (x86-64, see findings/kernel).
set -eu

here=$(cd "$(dirname "$0")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

cat >"$work/program.c" <<'C'
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLONE_AUTOREAP
#define CLONE_AUTOREAP (1ULL << 34)
#define CLONE_PIDFD_AUTOKILL (1ULL << 36)
#endif

/* Creates a child as fork does, with flags of clone3 and without an exit signal. */
static int create(uint64_t flags, int *pidfd) {
  struct clone_args arguments = {.flags = flags | CLONE_PIDFD, .pidfd = (uintptr_t)pidfd};
  return syscall(SYS_clone3, &arguments, sizeof arguments);
}

static int watched, wake[2];
static volatile int poller;

static void *poll_it(void *unused) {
  struct pollfd set[] = {{.fd = watched, .events = POLLIN}, {.fd = wake[0], .events = POLLIN}};
  poller = gettid();
  poll(set, 2, -1);
  return unused;
}

/* Another open file of the process, which does not kill. */
static int observe(int pid) { return syscall(SYS_pidfd_open, pid, 0); }

static const char *state(int observer, int millis) {
  struct pollfd set = {.fd = observer, .events = POLLIN};
  return poll(&set, 1, millis) == 1 ? "dead" : "alive";
}

int main(void) {
  for (int polled = 0; polled < 2; polled++) {
    pthread_t thread;
    int pid = create(CLONE_AUTOREAP | CLONE_PIDFD_AUTOKILL, &watched);
    if (pid == 0) {
      pause();
      _exit(1);
    }
    int observer = observe(pid);
    if (polled) {
      char path[64], text[64] = "";
      pipe(wake);
      pthread_create(&thread, 0, poll_it, 0);
      /* Wait until the thread sleeps in the kernel. */
      do {
        snprintf(path, sizeof path, "/proc/self/task/%d/syscall", poller);
        FILE *file = fopen(path, "r");
        if (file) {
          fgets(text, sizeof text, file);
          fclose(file);
        }
        usleep(1000);
      } while (text[0] != '7');
    }
    close(watched);
    printf("closed%s: %s\n", polled ? " while a thread polls" : "", state(observer, polled ? 2000 : 30000));
    if (polled) {
      write(wake[1], "x", 1);
      pthread_join(thread, 0);
      printf("poll has returned: %s\n", state(observer, 30000));
    }
  }
}
C
gcc -static -O1 -pthread -D_GNU_SOURCE -o "$work/program" "$work/program.c" || exit 2
"$here/kernel" 7.3.4 "$work" "$work/program" >"$work/output" || exit 2
cat "$work/output"
expected='closed: dead
closed while a thread polls: alive
poll has returned: dead'
[ "$(cat "$work/output")" = "$expected" ] || { echo 'the behaviour has changed' >&2; exit 1; }
