/* Kills a process by the last close of its descriptor. Needs Linux 7.1 (CLONE_PIDFD_AUTOKILL). */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_PIDFD_AUTOKILL /* 7.1 */
#define CLONE_AUTOREAP (1ULL << 34)
#define CLONE_NNP (1ULL << 35)
#define CLONE_PIDFD_AUTOKILL (1ULL << 36)
#endif

/*
 * Starts a process that has the writing end of a pipe open as long as it lives. The last close of the descriptor kills
 * it, and nobody has to wait for it. Without CLONE_NNP this needs CAP_SYS_ADMIN.
 */
static int start(int alive) {
    int fd = -1;
    struct clone_args args = {.pidfd = (uintptr_t)&fd, /* exit_signal is 0, as CLONE_AUTOREAP requires */
        .flags = CLONE_PIDFD | CLONE_AUTOREAP | CLONE_NNP | CLONE_PIDFD_AUTOKILL}; /* 7.1 */
    long pid = syscall(SYS_clone3, &args, sizeof args);                            /* 5.3 */
    if (pid < 0)
        err(1, "clone3");
    if (pid == 0) {
        if (dup2(alive, STDOUT_FILENO) >= 0)
            execl("/bin/sleep", "sleep", "1000", (char *)NULL);
        _exit(127);
    }
    return fd;
}

/* Starts a process that owns a process, and returns once it does. */
static int start_owner(const int alive[2]) {
    char ready;
    pid_t pid = fork();
    if (pid < 0)
        err(1, "fork");
    if (pid == 0) {
        start(alive[1]);
        if (write(alive[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    int fd = pidfd_open(pid, 0); /* 5.3; no race, as nobody else reaps it; its close does not kill */
    if (fd < 0)
        err(1, "pidfd_open");
    if (read(alive[0], &ready, 1) != 1)
        err(1, "read");
    return fd;
}

static void wait_until_dead(const int alive[2], const char *why) {
    char none;
    if (read(alive[0], &none, 1) != 0) /* The end of the file: nobody has the other end open. */
        err(1, "read");
    close(alive[0]);
    printf("%s: the process has ended\n", why);
}

int main(void) {
    int alive[2];
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (pipe2(alive, O_CLOEXEC) != 0) /* 2.6.27 */
        err(1, "pipe2");
    int first = start(alive[1]);
    close(alive[1]);
    int second = fcntl(first, F_DUPFD_CLOEXEC, 0); /* 2.6.24; the same open file: pidfd_open makes another one. */
    if (second < 0)
        err(1, "fcntl");
    close(first);
    if (pidfd_send_signal(second, 0, NULL, 0) != 0) /* 5.1 */
        err(1, "pidfd_send_signal");
    puts("one of two descriptors is closed: the process lives");
    close(second);
    wait_until_dead(alive, "the last one is closed");

    if (pipe2(alive, O_CLOEXEC) != 0)
        err(1, "pipe2");
    int owner = start_owner(alive);
    close(alive[1]);
    if (pidfd_send_signal(owner, SIGKILL, NULL, 0) != 0)
        err(1, "pidfd_send_signal");
    wait_until_dead(alive, "its owner is killed");
    siginfo_t end;
    if (waitid(P_PIDFD, owner, &end, WEXITED) != 0) /* 5.4 */
        err(1, "waitid");
    close(owner);
    return 0;
}
