/*
 * Gives an observer an object that can watch a process and not signal it. Needs Linux 5.4 (P_PIDFD).
 * A pidfd has no rights that could be limited, so the observer gets a pipe, whose other end the owner closes.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

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
    if (waitid(P_PIDFD, fd, &end, WEXITED) != 0) /* 5.4 */
        err(1, "waitid");
    close(fd);
    return end;
}

static void observe(int limited, int tried) {
    if (pidfd_send_signal(limited, SIGKILL, NULL, 0) != -1 || errno != EBADF) /* 5.1; no pidfd */
        errx(1, "the observer may signal");
    puts("observer: it may not signal");
    close(tried);
    if (poll(&(struct pollfd){.fd = limited}, 1, -1) != 1) /* POLLHUP */
        err(1, "poll");
    puts("observer: it sees the end");
    close(limited);
}

int main(void) {
    int tried[2], ended[2], child = -1, observer = -1;
    char none;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (pipe2(tried, O_CLOEXEC) != 0 || pipe2(ended, O_CLOEXEC) != 0) /* 2.6.27 */
        err(1, "pipe2");
    if (fork_held(&child) == 0) {
        execl("/bin/sleep", "sleep", "1000", (char *)NULL);
        _exit(127);
    }
    if (fork_held(&observer) == 0) {
        close(child); /* What an observer of SCM_RIGHTS, or one that executes a program, does not have at all. */
        close(tried[0]);
        close(ended[1]);
        observe(ended[0], tried[1]);
        _exit(0);
    }
    close(ended[0]);
    close(tried[1]);
    if (read(tried[0], &none, 1) != 0)
        err(1, "read");
    close(tried[0]);
    if (pidfd_send_signal(child, SIGKILL, NULL, 0) != 0)
        err(1, "pidfd_send_signal");
    siginfo_t end = reap(child);
    close(ended[1]); /* Tells the observer; the death of the owner would, too. */
    siginfo_t other = reap(observer);
    if (other.si_code != CLD_EXITED || other.si_status != 0)
        errx(1, "the observer failed");
    printf("owner: killed by signal %d\n", end.si_code == CLD_KILLED ? end.si_status : 0);
    return 0;
}
