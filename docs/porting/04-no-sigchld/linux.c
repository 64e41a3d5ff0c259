/* Supervises a worker in a program that discards the status of all its children. Needs Linux 6.15 (PIDFD_INFO_EXIT). */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PIDFD_INFO_EXIT /* linux/pidfd.h of 6.15, which excludes fcntl.h; the first 64 bytes of the structure */
#define PIDFD_INFO_EXIT (1UL << 3)
struct pidfd_info { uint64_t mask, cgroupid; uint32_t ids[11]; int32_t exit_code; };
#define PIDFD_GET_INFO _IOWR(0xFF, 11, struct pidfd_info)
#endif
#ifndef CLONE_AUTOREAP /* linux/sched.h of 7.1 */
#define CLONE_AUTOREAP (1ULL << 34)
#endif

static int start(const char *script) {
    int fd = -1;
    struct clone_args args = {.flags = CLONE_PIDFD | CLONE_AUTOREAP, .pidfd = (uintptr_t)&fd}; /* 7.1: no SIGCHLD */
    long pid = syscall(SYS_clone3, &args, sizeof args);                                        /* 5.3 */
    if (pid < 0 && errno == EINVAL) {
        args.flags = CLONE_PIDFD; /* 5.2; before 7.1 the program sends SIGCHLD, and waitpid(-1) may reap it. */
        args.exit_signal = SIGCHLD;
        pid = syscall(SYS_clone3, &args, sizeof args);
    }
    if (pid < 0)
        err(1, "clone3");
    if (pid == 0) {
        signal(SIGCHLD, SIG_DFL); /* exec keeps what is ignored. */
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    return fd;
}

/* Waits until the process was reaped, by whomever: here by the kernel. */
static int wait_for(int fd) {
    struct pidfd_info info = {.mask = PIDFD_INFO_EXIT};
    if (ioctl(fd, PIDFD_GET_INFO, &info) != 0 && errno != ESRCH) /* 6.13; an older kernel has no POLLHUP to wait for */
        err(1, "PIDFD_GET_INFO");
    if (poll(&(struct pollfd){.fd = fd}, 1, -1) != 1) /* 6.12: POLLHUP at the reap; POLLIN would be the exit */
        err(1, "poll");
    info.mask = PIDFD_INFO_EXIT;
    if (ioctl(fd, PIDFD_GET_INFO, &info) != 0 || !(info.mask & PIDFD_INFO_EXIT)) /* 6.15 */
        errx(1, "the kernel does not report the status");
    close(fd);
    return info.exit_code; /* As wait(2) reports it. */
}

int main(void) {
    static const char *const runs[] = {"exit 1", "kill -KILL $$", "exit 0"}; /* The worker works in its third run. */
    if (signal(SIGCHLD, SIG_IGN) == SIG_ERR) /* A host program that wants to know of no child. */
        err(1, "signal");
    int status = -1;
    for (int run = 1; status != 0; run++) {
        status = wait_for(start(runs[run - 1]));
        if (WIFEXITED(status))
            printf("run %d: exited %d\n", run, WEXITSTATUS(status));
        else
            printf("run %d: killed by signal %d\n", run, WTERMSIG(status));
    }
    return 0;
}
