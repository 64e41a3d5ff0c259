/* Starts three programs, and waits for all of them in one event loop. Needs Linux 5.4 (P_PIDFD). */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COUNT = 3 };

static int start(const char *script) {
    int fd = -1;
    struct clone_args args = {
        .flags = CLONE_PIDFD, .pidfd = (uintptr_t)&fd, .exit_signal = SIGCHLD}; /* 5.2; always close-on-exec */
    long pid = syscall(SYS_clone3, &args, sizeof args);                         /* 5.3; as fork */
    if (pid < 0)
        err(1, "clone3");
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    return fd;
}

int main(void) {
    static const char *const names[COUNT] = {"first", "second", "third"};
    static const char *const scripts[COUNT] = {"exit 3", "kill -TERM $$", "exit 0"};
    int fds[COUNT];
    siginfo_t ends[COUNT];
    int loop = epoll_create1(EPOLL_CLOEXEC); /* 2.6.27 */
    if (loop < 0)
        err(1, "epoll_create1");
    for (int i = 0; i < COUNT; i++) {
        fds[i] = start(scripts[i]);
        struct epoll_event end = {.events = EPOLLIN, .data.u32 = i};
        if (epoll_ctl(loop, EPOLL_CTL_ADD, fds[i], &end) != 0) /* 5.3: a pidfd is pollable */
            err(1, "epoll_ctl");
    }
    for (int left = COUNT; left > 0;) {
        struct epoll_event end;
        int events = epoll_wait(loop, &end, 1, -1);
        if (events < 0 && errno != EINTR) /* A stop and a SIGCONT interrupt it, without any handler. */
            err(1, "epoll_wait");
        if (events == 1) {
            int i = (int)end.data.u32;
            if (waitid(P_PIDFD, fds[i], &ends[i], WEXITED) != 0) /* 5.4; reaps, does not block now */
                err(1, "waitid");
            /* close would not remove it while another child has a copy, between its fork and its exec. */
            if (epoll_ctl(loop, EPOLL_CTL_DEL, fds[i], NULL) != 0)
                err(1, "epoll_ctl");
            close(fds[i]);
            left--;
        }
    }
    close(loop);
    for (int i = 0; i < COUNT; i++)
        printf("%s: %s %d\n", names[i], ends[i].si_code == CLD_EXITED ? "exited" : "killed by signal",
               ends[i].si_status);
    return 0;
}
