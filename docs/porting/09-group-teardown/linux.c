/* Ends a process and what it started: SIGTERM to its group, and after a while SIGKILL. Needs Linux 6.9. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1U << 2) /* linux/pidfd.h of 6.9, which excludes fcntl.h */
#endif

enum { PATIENCE = 1000 }; /* milliseconds */

/* The shell ends by SIGTERM, its child ignores it; both have the standard output open as long as they live. */
static const char script[] = "trap '' TERM; sleep 1000 & trap - TERM; echo ready; wait";

static int start(int output) {
    int fd = -1;
    struct clone_args args = {
        .flags = CLONE_PIDFD, .pidfd = (uintptr_t)&fd, .exit_signal = SIGCHLD}; /* 5.2 */
    long pid = syscall(SYS_clone3, &args, sizeof args);                         /* 5.3 */
    if (pid < 0)
        err(1, "clone3");
    if (pid == 0) {
        if (setpgid(0, 0) == 0 && dup2(output, STDOUT_FILENO) >= 0)
            execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    return fd;
}

/* Signals the group that the process leads or led, and no other one, even if its number was assigned again. */
static void signal_group(int leader, int signal) {
    if (pidfd_send_signal(leader, signal, NULL, PIDFD_SIGNAL_PROCESS_GROUP) != 0 && errno != ESRCH) /* 6.9 */
        err(1, "pidfd_send_signal");
}

int main(void) {
    int output[2];
    char text[6];
    if (pipe2(output, O_CLOEXEC) != 0) /* 2.6.27 */
        err(1, "pipe2");
    int leader = start(output[1]);
    close(output[1]);
    if (read(output[0], text, sizeof text) != sizeof text || memcmp(text, "ready\n", sizeof text) != 0)
        errx(1, "it is not ready");
    signal_group(leader, SIGTERM);
    if (poll(&(struct pollfd){.fd = leader, .events = POLLIN}, 1, PATIENCE) == 1) /* 5.3 */
        puts("TERM: the leader has ended");
    if (poll(&(struct pollfd){.fd = output[0], .events = POLLIN}, 1, PATIENCE) == 0) /* Somebody still has the pipe. */
        signal_group(leader, SIGKILL);
    if (read(output[0], text, sizeof text) != 0) /* The end of the file: all members have ended. */
        err(1, "read");
    puts("KILL: nobody is left");
    siginfo_t end;
    if (waitid(P_PIDFD, leader, &end, WEXITED) != 0) /* 5.4 */
        err(1, "waitid");
    printf("leader: killed by signal %d\n", end.si_code == CLD_KILLED ? end.si_status : 0);
    close(output[0]);
    close(leader);
    return 0;
}
