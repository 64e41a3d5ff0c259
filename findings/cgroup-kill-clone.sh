#!/bin/sh
# Linux 6.16.3 to 7.2.12: a control group into which "1" was once written to cgroup.kill kills every process that is
# created in it by clone3(CLONE_INTO_CGROUP), ever after.
#
# Expected: cgroup.kill kills the processes that are in the group at that moment, and those that they are forking. The
# group itself is not changed: what is put there later runs, by whichever way it comes.
# Observed (Debian's kernel 7.2.12; 6.16.3, 6.17.13, 6.18.15 and 7.1.13 are the same, 6.12.118 and 7.3.4 are not): a
# child that is created in the group afterwards, however much later, is killed by SIGKILL at birth, and so is the next
# one. A process that is moved into the group by cgroup.procs runs, and so do its children. The kernel compares the
# number of kills of the new child's group with that of the group of its parent.
#
# Exit status: 0 as described, 1 the behaviour has changed, 2 cannot run here (x86-64, see findings/kernel).
set -eu

here=$(cd "$(dirname "$0")" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

cat >"$work/program.c" <<'C'
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void write_to(const char *path) {
  int file = open(path, O_WRONLY);
  if (file < 0 || write(file, "1", 1) != 1)
    perror(path);
  close(file);
}

static void report(const char *what, int pid) {
  int status;
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status))
    printf("%s: killed by signal %d\n", what, WTERMSIG(status));
  else
    printf("%s: exit status %d\n", what, WEXITSTATUS(status));
}

static void create(const char *what, int group) {
  struct clone_args arguments = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = group};
  int pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0)
    _exit(3);
  report(what, pid);
}

int main(void) {
  mkdir("/cg/group", 0700);
  int group = open("/cg/group", O_RDONLY | O_DIRECTORY);
  create("before", group);
  write_to("/cg/group/cgroup.kill");
  create("after cgroup.kill, clone3(CLONE_INTO_CGROUP)", group);
  create("the next one", group);
  fflush(stdout);
  int pid = fork();
  if (pid == 0) {
    char text[16];
    int file = open("/cg/group/cgroup.procs", O_WRONLY);
    write(file, text, sprintf(text, "%d", getpid()));
    int child = fork();
    if (child == 0)
      _exit(0);
    report("moved by cgroup.procs, its child", child);
    fflush(stdout);
    _exit(0);
  }
  report("moved by cgroup.procs", pid);
}
C
gcc -static -O1 -o "$work/program" "$work/program.c" || exit 2
"$here/kernel" 7.2.12 "$work" "$work/program" >"$work/output" || exit 2
cat "$work/output"
expected='before: exit status 3
after cgroup.kill, clone3(CLONE_INTO_CGROUP): killed by signal 9
the next one: killed by signal 9
moved by cgroup.procs, its child: exit status 0
moved by cgroup.procs: exit status 0'
[ "$(cat "$work/output")" = "$expected" ] || { echo 'the behaviour has changed' >&2; exit 1; }
