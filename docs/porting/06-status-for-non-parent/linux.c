/* Reports the status of a process to its parent and to another holder. Needs Linux 6.15 (PIDFD_INFO_EXIT). */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PIDFD_INFO_EXIT /* linux/pidfd.h of 6.15, which excludes fcntl.h; the first 64 bytes of the structure */
#define PIDFD_INFO_EXIT (1UL << 3)
struct pidfd_info { uint64_t mask, cgroupid; uint32_t ids[11]; int32_t exit_code; };
#define PIDFD_GET_INFO _IOWR(0xFF, 11, struct pidfd_info)
#endif

/* Not clone3, because a child that goes on in C needs what fork does in the C library. */
static pid_t fork_held(int *fd) {
    pid_t pid = fork();
    if (pid < 0)
        err(1, "fork");
    if (pid > 0 && (*fd = pidfd_open(pid, 0)) < 0) /* 5.3; always close-on-exec; no race, as nobody else reaps it */
        err(1, "pidfd_open");
    return pid;
}

static siginfo_t reap(int fd) {
    siginfo_t end;
    if (waitid(P_PIDFD, fd, &end, WEXITED) != 0) /* 5.4; ECHILD for all but the parent */
        err(1, "waitid");
    close(fd);
    return end;
}

/* Waits until the parent has reaped the process: before that, nobody else gets the status. */
static void observe(int fd) {
    struct pidfd_info info = {.mask = PIDFD_INFO_EXIT};
    if (ioctl(fd, PIDFD_GET_INFO, &info) != 0 && errno != ESRCH) /* 6.13; an older kernel has no POLLHUP to wait for */
        err(1, "PIDFD_GET_INFO");
    if (poll(&(struct pollfd){.fd = fd}, 1, -1) != 1) /* 6.12: POLLHUP at the reap; POLLIN would be the exit */
        err(1, "poll");
    info.mask = PIDFD_INFO_EXIT;
    if (ioctl(fd, PIDFD_GET_INFO, &info) != 0 || !(info.mask & PIDFD_INFO_EXIT)) /* 6.15 */
        errx(1, "the kernel does not report the status");
    close(fd);
    int status = info.exit_code; /* As wait(2) reports it. */
    printf("observer: %s %d\n", WIFEXITED(status) ? "exited" : "killed by signal",
           WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

int main(void) {
    int input[2], child = -1, observer = -1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (pipe2(input, O_CLOEXEC) != 0) /* 2.6.27 */
        err(1, "pipe2");
    if (fork_held(&child) == 0) {
        if (dup2(input[0], STDIN_FILENO) >= 0)
            execl("/bin/sh", "sh", "-c", "read line; exit 7", (char *)NULL); /* At the end of the input. */
        _exit(127);
    }
    close(input[0]);
    if (fork_held(&observer) == 0) { /* It inherits the descriptor of the child. */
        close(input[1]);
        observe(child);
        _exit(0);
    }
    close(input[1]);
    siginfo_t end = reap(child);
    siginfo_t other = reap(observer);
    if (other.si_code != CLD_EXITED || other.si_status != 0)
        errx(1, "the observer failed");
    printf("parent: %s %d\n", end.si_code == CLD_EXITED ? "exited" : "killed by signal", end.si_status);
    return 0;
}
